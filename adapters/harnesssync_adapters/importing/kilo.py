"""What was kept for Kilo Code: `AGENTS.md`, rules, skills, agents, commands, workflows, servers and permissions.

The files are those of the adapter (`harnesssync_adapters.kilo`), in OpenCode's forms; and those of its former extension
in `.kilocode`, in Roo Code's. An `opencode.json`, which it reads too, comes by `import --from opencode`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing.declared import Kept, importer
from harnesssync_adapters.importing.opencode import Places, read
from harnesssync_adapters.importing.servers import Tongue, brace_references, env_references
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Scope

_TONGUE = Tongue(
    harness="Kilo Code",
    text=brace_references,
    types={"local": "stdio", "remote": "http"},
    env="environment",
)
_PROJECT = Places(
    folders=(".kilo", ".kilocode"),
    skills=(".agents/skills", ".kilo/skill", ".kilo/skills", ".kilocode/skills"),
    configs=("kilo.json", "kilo.jsonc", ".kilo/kilo.json", ".kilo/kilo.jsonc"),
)
_USER = Places(
    instructions=".config/kilo/AGENTS.md",
    folders=(".config/kilo", ".kilo", ".kilocode"),
    skills=(".agents/skills", ".config/kilo/skill", ".config/kilo/skills", ".kilo/skills", ".kilocode/skills"),
    configs=(".config/kilo/kilo.json", ".config/kilo/kilo.jsonc"),
)
_RULES: Mapping[str, str] = {".kilo/rules": "*.md", ".kilocode/rules": "*.md"}
_WORKFLOWS: Mapping[str, str] = {".kilo/workflows": "*.md", ".kilocode/workflows": "*.md"}
_OF_MODES = (".kilocode/rules-*/**/*.md",)


def _of_modes(documents: Documents) -> Iterator[New | Lost]:
    for path, _ in documents.matching(*_OF_MODES):
        yield Lost(source=path, key="", why="it holds in one mode: put it into that agent's text")


_REST = importer(
    Kept(
        agents_md=False,
        instructions={".kilocoderules": ".claude/rules/kilocoderules.md"},
        rules=_RULES,
        commands=_WORKFLOWS,
        servers={".kilocode/mcp.json": ("mcpServers",)},
    ),
    Kept(agents_md=False, rules=_RULES, commands=_WORKFLOWS),
    tongue=Tongue(harness="Kilo Code", text=env_references, timeout=("timeout", 1000)),
    more=_of_modes,
)


def _read(documents: Documents) -> Iterator[New | Lost]:
    yield from read(documents, _PROJECT if documents.scope is Scope.PROJECT else _USER, _TONGUE)
    yield from _REST.read(documents)


IMPORTER = Importer(
    project=(*_PROJECT.patterns, *_REST.project, *_OF_MODES),
    user=(*_USER.patterns, *_REST.user, *_OF_MODES),
    read=_read,
)
