"""What was kept for Junie: `AGENTS.md`, guidelines, rules, skills, agents, commands, servers, and a person's hooks.

The files are those of the adapter (`harnesssync_adapters.junie`), and `.junie/guidelines.md`, which stood before them.
As documented, and not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing.declared import AgentForm, Kept, importer
from harnesssync_adapters.importing.servers import Tongue, literal
from harnesssync_adapters.importing.settings import claude_hooks
from harnesssync_adapters.importing.tools import CLAUDES, claudes_server
from harnesssync_orchestrator.core.importing import Documents, Lost, New
from harnesssync_orchestrator.core.items import Scope

_CONFIG = ".junie/config.json"
_AGENTS: Mapping[str, str] = {".junie/agents": "*.md"}
_COMMANDS: Mapping[str, str] = {".junie/commands": "**/*.md"}
_SERVERS = {".junie/mcp/mcp.json": ("mcpServers",)}


def _hooks(documents: Documents) -> Iterator[New | Lost]:
    """In Claude Code's shape, with its names of tools; of a home directory alone."""
    if documents.scope is Scope.USER:
        yield from claude_hooks(documents, _CONFIG, ("hooks",))


IMPORTER = importer(
    Kept(
        instructions={
            ".junie/AGENTS.md": ".claude/rules/junie.md",
            ".junie/guidelines.md": ".claude/rules/junie-guidelines.md",
        },
        rules={".junie/rules": "**/*.md"},
        skills=(".junie/skills",),
        agents=_AGENTS,
        commands=_COMMANDS,
        servers=_SERVERS,
    ),
    Kept(
        agents_md=False,
        instructions={".junie/AGENTS.md": ".claude/CLAUDE.md"},
        rules={".junie/rules": "**/*.md"},
        skills=(".junie/skills",),
        agents=_AGENTS,
        commands=_COMMANDS,
        servers=_SERVERS,
        more=(_CONFIG,),
    ),
    agent=AgentForm(tools=CLAUDES, server=claudes_server, kept=("maxTurns",)).read,
    tongue=Tongue(harness="Junie", text=literal),
    more=_hooks,
)
