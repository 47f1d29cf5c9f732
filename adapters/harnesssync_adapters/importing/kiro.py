"""What was kept for Kiro: `AGENTS.md`, steering, skills, agents, prompts, and servers.

The files are those of the adapter (`harnesssync_adapters.kiro`). As documented, and not observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import ASKED, AgentForm, Kept, conditional_rule, importer
from harnesssync_adapters.importing.servers import Tongue, same_references
from harnesssync_adapters.shared.hooks import GUARDS
from harnesssync_orchestrator.core.importing import Documents, Lost, New

_GROUPS = {
    "read": ("Read", "Grep", "Glob", "LS"),
    "write": ("Edit", "Write", "NotebookEdit"),
    "shell": ("Bash",),
    "web": ("WebFetch", "WebSearch"),
}


def _server(tool: str) -> str | None:
    match = re.fullmatch(r"@([\w-]+)(?:/([\w-]+))?", tool)
    return None if match is None else f"mcp__{match[1]}" + (f"__{match[2]}" if match[2] else "")


def _steering(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    inclusion = str(parted.front.get("inclusion") or "always")
    if inclusion not in ("always", "fileMatch"):
        yield Lost(source=path, key=f"inclusion: {inclusion}", why=ASKED)
        return
    globs = texts.texts(parted.front.get("fileMatchPattern")) if inclusion == "fileMatch" else ()
    yield from conditional_rule(path, folder, parted, globs)


def _hooks(documents: Documents) -> Iterator[New | Lost]:
    for path, _ in documents.matching(".kiro/hooks/*.json"):
        entries = documents.table(path).get("hooks")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            guards = isinstance(entry, Mapping) and entry.get("trigger") in GUARDS
            why = "nothing says what Kiro tells its hooks: write it for Claude Code"
            yield Lost(source=path, key=f"hooks/{index}", why=why, security=guards)


_STEERING: Mapping[str, str] = {".kiro/steering": "**/*.md"}
_AGENTS: Mapping[str, str] = {".kiro/agents": "*.md"}
_PROMPTS: Mapping[str, str] = {".kiro/prompts": "*.md"}
_SERVERS = {".kiro/settings/mcp.json": ("mcpServers",)}
_HOOKS = (".kiro/hooks/*.json",)
_SKILLS = (".kiro/skills",)
IMPORTER = importer(
    Kept(rules=_STEERING, skills=_SKILLS, agents=_AGENTS, commands=_PROMPTS, servers=_SERVERS, more=_HOOKS),
    Kept(
        agents_md=False,
        rules=_STEERING,
        skills=_SKILLS,
        agents=_AGENTS,
        commands=_PROMPTS,
        servers=_SERVERS,
        more=_HOOKS,
    ),
    rule=_steering,
    agent=AgentForm(tools=_GROUPS, server=_server).read,
    tongue=Tongue(harness="Kiro", text=same_references, timeout=("timeout", 1)),
    more=_hooks,
)
