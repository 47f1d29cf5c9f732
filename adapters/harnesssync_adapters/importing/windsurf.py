"""What was kept for Windsurf (Devin): `AGENTS.md`, rules, skills, workflows, and a person's servers.

The files are those of the adapter (`harnesssync_adapters.windsurf`), and `.windsurfrules`, which stood before the
rules. As documented, and not observed.
"""

from __future__ import annotations

from collections.abc import Iterator

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.rule_files import triggered_rule
from harnesssync_adapters.importing.servers import Tongue, env_references, servers
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Scope

_TONGUE = Tongue(harness="Windsurf", text=env_references, urls={"serverUrl": "http", "url": "http"})
_RULES = (".windsurf/rules", ".devin/rules")
_SKILLS = (".agents/skills", ".windsurf/skills", ".devin/skills")
_USER = ".codeium/windsurf"
_WORKFLOWS = (".windsurf/workflows", f"{_USER}/global_workflows")
_SERVERS = f"{_USER}/mcp_config.json"
_GLOBAL_RULES = f"{_USER}/memories/global_rules.md"
_USER_SKILLS = (".agents/skills", f"{_USER}/skills")


def _read(documents: Documents) -> Iterator[New | Lost]:
    if documents.scope is Scope.PROJECT:
        yield from texts.agents_md(documents)
        if ".windsurfrules" in documents.files:
            yield from texts.instructions(documents, ".windsurfrules", ".claude/rules/windsurfrules.md")
        for folder in _RULES:
            yield from texts.each_text(documents, [f"{folder}/**/*.md"], _rule_of(folder))
        yield from texts.skills(documents, *_SKILLS)
    else:
        if _GLOBAL_RULES in documents.files:
            yield from texts.instructions(documents, _GLOBAL_RULES, ".claude/CLAUDE.md")
        yield from texts.skills(documents, *_USER_SKILLS)
    for folder in _WORKFLOWS:
        yield from texts.each_text(documents, [f"{folder}/*.md"], _command_of(folder))
    yield from servers(documents, _SERVERS, ("mcpServers",), _TONGUE)


def _rule_of(folder: str) -> texts.TextReader:
    return lambda path, parted: triggered_rule(path, folder, parted)


def _command_of(folder: str) -> texts.TextReader:
    def read(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
        front = {"description": parted.front.get("description")}
        yield texts.command(path, texts.stems(path, folder, ".md"), front, texts.without_arguments(parted.body))
        yield from texts.unsaid(path, parted.front, front, "Claude Code has no such setting of a command")

    return read


IMPORTER = Importer(
    project=(
        "**/AGENTS.md",
        ".windsurfrules",
        *(f"{folder}/**/*.md" for folder in _RULES),
        *texts.skill_patterns(*_SKILLS),
        ".windsurf/workflows/*.md",
    ),
    user=(_GLOBAL_RULES, *texts.skill_patterns(*_USER_SKILLS), f"{_USER}/global_workflows/*.md", _SERVERS),
    read=_read,
)
