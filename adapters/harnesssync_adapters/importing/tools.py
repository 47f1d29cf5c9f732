"""Names of tools, from those of other harnesses to Claude Code's."""

from __future__ import annotations

from collections.abc import Mapping

CLAUDES: Mapping[str, tuple[str, ...]] = {
    name: (name,)
    for name in (
        *("Read", "Edit", "Write", "NotebookEdit", "Bash", "Grep", "Glob", "LS", "WebFetch", "WebSearch"),
        *("Task", "TodoWrite", "Skill", "AskUserQuestion", "ExitPlanMode"),
    )
}
"""Those of a harness that has taken them over."""


def claudes_server(tool: str) -> str | None:
    """A server's tool in Claude Code's own words."""
    return tool if tool.startswith("mcp__") else None


def inverted(tools: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Claude Code's tools by the names of a harness; those that are gone, or have a second name, once."""
    found: dict[str, tuple[str, ...]] = {}
    for claudes, name in tools.items():
        if claudes not in ("MultiEdit", "Agent"):
            found[name] = (*found.get(name, ()), claudes)
    return found
