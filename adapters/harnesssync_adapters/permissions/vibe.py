"""Permissions for Mistral Vibe: a list of tools that are off, and lists of prefixes and paths for each tool.

Of a command, each part is compared with the beginnings in the lists: what is denied, then what must be asked for, then
what is allowed (version 3.0.2). A list of a project stands in the place of a person's own, denials too, and of what
Vibe ships; only the tools that are off are joined. So a project turns tools off, and does no more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import (
    is_private_rule,
    lost,
    one_tool_losses,
    rule_element,
    settings_losses,
    writable,
)
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_adapters.shared.vibe_tools import tool_patterns
from harnesssync_orchestrator.core.desired import KeyOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

_CONFIG = ".vibe/config.toml"
_LISTS = {Action.DENY: "denylist", Action.ASK: "sensitive_patterns", Action.ALLOW: "allowlist"}
_SHIPPED = {"sensitive_patterns": ("sudo",)}
_PATHS = {"Read": ("read_file", "grep"), "Edit": ("edit", "write_file"), "Write": ("write_file",)}
_BEGINNING = re.compile(r"^(?:[~.]?/+|[~.]$)")
_ALWAYS_ASKS = "Vibe asks about it"


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    for one in items:
        written: set[tuple[tuple[str, ...], str]] = set()
        for rule in writable(view, one, "Vibe", partial(_reach, view), knows_names=True):
            if isinstance(rule, Loss):
                yield rule
                continue
            found = _places(view, rule)
            if isinstance(found, str):
                yield lost(view, one, rule, found)
                continue
            for pointer, value in found:
                if (pointer, value) not in written:
                    written.add((pointer, value))
                    yield _output(view, one, rule, pointer, value)
            if rule.tool == "MultiEdit":
                yield from one_tool_losses(view, one, rule, "Vibe")
            if rule.tool == "Bash" and command_pattern(rule.specifier).shape is Shape.EXACT:
                yield lost(view, one, rule, "it also holds for the command with arguments", security=False)
        for name in sorted({pointer[-1] for pointer, _ in written if pointer[-1] in ("denylist", "allowlist")}):
            yield loss(view, one, f"tools.bash.{name}", "it stands in the place of the list that Vibe ships")
        yield from settings_losses(view, one, "Vibe")


def _output(view: View, one: Permissions, rule: PermissionRule, pointer: tuple[str, ...], value: str) -> Output:
    if pointer[-1] == "permission":
        return KeyOutput(
            path=_CONFIG,
            items=(one.id,),
            private=is_private_rule(view, rule),
            executes=rule.action is Action.ALLOW,
            format="toml",
            pointer=pointer,
            value=value,
        )
    return rule_element(view, one, rule, _CONFIG, pointer, value, format="toml")


def _reach(view: View, rule: PermissionRule) -> Collection[str]:
    """There is one answer for a whole tool, and only for commands do its lists come before that."""
    found = _places(view, rule)
    if isinstance(found, str):
        return ()
    is_one = any(pointer[-1] == "permission" for pointer, _ in found)
    if rule.action is not Action.ALLOW and (is_one or (rule.tool in _PATHS and rule.specifier not in (None, "*"))):
        return ()
    return tool_patterns(rule.tool)


def _places(view: View, rule: PermissionRule) -> list[tuple[tuple[str, ...], str]] | str:
    """Where the rule goes and what stands there, or why it can't."""
    names = tool_patterns(rule.tool)
    if not names:
        return f"Vibe has no tool {rule.tool}"
    if rule.tool == "MultiEdit" and rule.action is Action.ALLOW:
        return "Vibe has one tool for this and for `Edit`"
    is_whole = rule.specifier in (None, "*")
    if rule.action is Action.DENY and is_whole:
        return [(("disabled_tools",), name) for name in names]
    if view.scope is Scope.PROJECT:
        return "in a project it would stand in the place of a person's own settings"
    if rule.tool == "Bash":
        return _command_places(rule)
    if split_mcp(rule.tool) is not None:
        return _ALWAYS_ASKS
    if is_whole:
        return [(("tools", name, "permission"), "always" if rule.action is Action.ALLOW else "ask") for name in names]
    if rule.action is Action.DENY and rule.tool in _PATHS:
        return [(("tools", name, "denylist"), pattern) for name in _PATHS[rule.tool] for pattern in _paths(rule)]
    return f"Vibe has no such patterns for {names[0]}"


def _command_places(rule: PermissionRule) -> list[tuple[tuple[str, ...], str]] | str:
    pattern = command_pattern(rule.specifier)
    if pattern.shape is Shape.GLOB or "\n" in pattern.text:
        return "Vibe compares how a command begins: it has no patterns"
    if rule.action is Action.ALLOW and pattern.shape is Shape.EXACT:
        return "Vibe would allow the command with any further arguments too"
    if pattern.shape is Shape.EVERY:
        return [(("tools", "bash", "permission"), "always" if rule.action is Action.ALLOW else "ask")]
    name = _LISTS[rule.action]
    return [(("tools", "bash", name), text) for text in (*_SHIPPED.get(name, ()), pattern.text)]


def _paths(rule: PermissionRule) -> list[str]:
    """Patterns for whole paths, in which `*` stands for any text: a relative path is meant in any folder."""
    path = str(rule.specifier).strip()
    path = path[1:] if path.startswith("//") else "*/" + _BEGINNING.sub("", path)
    path = path.replace("**/", "*/").replace("**", "*").replace("*/*/", "*/").rstrip("/")
    return [path] if path.endswith("*") else [path, f"{path}/*"]
