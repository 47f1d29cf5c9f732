"""Permissions for Factory Droid: a list of commands that are never run, and no other rule that can be used here.

What its lists allow are whole programs, wherever they lie (`npm run lint` allows every `npm run`), so nothing is
allowed. What always asks is a list that takes the place of the program's own, so nothing is added to it. Observed
with version 0.225.2.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import binding, lost, rule_element, settings_losses
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    for one in items:
        for rule in binding(view, one):
            words, why = _blocked(rule)
            if words:
                yield rule_element(view, one, rule, ".factory/settings.json", ("commandBlocklist",), " ".join(words))
            if why is not None:
                yield lost(view, one, rule, why, security=not words)
        yield from settings_losses(view, one, "Factory Droid")


def _blocked(rule: PermissionRule) -> tuple[list[str], str | None]:
    """The words of a command that is never run, and what of the rule is lost.

    The words are looked for in this order, with others between them, so more is denied than the rule says, never
    less. The program is compared without its folder.
    """
    if rule.tool != "Bash":
        return [], "Factory Droid has rules for commands only"
    if rule.action is Action.ALLOW:
        return [], "Factory Droid would allow more: whole programs, wherever they lie"
    if rule.action is Action.ASK:
        return [], "Factory Droid asks for what it does not know to be harmless, and its own list must stay"
    pattern = command_pattern(rule.specifier)
    if pattern.shape not in (Shape.EXACT, Shape.PREFIX):
        return [], "Factory Droid looks for the words of a command: it has no patterns"
    words = pattern.words()
    if words is None or words != pattern.text.split():
        return [], "Factory Droid looks for the words of a command: it has no quotes, and nothing else of a shell's"
    if pattern.shape is Shape.EXACT:
        return [posixpath.basename(words[0]), *words[1:]], "it also holds for the command with arguments"
    return [posixpath.basename(words[0]), *words[1:]], None
