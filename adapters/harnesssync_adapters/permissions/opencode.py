"""Permissions for OpenCode: a table of patterns for each tool, of which the last that matches wins.

Claude Code lets a denial beat a question, and a question an allowance, wherever they stand. So what is denied or
asked for goes to the configuration file that OpenCode reads last, questions before denials, and what is allowed
goes to an earlier one: the order holds when the tables are merged, and the denials hold without the allowances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.permissions.rules import (
    Shape,
    binding,
    command_pattern,
    is_private_rule,
    lost,
    settings_losses,
)
from harnesssync_adapters.shared.opencode_tools import takes_table, tool_key
from harnesssync_orchestrator.core.desired import JsonValue, KeyOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

_PATHS = frozenset({"read", "edit", "glob", "grep", "list"})


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """Two outputs for each tool at most: `opencode.json` allows, `.opencode/opencode.json` asks and denies."""
    for one in items:
        restricting: list[tuple[PermissionRule, str, list[str]]] = []
        allowing: list[tuple[PermissionRule, str, list[str]]] = []
        for rule in binding(view, one):
            key = tool_key(rule.tool)
            patterns = f"OpenCode has no tool {rule.tool}" if key is None else _patterns(key, rule)
            if key is None or isinstance(patterns, str):
                yield lost(view, one, rule, str(patterns))
            else:
                (allowing if rule.action is Action.ALLOW else restricting).append((rule, key, patterns))
        restricting.sort(key=lambda entry: entry[0].action is Action.DENY)
        taken = {(key, pattern) for _, key, patterns in restricting for pattern in patterns}
        yield from _tables(view, one, _late(view), restricting)
        kept = [(rule, key, [p for p in patterns if (key, p) not in taken]) for rule, key, patterns in allowing]
        yield from _tables(view, one, _early(view), [entry for entry in kept if entry[2]])
        yield from settings_losses(view, one, "OpenCode")


def _early(view: View) -> str:
    return "opencode.json" if view.scope is Scope.PROJECT else ".config/opencode/opencode.json"


def _late(view: View) -> str:
    return ".opencode/opencode.json" if view.scope is Scope.PROJECT else ".config/opencode/opencode.jsonc"


def _tables(
    view: View, one: Permissions, path: str, entries: Sequence[tuple[PermissionRule, str, list[str]]]
) -> Iterator[Output]:
    tables: dict[str, dict[str, str]] = {}
    private: set[str] = set()
    for rule, key, patterns in entries:
        table = tables.setdefault(key, {})
        for pattern in patterns:
            table.pop(pattern, None)  # so that it moves to the end
            table[pattern] = rule.action.value
        if is_private_rule(view, rule):
            private.add(key)
    for key, table in tables.items():
        value: Mapping[str, JsonValue] | str = table if takes_table(key) else table["*"]
        yield KeyOutput(
            path=path,
            items=(one.id,),
            private=key in private,
            executes="allow" in table.values(),
            format="json",
            pointer=("permission", key),
            value=value,
        )


def _patterns(key: str, rule: PermissionRule) -> list[str] | str:
    """The patterns of a rule, in which `*` stands for any text, `/` too; or why there are none."""
    if rule.specifier in (None, "*"):
        return ["*"]
    specifier = str(rule.specifier).strip()
    if not takes_table(key):
        return f"OpenCode has no patterns for {key}, only one answer for all of it"
    if key == "bash":
        found = _command_patterns(specifier)
    elif key in _PATHS:
        found = _path_patterns(specifier)
    else:
        found = [specifier]
    if rule.action is Action.ALLOW and _is_wider(key, rule, specifier):
        return "OpenCode would allow more than that"
    return found


def _is_wider(key: str, rule: PermissionRule, specifier: str) -> bool:
    """Would an allowance reach further there? `?` is a wildcard, `*` crosses folders, writing is all of editing."""
    crosses = key in _PATHS and "*" in specifier.replace("**", "")
    return "?" in specifier or crosses or rule.tool == "Write"


def _command_patterns(specifier: str) -> list[str]:
    pattern = command_pattern(specifier)
    if pattern.shape is Shape.EVERY:
        return ["*"]
    if pattern.shape is Shape.PREFIX:
        return [pattern.text, f"{pattern.text} *"]
    return [pattern.text]


def _path_patterns(specifier: str) -> list[str]:
    """A path in the manner of `.gitignore`: `//x` is absolute, `/x` and `./x` stand below the root, and a name
    alone is meant in every folder, as if `**/` stood before it. `**/` also stands for no folder at all."""
    path, start = specifier, ""
    if path.startswith(("//", "~/")):
        start, path = path[0] + "/" * (path[0] == "~"), path[2:]
    elif not path.startswith(("/", "./")) and "/" not in path.rstrip("/"):
        path = f"**/{path}"
    first, *rest = path.removeprefix("./").removeprefix("/").rstrip("/").split("**/")
    variants = [first]
    for part in rest:
        variants = [f"{variant}{folders}{part}" for variant in variants for folders in ("", "*/")]
    return list(dict.fromkeys(start + variant.replace("**", "*") for variant in variants))
