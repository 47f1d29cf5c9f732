"""Permission rules, taken apart: which commands a `Bash(…)` rule matches, and which rules bind in a scope.

Claude Code's syntax for commands: `Bash(npm test)` is that command alone; a trailing ` *` or `:*` also takes
arguments, and takes none; a `*` elsewhere stands for any text.
"""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import ElementOutput, JsonValue, Loss
from harnesssync_orchestrator.core.items import Action, Layer, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

_SHELL_SYNTAX = re.compile(r"[;&|<>$`(){}\n\\~?\[\]]")


class Shape(enum.Enum):
    """Which commands a pattern matches."""

    EVERY = "every command"
    EXACT = "this command alone"
    PREFIX = "this command with any arguments"
    GLOB = "commands of this form"


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """`text` is the command for EXACT, its beginning for PREFIX, the pattern with `*` for GLOB."""

    shape: Shape
    text: str = ""

    def words(self) -> list[str] | None:
        """The command as words, None if a shell would make something else of it (pipes, variables, globs)."""
        if self.shape not in (Shape.EXACT, Shape.PREFIX) or _SHELL_SYNTAX.search(self.text):
            return None
        try:
            return shlex.split(self.text) or None
        except ValueError:  # a quote without its partner
            return None


def command_pattern(specifier: str | None) -> CommandPattern:
    """What the specifier of a `Bash` rule matches."""
    text = (specifier or "*").strip()
    if text in ("*", ":*", ""):
        return CommandPattern(Shape.EVERY)
    for ending in (":*", " *"):
        beginning = text[: -len(ending)].strip()
        if text.endswith(ending) and "*" not in beginning:
            return CommandPattern(Shape.PREFIX, beginning)
    if "*" in text:
        return CommandPattern(Shape.GLOB, f"{text[:-2]} *" if text.endswith(":*") else text)
    return CommandPattern(Shape.EXACT, text)


def binding(view: View, permissions: Permissions) -> Iterator[PermissionRule]:
    """The rules to write in this scope.

    A project gets the denials and questions of outer layers too, so that none of its own rules can defeat them
    where the last match wins; what outer layers allow is written in the home directory alone.
    """
    for rule in permissions.rules:
        outer = view.scope is Scope.PROJECT and rule.origin.layer in (Layer.MANAGED, Layer.USER)
        if not (outer and rule.action is Action.ALLOW):
            yield rule


def lost(view: View, permissions: Permissions, rule: PermissionRule, why: str, *, security: bool = True) -> Loss:
    """The loss of a rule. What is no longer forbidden is a matter of security; what is asked again is not."""
    what = f"{rule.action.value} {rule.text}"
    return loss(view, permissions, what, why, security=security and rule.action is Action.DENY)


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
    )
