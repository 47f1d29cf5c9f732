"""What was kept for Roo Code: `AGENTS.md`, rules, skills, modes, commands, and a project's servers.

The files are those of the adapter (`harnesssync_adapters.roo`), and `.roorules`, which stood before the rules. A mode
becomes an agent. As documented, and not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import Kept, importer
from harnesssync_adapters.importing.servers import Tongue, env_references
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Lost, New

_MODES = ".roomodes"
_GROUPS = {
    "read": ("Read", "Grep", "Glob", "LS"),
    "edit": ("Edit", "Write", "NotebookEdit"),
    "command": ("Bash",),
}
_ALL = {*_GROUPS, "mcp"}


def _more(documents: Documents) -> Iterator[New | Lost]:
    for path, _ in documents.matching(".roo/rules-*/**/*.md"):
        yield Lost(source=path, key="", why="it holds in one mode: put it into that agent's text")
    modes = documents.table(_MODES).get("customModes")
    for index, mode in enumerate(modes if isinstance(modes, list) else ()):
        if isinstance(mode, Mapping) and mode.get("slug"):
            yield from _mode(str(mode["slug"]), mode)
        else:
            yield Lost(source=_MODES, key=f"customModes/{index}", why="it is no mode with a slug")


def _mode(slug: str, mode: Mapping[str, object]) -> Iterator[New | Lost]:
    """A mode with all groups has all tools; one with fewer has those of its groups."""
    key, groups = f"customModes/{slug}", mode.get("groups")
    listed = groups if isinstance(groups, list) else []
    names = [each for each in listed if isinstance(each, str)]
    for each in listed:
        if not isinstance(each, str):
            what = each[0] if isinstance(each, list) and each else each
            why = "Claude Code has no pattern of files for the tools of an agent: it does not get them"
            yield Lost(source=_MODES, key=f"{key}/groups: {what}", why=why)
    front: dict[str, JsonValue] = {"description": str(mode.get("whenToUse") or mode.get("description") or "")}
    if not set(names) >= _ALL:
        tools = [tool for name in names for tool in _GROUPS.get(name, ())]
        if not tools:
            why = "an agent without tools can't be said: it would get all of them"
            yield Lost(source=_MODES, key=key, why=why)
            return
        front["tools"] = ", ".join(tools)
        for name in names:
            if name not in _GROUPS:
                yield Lost(source=_MODES, key=f"{key}/groups: {name}", why="Claude Code has no such group of tools")
    parts = (str(mode.get(part) or "").strip() for part in ("roleDefinition", "customInstructions"))
    yield texts.agent(_MODES, slug, front, "\n\n".join(part for part in parts if part))
    known = ("slug", "name", "description", "whenToUse", "roleDefinition", "customInstructions", "groups", "source")
    for lost in texts.unsaid(_MODES, mode, known, "Claude Code has no such setting of an agent"):
        yield Lost(source=_MODES, key=f"{key}/{lost.key}", why=lost.why)


_COMMANDS: Mapping[str, str] = {".roo/commands": "*.md"}
_RULES: Mapping[str, str] = {".roo/rules": "**/*.md"}
IMPORTER = importer(
    Kept(
        instructions={".roorules": ".claude/rules/roorules.md"},
        rules=_RULES,
        skills=(".agents/skills", ".roo/skills"),
        commands=_COMMANDS,
        servers={".roo/mcp.json": ("mcpServers",)},
        more=(_MODES, ".roo/rules-*/**/*.md"),
    ),
    Kept(
        agents_md=False,
        rules=_RULES,
        skills=(".agents/skills", ".roo/skills"),
        commands=_COMMANDS,
        more=(".roo/rules-*/**/*.md",),
    ),
    tongue=Tongue(harness="Roo Code", text=env_references, timeout=("timeout", 1000)),
    more=_more,
    formats={_MODES: "json-or-yaml"},
)
