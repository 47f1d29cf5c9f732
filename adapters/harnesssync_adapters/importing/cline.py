"""What was kept for Cline: `AGENTS.md`, rules, skills, workflows, and a person's servers.

The files are those of the adapter (`harnesssync_adapters.cline`), and `.clinerules`, a file or a folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import Kept, conditional_rule, importer
from harnesssync_adapters.importing.servers import Tongue, literal
from harnesssync_orchestrator.core.importing import Documents, Lost, New
from harnesssync_orchestrator.core.items import Scope

_HOOKS = (".clinerules/hooks/*", ".cline/hooks/*")
_GUARDS = ("PreToolUse", "UserPromptSubmit")
_WORKFLOWS: Mapping[str, str] = {".cline/workflows": "*.md"}
_SKILLS = (".agents/skills", ".cline/skills")


def _rule(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    yield from conditional_rule(path, folder, parted, texts.texts(parted.front.get("paths")))
    known = ("name", "description", "paths")
    yield from texts.unsaid(path, parted.front, known, "Claude Code has no such setting of a rule")


def _hooks(documents: Documents) -> Iterator[New | Lost]:
    if documents.scope is Scope.PROJECT:
        for path, _ in documents.matching(*_HOOKS):
            why = "Cline tells its hooks of other things, and asks of them another answer, than Claude Code does"
            yield Lost(source=path, key="", why=why, security=any(guard in path for guard in _GUARDS))


IMPORTER = importer(
    Kept(
        instructions={".clinerules": ".claude/rules/clinerules.md"},
        rules={".clinerules": "*.md", ".cline/rules": "*.md"},
        skills=(*_SKILLS, ".clinerules/skills"),
        commands={".clinerules/workflows": "*.md", **_WORKFLOWS},
        more=_HOOKS,
    ),
    Kept(
        agents_md=False,
        rules={".cline/rules": "*.md"},
        skills=_SKILLS,
        commands=_WORKFLOWS,
        servers={".cline/data/settings/cline_mcp_settings.json": ("mcpServers",)},
    ),
    rule=_rule,
    tongue=Tongue(
        harness="Cline",
        text=literal,
        types={"streamableHttp": "http"},
        urls={"url": "sse"},
        timeout=("timeout", 1000),
    ),
    more=_hooks,
)
