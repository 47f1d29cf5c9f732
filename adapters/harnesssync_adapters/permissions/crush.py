"""Permissions for Crush: whole tools that need not be asked about, and tools that are taken away. As documented, and
not observed; it has no rules for commands, paths or domains, and asks about every tool that is not allowed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.rules import lost, rule_element, settings_losses, writable
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

TOOLS = {
    "Read": ("view",),
    "LS": ("ls",),
    "Grep": ("grep",),
    "Glob": ("glob",),
    "Edit": ("edit", "multiedit"),
    "MultiEdit": ("multiedit",),
    "Write": ("write",),
    "Bash": ("bash",),
}


def config(view: View) -> str:
    """The configuration file of a scope."""
    return "crush.json" if view.scope is Scope.PROJECT else ".config/crush/crush.json"


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    for one in items:
        for rule in writable(view, one, "Crush", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            names, why = _names(rule)
            pointer = ("permissions", "allowed_tools") if rule.action is Action.ALLOW else ("options", "disabled_tools")
            for name in names:
                yield rule_element(view, one, rule, config(view), pointer, name)
            if why is not None:
                yield lost(view, one, rule, why)
        yield from settings_losses(view, one, "Crush")


def _reach(rule: PermissionRule) -> Collection[str]:
    return _names(rule)[0]


def _names(rule: PermissionRule) -> tuple[tuple[str, ...], str | None]:
    """The tools of a rule in Crush's names, or why there are none."""
    if rule.action is Action.ASK:
        return (), "Crush asks about every tool that is not allowed"
    if rule.specifier not in (None, "*"):
        return (), "Crush has rules for whole tools only"
    if (mcp := split_mcp(rule.tool)) is not None:
        is_allowed_tool = rule.action is Action.ALLOW and mcp[1] is not None
        return (
            ((f"mcp_{mcp[0]}_{mcp[1]}",), None) if is_allowed_tool else ((), "Crush takes single tools of servers only")
        )
    names = TOOLS.get(rule.tool, ())
    return names, None if names else f"Crush has no tool {rule.tool}, or several of which not all are known"
