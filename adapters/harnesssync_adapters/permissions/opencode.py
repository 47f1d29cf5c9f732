"""Permissions for OpenCode and its kin: a table of patterns for each tool, of which the last that matches wins.

Claude Code lets a denial beat a question, and a question an allowance, wherever they stand. So what is denied or
asked for goes to the configuration file that OpenCode reads last, questions before denials, and what is allowed
goes to an earlier one.

OpenCode merges its files key by key, and a key stays where the first file put it: repeated in a later one, a denial
would still stand before the allowances of the files between. Names of tools are patterns too, though, so denials are
put under a spelling of the name that no other file has (`?ash`), which therefore comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import (
    NO_NOTEBOOKS,
    about_notebooks,
    is_private_rule,
    lost,
    one_tool_losses,
    settings_losses,
    writable,
)
from harnesssync_adapters.shared.opencode_family import Family
from harnesssync_adapters.shared.opencode_tools import takes_table, tool_key, would_expand
from harnesssync_orchestrator.core.desired import JsonValue, KeyOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View

_KEPT_FROM_PLANNERS = frozenset({"edit", "task"})
"""What OpenCode's own agents that only plan or explore must not do, until a configuration allows it to everybody. The
others may do it anyway, unless somebody asked for questions."""

_PATHS = frozenset({"read", "edit", "list"})
_SEARCHES = frozenset({"glob", "grep"})
"""Tools that are asked about by what they look for: their patterns can't say where."""


OPENCODE = Family(
    name="OpenCode",
    folders=(".opencode", ".config/opencode"),
    # Kilo Code reads a project's `opencode.json`, and nothing in `.opencode`: it gets what is allowed as little as what
    # is denied, and no server with a variable, at which it would complain. There, too, the file with `c` is merged over
    # the one without.
    main=(".opencode/opencode.json", ".config/opencode/opencode.json"),
    early=(".opencode/opencode.json", ".config/opencode/opencode.json"),
    late=(".opencode/opencode.jsonc", ".config/opencode/opencode.jsonc"),
    read=(
        ("opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"),
        (".config/opencode/config.json", ".config/opencode/opencode.json", ".config/opencode/opencode.jsonc"),
    ),
)


def permissions(view: View, items: Sequence[Permissions], family: Family = OPENCODE) -> Iterator[Output | Loss]:
    """Two outputs for each tool at most: the earlier file allows, the later one asks and denies."""
    for one in items:
        restricting: list[tuple[PermissionRule, str, list[str]]] = []
        allowing: list[tuple[PermissionRule, str, list[str]]] = []
        for rule in writable(view, one, family.name, partial(_reach, harness=family.name), knows_names=True):
            if isinstance(rule, Loss):
                yield rule
                continue
            key = tool_key(rule.tool)
            patterns = f"{family.name} has no tool {rule.tool}" if key is None else _patterns(key, rule, family.name)
            if key is None or isinstance(patterns, str):
                yield lost(view, one, rule, str(patterns))
            else:
                if key in _PATHS and rule.action is not Action.ALLOW and _is_outside(rule):
                    yield lost(view, one, rule, f"{family.name} names files from the root of the project")
                elif key == "read" and rule.action is Action.DENY and patterns != ["*"]:
                    yield lost(view, one, rule, f"{family.name}'s search still shows lines of these files")
                if key == "edit":
                    yield from one_tool_losses(view, one, rule, family.name)
                (allowing if rule.action is Action.ALLOW else restricting).append((rule, key, patterns))
        restricting.sort(key=lambda entry: entry[0].action is Action.DENY)
        taken = {(key, pattern) for _, key, patterns in restricting for pattern in patterns}
        yield from _tables(view, one, family.late_config(view), restricting, spelled=partial(_respelled, view))
        kept = [(rule, key, [p for p in patterns if (key, p) not in taken]) for rule, key, patterns in allowing]
        yield from _tables(view, one, family.early_config(view), [entry for entry in kept if entry[2]], spelled=str)
        yield from settings_losses(view, one, family.name)


def _reach(rule: PermissionRule, *, harness: str) -> Collection[str]:
    key = tool_key(rule.tool)
    is_told = key is not None and not isinstance(_patterns(key, rule, harness), str)
    return (key,) if key is not None and is_told and not (key in _PATHS and _is_outside(rule)) else ()


def _is_outside(rule: PermissionRule) -> bool:
    """Does the path begin at the root of the disk or of the home directory?"""
    return str(rule.specifier).startswith(("//", "~"))


def _respelled(view: View, key: str) -> str:
    """The name of a tool in other letters. A project's and a home directory's are different keys, too, so that OpenCode
    does not put the one in the place of the other."""
    if key.endswith("*"):
        return f"{key}*" if view.scope is Scope.PROJECT else f"{key}**"
    return f"?{key[1:]}" if view.scope is Scope.PROJECT else f"{key[0]}?{key[2:]}"


def _tables(
    view: View,
    one: Permissions,
    path: str,
    entries: Sequence[tuple[PermissionRule, str, list[str]]],
    *,
    spelled: Callable[[str], str],
) -> Iterator[Output]:
    tables: dict[str, dict[str, str]] = {}
    private: set[str] = set()
    for rule, key, patterns in entries:
        table = tables[key] = tables.pop(key, {})  # so that it moves to the end
        for pattern in patterns:
            table.pop(pattern, None)
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
            pointer=("permission", spelled(key)),
            value=value,
        )


def _patterns(key: str, rule: PermissionRule, harness: str) -> list[str] | str:
    """The patterns of a rule, in which `*` stands for any text, `/` too; or why there are none."""
    if would_expand(rule.text):
        return f"{harness} would put a variable or a file in its place"
    if rule.action is Action.ALLOW and key in _KEPT_FROM_PLANNERS:
        return f"it would also hold while {harness} only plans"
    if (of_files := about_notebooks(rule)) is None:
        return NO_NOTEBOOKS
    rule = of_files
    if rule.specifier in (None, "*"):
        return ["*"]
    specifier = str(rule.specifier).strip()
    if key in _SEARCHES:
        return f"{harness}'s {key} is asked about by what it looks for, not by where"
    if not takes_table(key):
        return f"{harness} has no patterns for {key}, only one answer for all of it"
    if key == "bash":
        found = _command_patterns(specifier)
    elif key in _PATHS:
        found = _path_patterns(specifier)
        if rule.action is not Action.ALLOW:  # a folder is meant with all that is in it
            found += [f"{pattern}/*" for pattern in found if not pattern.endswith("*")]
    else:
        found = [specifier]
    if rule.action is Action.ALLOW and _is_wider(key, specifier):
        return f"{harness} would allow more than that"
    return found


def _is_wider(key: str, specifier: str) -> bool:
    """Would an allowance reach further there? `?` is a wildcard, `*` crosses folders."""
    return "?" in specifier or (key in _PATHS and "*" in specifier.replace("**", ""))


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
