"""Permission rules of a scope: which of them are written, and what is told of the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from harnesssync_adapters.permissions.narrowing import Reach, has_wild_name, meet, unheld
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import ElementOutput, JsonValue, Loss
from harnesssync_orchestrator.core.items import Action, Layer, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View


def binding(view: View, permissions: Permissions) -> Iterator[PermissionRule]:
    """The rules to write in this scope.

    A project gets the denials and questions of outer layers too, so that none of its own rules can defeat them
    where the last match wins; what outer layers allow is written in the home directory alone.
    """
    for rule in permissions.rules:
        if not (rule.action is Action.ALLOW and _is_outer(view, rule)):
            yield rule


def writable(
    view: View, permissions: Permissions, harness: str, reach: Reach, *, knows_names: bool = False
) -> Iterator[PermissionRule | Loss]:
    """The rules to write in this scope, and the losses of those that must not be written.

    An allowance is written only if the harness can be told of everything that narrows it, and if that comes first
    there: `reach` says which of its tools can be told a rule in full. One that `knows_names` takes patterns for the
    names of a server's tools.
    """
    rules = tuple(binding(view, permissions))

    def told(rule: PermissionRule) -> Collection[str]:
        return () if _is_wild(rule, knows_names=knows_names) else reach(rule)

    for rule in rules:
        if _is_wild(rule, knows_names=knows_names):
            yield lost(view, permissions, rule, f"{harness} has no patterns for names of tools")
        elif rule.action is Action.ALLOW and (narrower := unheld(rule, rules, told)) is not None:
            why = f"`{narrower.action.value} {narrower.text}` narrows it, which {harness} can't be told in full"
            yield lost(view, permissions, rule, why)
        else:
            yield rule


def _is_wild(rule: PermissionRule, *, knows_names: bool) -> bool:
    server = split_mcp(rule.tool)
    return has_wild_name(rule) and not (knows_names and server is not None and "*" not in server[0])


def _is_outer(view: View, rule: PermissionRule) -> bool:
    return view.scope is Scope.PROJECT and rule.origin.layer in (Layer.MANAGED, Layer.USER)


def lost(view: View, permissions: Permissions, rule: PermissionRule, why: str, *, security: bool = True) -> Loss:
    """The loss of a rule. What is no longer forbidden is a matter of security. What is asked again is not, unless a
    person's own rules, which hold in every project, allow it."""
    outer = (one for one in permissions.rules if one.action is Action.ALLOW and _is_outer(view, one))
    allowance = next((one for one in outer if rule.action is Action.ASK and meet(one, rule)), None)
    if allowance is not None and security:
        why = f"{why}; your own rules allow {allowance.text}"
    is_grave = rule.action is Action.DENY or allowance is not None
    return loss(view, permissions, f"{rule.action.value} {rule.text}", why, security=security and is_grave)


def about_notebooks(rule: PermissionRule) -> PermissionRule | None:
    """The rule for a harness with one tool for all files: of `NotebookEdit` one about notebooks, the only files that
    it changes; None if that can't be said."""
    specifier = "*" if rule.specifier is None else rule.specifier.strip()
    if rule.tool != "NotebookEdit" or specifier.endswith(".ipynb"):
        return rule
    if rule.action is Action.ALLOW or not (specifier == "*" or specifier.endswith("/**")):
        return None
    return replace(rule, specifier="*.ipynb" if specifier == "*" else f"{specifier}/*.ipynb")


NO_NOTEBOOKS = "one tool changes all files: of notebooks it is told only where all are meant, or all below `…/**`"


def one_tool_losses(view: View, permissions: Permissions, rule: PermissionRule, harness: str) -> Iterator[Loss]:
    """What else is denied or asked for, of a rule about one of Claude Code's tools that a harness has in one."""
    if rule.action is not Action.ALLOW and rule.tool in ("Write", "MultiEdit", "NotebookEdit"):
        where = ", of a notebook," if rule.tool == "NotebookEdit" else ""
        why = f"{harness} has one tool for this and for `Edit`{where} and it holds for both"
        yield lost(view, permissions, rule, why, security=False)


def settings_losses(view: View, permissions: Permissions, harness: str) -> Iterator[Loss]:
    """The mode and the further directories, which no rule can express."""
    if permissions.default_mode not in (None, "default"):
        stricter = permissions.default_mode in ("plan", "dontAsk")
        why = f"{harness} has its own modes, which each person chooses"
        yield loss(view, permissions, f"defaultMode: {permissions.default_mode}", why, security=stricter)
    for directory in permissions.additional_directories:
        yield loss(view, permissions, f"additionalDirectories: {directory}", f"not carried over to {harness}")


def is_private_rule(view: View, rule: PermissionRule) -> bool:
    """Must the rule stay out of what a team commits?"""
    return view.scope is Scope.PROJECT and rule.origin.private


def rule_element(
    view: View,
    permissions: Permissions,
    rule: PermissionRule,
    path: str,
    pointer: tuple[str, ...],
    value: JsonValue,
    *,
    format: str = "json",  # noqa: A002 - as `ElementOutput` calls it
    first: bool = False,
) -> ElementOutput:
    """A rule as an element of a list of a file that people also edit. One that allows waits for trust."""
    return ElementOutput(
        path=path,
        items=(permissions.id,),
        private=is_private_rule(view, rule),
        executes=rule.action is Action.ALLOW,
        format=format,
        pointer=pointer,
        value=value,
        first=first,
    )
