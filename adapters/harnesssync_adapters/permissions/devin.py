"""Permissions for Devin: rules much like Claude Code's, under other names, and with the same order of precedence.

Documented (docs.devin.ai/cli/reference/permissions, read in October 2026): `Exec(…)` compares the first words of a
command, whole words; `Read(…)` and `Write(…)` take globs, `Fetch(domain:…)` a host. Whether a chain of commands is
taken apart is not said, nor how far `*` reaches in a glob: so nothing is allowed by the one or the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.narrowing import WRITERS
from harnesssync_adapters.permissions.rules import (
    NO_NOTEBOOKS,
    about_notebooks,
    is_private_rule,
    lost,
    one_tool_losses,
    rule_element,
    settings_losses,
    writable,
)
from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """An element for each rule; a person's own stand in `config.local.json` of a project."""
    for one in items:
        denies = False
        for rule in writable(view, one, "Devin", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            said, why = _said(rule)
            if why is not None:
                yield lost(view, one, rule, why, security=not said)
            if any(text.startswith("Write(") for text in said):
                yield from one_tool_losses(view, one, rule, "Devin")
            path = _path(view, private=is_private_rule(view, rule))
            for text in said:
                denies = denies or rule.action is Action.DENY
                yield rule_element(view, one, rule, path, ("permissions", rule.action.value), text)
        if denies:
            why = "Devin obeys them; Cascade, in the editor, has lists of commands in its own settings"
            yield loss(view, one, "all denials", why, security=True)
        yield from settings_losses(view, one, "Devin")


def _path(view: View, *, private: bool) -> str:
    if view.scope is Scope.USER:
        return ".config/devin/config.json"
    return ".devin/config.local.json" if private else ".devin/config.json"


def _reach(rule: PermissionRule) -> Collection[str]:
    """A command behind another one may get through, and so may a file that a glob should reach. A glob is about all
    that reads or writes, a word about one tool."""
    if rule.tool == "NotebookEdit":
        return ()
    if rule.action is not Action.ALLOW and rule.specifier is not None:
        if rule.tool == "Bash" and command_pattern(rule.specifier).shape is not Shape.EVERY:
            return ()
        if rule.tool != "WebFetch" and _is_open(rule.specifier):
            return ()
    names = {text.partition("(")[0].lower() for text in _said(rule)[0]}
    if rule.specifier is None:
        return names
    return names.union(*({"read": {"grep"}, "write": {"edit"}}.get(name, ()) for name in names))


def _said(rule: PermissionRule) -> tuple[list[str], str | None]:
    """A rule in Devin's language, none if it has no words for it, and what of it is lost."""
    is_whole = rule.specifier in (None, "*")
    specifier = str(rule.specifier)
    server = split_mcp(rule.tool)
    if server is not None:
        name = f"mcp__{server[0]}__{server[1] or '*'}"
        return ([name], None) if rule.specifier is None else ([], "Devin has no patterns for a server's tool")
    if rule.tool == "Bash":
        return _command(rule)
    if rule.tool == "Read" or rule.tool in WRITERS:
        if (of_files := about_notebooks(rule)) is None:
            return [], NO_NOTEBOOKS
        if of_files is not rule:
            rule, specifier, is_whole = of_files, str(of_files.specifier), False
        if is_whole:
            words = {"Read": ["read"], "Edit": ["edit", "write"], "Write": ["write"]}.get(rule.tool)
            return (words, None) if words else ([], f"Devin has no tool {rule.tool}")
        if rule.action is Action.ALLOW and (rule.tool not in ("Read", "Edit") or _is_open(specifier)):
            return [], "Devin might allow more than that"
        word = "Read" if rule.tool == "Read" else "Write"
        return [f"{word}({glob})" for glob in _globs(rule)], None
    kind, _, domain = specifier.partition(":")
    if rule.tool == "WebFetch" and kind == "domain" and domain and "*" not in domain:
        return [f"Fetch(domain:{domain})"], None
    return [], f"Devin has no rules for all of {rule.tool}" if is_whole else "Devin has no such rules"


def _command(rule: PermissionRule) -> tuple[list[str], str | None]:
    pattern = command_pattern(rule.specifier)
    if pattern.shape is Shape.EVERY:
        return ["exec"], None
    if pattern.words() is None:
        return [], "Devin compares the first words of a command: it has no patterns"
    if rule.action is Action.ALLOW:
        return [], "Devin might allow whatever is chained to the command too"
    if pattern.shape is Shape.PREFIX:
        return [f"Exec({pattern.text})"], None
    return [f"Exec({pattern.text})"], "it also holds for the command with arguments"


def _is_open(specifier: str) -> bool:
    """Might a glob reach further than in Claude Code, where `*` stays in its folder?"""
    return "?" in specifier or "*" in specifier.replace("**", "")


def _globs(rule: PermissionRule) -> list[str]:
    """A path in the manner of `.gitignore`: `//x` is absolute, and a name alone is meant in every folder."""
    path = str(rule.specifier)
    if path.startswith("//"):
        found = [path[1:]]
    elif path.startswith("~/"):
        found = [path]
    else:
        anchored = path.startswith(("/", "./"))
        path = path.removeprefix("./").lstrip("/")
        is_single = anchored or "/" in path.rstrip("/") or rule.action is Action.ALLOW
        found = [path] if is_single else [path, f"**/{path}"]
    if rule.action is not Action.ALLOW:  # a folder is meant with all that is in it
        found += [f"{glob.rstrip('/')}/**" for glob in found if not glob.endswith("**")]
    return found
