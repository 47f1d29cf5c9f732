"""Hooks in Claude Code's shape, which other harnesses have taken over with other events, units or names."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterator, Mapping

from harnesssync_adapters.shared.hook_commands import deciding, in_background, unwritable
from harnesssync_adapters.shared.names import is_private, loss
from harnesssync_orchestrator.core.desired import Condition, ElementOutput, JsonValue, Loss
from harnesssync_orchestrator.core.items import Hook
from harnesssync_orchestrator.core.targets import View

GUARDS = frozenset({"PreToolUse", "PermissionRequest"})
"""Events at which a hook can forbid what a tool is about to do: there a lost hook is a loss of security."""

TOOL_NAME = re.compile(r"\b[A-Z][A-Za-z]+\b")
"""The name of one of Claude Code's own tools in a matcher."""


def hook_element(
    view: View,
    hook: Hook,
    *,
    path: str,
    event: str,
    matcher: str,
    command: str,
    timeout: float | None,
    within: tuple[str, ...] = ("hooks",),
    kept: Mapping[str, JsonValue] = {},
    condition: Condition | None = None,
) -> ElementOutput:
    """One handler as an element of the array of its event: `{matcher, hooks: [{type, command, timeout}]}`.

    Time-outs are rounded up: with a fraction in one of them Codex reads none of the file's hooks. `within` are the
    keys that the events stand below, `kept` is what the handler says besides, and `condition` that of the file.
    """
    handler: dict[str, JsonValue] = {"type": "command", "command": command}
    if timeout is not None:
        handler["timeout"] = math.ceil(timeout)
    handler.update(kept)
    group: dict[str, JsonValue] = {"matcher": matcher} if matcher else {}
    return ElementOutput(
        path=path,
        items=(hook.id,),
        private=is_private(view, hook),
        executes=True,
        format="json",
        pointer=(*within, event),
        value={**group, "hooks": [handler]},
        condition=condition,
    )


def whole_seconds(timeout: float) -> int:
    """A time-out for harnesses that take whole numbers: rounded up, and at least one second."""
    return max(1, math.ceil(timeout))


def unusable(
    view: View,
    hook: Hook,
    event: str,
    harness: str,
    *,
    kept: Container[str] = (),
    expands: Callable[[str], bool] | None = None,
) -> Loss | None:
    """The loss of a hook whose event or type the harness does not have, or which it would run otherwise than Claude
    Code does, but for the settings that are `kept`. None if it can be written. `expands` tells of a text whether the
    harness puts a variable in the place of a part of it, in quotes too."""
    guards = hook.event in GUARDS
    if (refused := without_event(view, hook, event, harness)) is not None:
        return refused
    if (found := unwritable(hook, kept, expands)) is not None:
        name, why = found
        return loss(
            view, hook, f"{hook.id}: {name}", f"{harness} can't run it so: {why}. It is left out", security=guards
        )
    if guards and (name := in_background(hook) or "") and name not in kept:
        why = f"{harness} has no such setting and would heed what it answers, so it is left out"
        return loss(view, hook, f"{hook.id}: {name}", why)
    return None


def without_event(view: View, hook: Hook, event: str, harness: str) -> Loss | None:
    """The loss of a hook whose event or type the harness does not have, None if it has both."""
    if not event:
        why = f"{harness} has no event for {hook.event}"
    elif hook.type != "command" or hook.command is None:
        why = f"{harness} runs commands only, no hooks of the type {hook.type}"
    else:
        return None
    return loss(view, hook, str(hook.id), why, security=hook.event in GUARDS)


def setting_losses(view: View, hook: Hook, harness: str, *, kept: Container[str] = ()) -> Iterator[Loss]:
    """What a handler that is written says besides, but for the settings that are `kept`. Its `args` are in its line."""
    background = in_background(hook)
    for name in hook.extra:
        if name not in kept and name != "args":
            why = "has no such setting" + (": it waits for the hook" if name == background else "")
            yield loss(view, hook, f"{hook.id}: {name}", f"{harness} {why}")


def read_losses(view: View, hook: Hook, harness: str) -> Iterator[Loss]:
    """What a harness that reads the handler in Claude Code's own settings may make of it. Without its arguments a
    program is another one: a bare `sh` takes what the harness tells it for a script."""
    for name in deciding(hook):
        why = f"{harness} reads the hook itself, and whether it heeds this is not known"
        yield loss(view, hook, f"{hook.id}: {name}", why, security=name == "args" or hook.event in GUARDS)


def absent_tools(view: View, hook: Hook, tools: Container[str], harness: str) -> Iterator[Loss]:
    """The tools of a matcher that the harness does not have, and so never runs the hook for."""
    if absent := [word for word in TOOL_NAME.findall(hook.matcher) if word not in tools]:
        why = f"{harness} has no tool of the name {', '.join(dict.fromkeys(absent))}"
        yield loss(view, hook, f"{hook.id}: matcher {hook.matcher}", why, security=hook.event in GUARDS)


def other_names(view: View, hook: Hook, names: Mapping[str, str], harness: str) -> Iterator[Loss]:
    """That the hook is told the tool by another name than Claude Code's, for which a script may look.

    `names` are the names by which the harness calls those tools that the matcher names, or all of them.
    """
    named = [word for word in TOOL_NAME.findall(hook.matcher) if names.get(word, word) != word]
    if named or hook.matcher in ("", "*", ".*"):
        told = ", ".join(f"{names[word]} for {word}" for word in dict.fromkeys(named or ("Bash", "Edit")))
        why = f"{harness} tells a hook its own names of tools: {told}"
        yield loss(view, hook, f"{hook.id}: tool_name", why, security=hook.event in GUARDS)
