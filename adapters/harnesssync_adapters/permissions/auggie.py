"""Permissions for Auggie: tools that are removed, and rules of which the first that matches counts.

Settings files are joined, those of a project before a person's own (from the program of version 0.36.0). Ours stand
before those that are there: something allowed or asked for would stand before a person's own denials. So what denies is
written, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern, line_regex
from harnesssync_adapters.permissions.rules import binding, lost, one_tool_losses, rule_element, settings_losses
from harnesssync_orchestrator.core.desired import JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

SETTINGS = ".augment/settings.json"
TOOLS = {
    "Read": ("view",),
    "Edit": ("str-replace-editor", "apply_patch", "save-file", "remove-files"),
    "MultiEdit": ("str-replace-editor",),
    "Write": ("save-file",),
    "Bash": ("launch-process",),
    "WebFetch": ("web-fetch",),
    "WebSearch": ("web-search",),
}
"""Claude Code's tools in its names. A rule or a hook about `Edit` is about all changes of files."""


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    for one in items:
        for rule in binding(view, one):
            found = _places(rule)
            if isinstance(found, str):
                yield lost(view, one, rule, found)
                continue
            if rule.tool == "MultiEdit":
                yield from one_tool_losses(view, one, rule, "Auggie")
            for key, value in found:
                yield rule_element(view, one, rule, SETTINGS, (key,), value, first=key == "toolPermissions")
        yield from settings_losses(view, one, "Auggie")


def _places(rule: PermissionRule) -> list[tuple[str, JsonValue]] | str:
    """The lists and their elements, or why there are none."""
    names = TOOLS.get(rule.tool)
    if names is None:
        return f"Auggie has no tool {rule.tool}, or names it otherwise"
    if rule.action is not Action.DENY:
        return "the first rule that matches counts in Auggie: it would defeat a denial behind it"
    if rule.specifier in (None, "*") or (rule.tool == "Bash" and command_pattern(rule.specifier).shape is Shape.EVERY):
        return [("removedTools", name) for name in names]
    if rule.tool != "Bash":
        return f"Auggie has patterns for commands only, not for {names[0]}"
    value: JsonValue = {
        "toolName": names[0],
        "shellInputRegex": line_regex(str(rule.specifier)),
        "permission": {"type": "deny"},
    }
    return [("toolPermissions", value)]
