"""Permissions for Codex: rules over the first words of a command; of several that match, the strictest counts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import is_private_rule, lost, settings_losses, writable
from harnesssync_orchestrator.core.desired import FileOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

_DECISIONS = {Action.ALLOW: "allow", Action.ASK: "prompt", Action.DENY: "forbidden"}


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """Rules for commands, which match by their first words; of several that match the strictest counts.

    What is allowed stands in a file of its own, so that what is denied holds in untrusted projects too.
    """
    for one in items:
        files: dict[str, list[str]] = defaultdict(list)
        for rule in writable(view, one, "Codex", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            line, why = _prefix_rule(rule)
            if line is not None:
                kind = "allow" if rule.action is Action.ALLOW else "deny"
                files[f"{kind}-private" if is_private_rule(view, rule) else kind].append(line)
            if why is not None:
                yield lost(view, one, rule, why, security=line is None)
        for name, lines in sorted(files.items()):
            yield FileOutput(
                path=f".codex/rules/harnesssync-{name}.rules",
                items=(one.id,),
                content="".join(dict.fromkeys(lines)).encode(),
                private=name.endswith("private"),
                executes=name.startswith("allow"),
            )
        yield from settings_losses(view, one, "Codex")


def _reach(rule: PermissionRule) -> Collection[str]:
    return ("Bash",) if _prefix_rule(rule)[0] is not None else ()


def _prefix_rule(rule: PermissionRule) -> tuple[str | None, str | None]:
    """A rule in Codex's language, and what of it is lost."""
    if rule.tool != "Bash":
        return None, "Codex has rules for commands only"
    pattern = command_pattern(rule.specifier)
    words = pattern.words()
    if pattern.shape is Shape.EVERY:
        return None, "a rule needs the first word of a command"
    if words is None:
        return None, "Codex compares the first words of a command: it has no patterns"
    if pattern.shape is Shape.EXACT and rule.action is Action.ALLOW:
        return None, "Codex would allow the command with any further arguments too"
    words_written = json.dumps(words, ensure_ascii=False)
    line = f'prefix_rule(pattern={words_written}, decision="{_DECISIONS[rule.action]}")\n'
    return line, "it also holds for the command with arguments" if pattern.shape is Shape.EXACT else None
