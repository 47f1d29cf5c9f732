"""Permissions for Amp: rules of which the first that matches counts, a project's before a person's own.

From the program of version 0.0.1790142911: `amp.permissions` of both settings are joined, and Amp's own rules come
behind them. Without that setting it asks nobody; with any rule there its own ones hold too, and ask about commands that
they do not know. Ours stand before those that are there: something allowed or asked for would stand before a person's
own denials, and in a project before all of theirs. So what denies is written, and nothing else. A rule for `Bash` is
also about `shell_command`, which is what that is called for some models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern, line_regex
from harnesssync_adapters.permissions.narrowing import has_wild_name
from harnesssync_adapters.permissions.rules import binding, lost, one_tool_losses, rule_element, settings_losses
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

_TOOLS = {
    "Read": ("Read", "view_media"),
    "Edit": ("edit_file", "create_file", "delete_file", "apply_patch"),
    "Write": ("create_file", "apply_patch"),
    "Bash": ("Bash",),
    "Grep": ("Grep",),
    "Glob": ("glob",),
    "WebFetch": ("read_web_page",),
    "WebSearch": ("web_search",),
    "Task": ("Task",),
    "Agent": ("Task",),
    "Skill": ("skill",),
}
"""Claude Code's tools in its names, which it compares in any case of letters."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")


def settings(view: View) -> str:
    """The settings file of a scope."""
    return f"{'.amp' if view.scope is Scope.PROJECT else '.config/amp'}/settings.json"


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """An element for each denial and tool."""
    for one in items:
        denies = False
        for rule in binding(view, one):
            rejected = _rejected(rule)
            if rule.action is Action.ASK:
                yield loss(view, one, f"ask {rule.text}", str(rejected), security=True)
            elif isinstance(rejected, str):
                yield lost(view, one, rule, rejected)
            else:
                denies = True
                yield from one_tool_losses(view, one, rule, "Amp")  # `apply_patch`, for some models
                for value in rejected:
                    yield rule_element(view, one, rule, settings(view), ("amp.permissions",), value, first=True)
        if denies:
            why = "beside a rule there Amp's own hold too: it asks before a command that it does not know"
            yield loss(view, one, "amp.permissions", why)
        yield from settings_losses(view, one, "Amp")


def _rejected(rule: PermissionRule) -> list[JsonValue] | str:
    """What is rejected, or why nothing is."""
    if rule.action is Action.ALLOW:
        return "the first rule that matches counts in Amp: it would defeat a denial behind it"
    if rule.action is Action.ASK:
        return "the first rule that matches counts in Amp: it would ask about what a denial behind it rejects"
    is_whole = rule.specifier in (None, "*")
    if (mcp := split_mcp(rule.tool)) is not None or has_wild_name(rule):
        tool = rule.tool if mcp is None else f"mcp__{_plain(mcp[0])}__{_plain(mcp[1] or '*')}"
        return [_reject(tool)] if is_whole else "Amp has no patterns for servers' tools"
    names = _TOOLS.get(rule.tool)
    if names is None:
        return f"Amp has no tool {rule.tool}, or names it otherwise"
    if is_whole or (rule.tool == "Bash" and command_pattern(rule.specifier).shape is Shape.EVERY):
        return [_reject(name) for name in names]
    if rule.tool != "Bash":
        return f"Amp is told of commands and of whole tools: it has others besides {names[0]} that reach the same"
    return [{**_reject("Bash"), "matches": {"cmd": f"/{line_regex(str(rule.specifier))}/"}}]


def _reject(tool: str) -> dict[str, JsonValue]:
    return {"tool": tool, "action": "reject"}


def _plain(name: str) -> str:
    """The part of a tool's name, with a star for what Amp may write otherwise."""
    return _NOT_PLAIN.sub("*", name)
