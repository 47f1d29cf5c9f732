"""What was kept for Amp: `AGENTS.md`, skills, and servers.

The files are those of the adapter (`harnesssync_adapters.amp`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import Kept, importer
from harnesssync_adapters.importing.servers import Tongue, same_references
from harnesssync_orchestrator.core.importing import Documents, Lost, New

_POINTER = ("amp.mcpServers",)
_PERMISSIONS = "amp.permissions"


def _permissions(documents: Documents) -> Iterator[New | Lost]:
    """They name Amp's own tools, by patterns of its own; whoever denied something meant it."""
    path = texts.in_scope(documents, ".amp/settings.json", ".config/amp/settings.json")
    rules = documents.table(path).get(_PERMISSIONS)
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        denies = isinstance(rule, Mapping) and rule.get("action") in ("reject", "ask")
        why = "it names tools of Amp's: say it in the permissions of Claude Code"
        yield Lost(source=path, key=f"{_PERMISSIONS}/{index}", why=why, security=denies)


IMPORTER = importer(
    Kept(skills=(".agents/skills",), servers={".amp/settings.json": _POINTER}),
    Kept(
        agents_md=False,
        instructions={".config/amp/AGENTS.md": ".claude/CLAUDE.md"},
        skills=(".config/agents/skills",),
        servers={".config/amp/settings.json": _POINTER},
    ),
    tongue=Tongue(harness="Amp", text=same_references),
    more=_permissions,
)
