"""Permissions for Continue's command line: three lists in a person's `permissions.yaml` (version 1.5.47).

What is excluded stands before what is asked for, and this before what is allowed. A pattern is compared with one
argument as a whole, as it was given, and `*` stands for any text but a line ending. Reading and writing name a file in
another way than the patterns do, so there they never match. A server's tools bear their own names alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import lost, rule_element, settings_losses, writable
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

_FILE = ".continue/permissions.yaml"
_LISTS = {Action.DENY: "exclude", Action.ASK: "ask", Action.ALLOW: "allow"}
_TOOLS = {
    "Read": ("Read",),
    "Edit": ("Edit", "MultiEdit", "Write"),
    "MultiEdit": ("MultiEdit",),
    "Write": ("Write",),
    "Bash": ("Bash",),
    "Grep": ("Search",),
    "LS": ("List",),
    "WebFetch": ("Fetch",),
    "Task": ("Subagent",),
    "Agent": ("Subagent",),
    "TodoWrite": ("Checklist",),
    "Skill": ("Skills",),
    "AskUserQuestion": ("AskQuestion",),
}
_SYNTAX = frozenset("()?\n")  # in a pattern parentheses are an error, and the program refuses to start
_ALONE = "Continue compares a command as a whole: it gets through behind another one, or over several lines"


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """One element for each pattern."""
    for one in items:
        for rule in writable(view, one, "Continue", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            patterns, why = _patterns(rule)
            for pattern in patterns:
                yield rule_element(view, one, rule, _FILE, (_LISTS[rule.action],), pattern, format="yaml")
            if patterns and split_mcp(rule.tool) is not None:
                yield lost(view, one, rule, f"it holds for the tool `{patterns[0]}` of every server", security=False)
            if why:
                yield lost(view, one, rule, why)
        yield from settings_losses(view, one, "Continue")


def _reach(rule: PermissionRule) -> Collection[str]:
    patterns, why = _patterns(rule)
    return () if why else {pattern.partition("(")[0] for pattern in patterns}


def _patterns(rule: PermissionRule) -> tuple[list[str], str]:
    """The patterns of a rule, and what of it is lost."""
    allows = rule.action is Action.ALLOW
    if (mcp := split_mcp(rule.tool)) is not None:
        if mcp[1] is None or allows or _SYNTAX & set(mcp[1]):
            return [], "Continue knows tools of servers by their own names alone"
        return [mcp[1]], ""
    names = _TOOLS.get(rule.tool)
    if names is None:
        return [], f"Continue has no tool {rule.tool}"
    if rule.specifier in (None, "*"):
        return list(names), ""
    specifier = str(rule.specifier).strip()
    if _SYNTAX & set(specifier):
        return [], "Continue's patterns can't hold one of these characters"
    if rule.tool == "Bash":
        return _commands(specifier, allows=allows)
    if rule.tool == "WebFetch" and specifier.startswith("domain:") and not allows:
        domain = specifier.removeprefix("domain:")
        return [f"Fetch(*://{domain}*)", f"Fetch(*.{domain}*)"], "only an address in small letters"
    return [], f"Continue has no such patterns for {names[0]}"


def _commands(specifier: str, *, allows: bool) -> tuple[list[str], str]:
    pattern = command_pattern(specifier)
    if pattern.shape is Shape.EVERY:
        return ["Bash"], ""
    if allows:
        is_exact = pattern.shape is Shape.EXACT
        why = "Continue would also allow what stands behind it"
        return ([f"Bash({pattern.text})"], "") if is_exact else ([], why)
    if pattern.shape is Shape.PREFIX:
        return [f"Bash({pattern.text})", f"Bash({pattern.text} *)"], _ALONE
    return [f"Bash({pattern.text})"], _ALONE
