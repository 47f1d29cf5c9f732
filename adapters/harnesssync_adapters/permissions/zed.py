"""Permissions for Zed: regular expressions over what a tool is about to do, in lists for each tool and answer.

Documented (zed.dev/docs/ai/tool-permissions and /agent-settings, read in October 2026): of the lists that match,
`always_deny` beats `always_confirm`, and that `always_allow`, as in Claude Code. A command is taken apart, and of its
parts all must be allowed. A server's tool has one answer, its `default`. What only reads is never asked about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.narrowing import WRITERS
from harnesssync_adapters.permissions.rules import (
    NO_NOTEBOOKS,
    about_notebooks,
    lost,
    one_tool_losses,
    rule_element,
    settings_losses,
    writable,
)
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import JsonValue, KeyOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

SETTINGS = ".config/zed/settings.json"
_TOOLS = ("agent", "tool_permissions", "tools")
_LISTS = {Action.DENY: "always_deny", Action.ASK: "always_confirm", Action.ALLOW: "always_allow"}
_ANSWERS = {Action.DENY: "deny", Action.ASK: "confirm", Action.ALLOW: "allow"}
_STRICTEST = (Action.DENY, Action.ASK, Action.ALLOW)

_CHANGING = (
    "edit_file",
    "delete_path",
    "move_path",
    "copy_path",
    "create_directory",
    "restore_file_from_disk",
    "save_file",
)
_ANYTHING = ".*"
_PLAIN = r"[^;&|<>$`()\n\r\\]*"
"""Arguments in which a shell finds nothing to do: what is allowed must not run something else besides."""
_SYNTAX = re.compile(r"[\\.+*?()|\[\]{}^$]")


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """An element for each pattern, a key for each tool of a server."""
    for one in items:
        answers: dict[tuple[str, str], Action] = {}
        found = tuple(writable(view, one, "Zed", _reach))
        yield from (told for told in found if isinstance(told, Loss))
        rules = (rule for rule in found if isinstance(rule, PermissionRule))
        for rule in sorted(rules, key=lambda rule: _STRICTEST.index(rule.action)):
            server = split_mcp(rule.tool)
            if server is not None:
                if server[1] is None or rule.specifier is not None:
                    yield lost(view, one, rule, "Zed has an answer for single tools of a server only")
                else:
                    answers.setdefault((server[0], server[1]), rule.action)
                continue
            patterns = _patterns(rule)
            if isinstance(patterns, str):
                yield lost(view, one, rule, patterns)
                continue
            yield from one_tool_losses(view, one, rule, "Zed")
            for tool, pattern in patterns:
                yield rule_element(
                    view,
                    one,
                    rule,
                    SETTINGS,
                    (*_TOOLS, tool, _LISTS[rule.action]),
                    {"pattern": pattern, "case_sensitive": tool != "fetch"},
                )
        for (name, tool), action in answers.items():
            value: JsonValue = _ANSWERS[action]
            yield KeyOutput(
                path=SETTINGS,
                items=(one.id,),
                executes=action is Action.ALLOW,
                format="json",
                pointer=(*_TOOLS, f"mcp:{name}:{tool}", "default"),
                value=value,
            )
        yield from settings_losses(view, one, "Zed")


def _reach(rule: PermissionRule) -> Collection[str]:
    server = split_mcp(rule.tool)
    if server is not None:
        return () if server[1] is None or rule.specifier is not None else (rule.tool,)
    patterns = () if str(rule.specifier).startswith("//") else _patterns(rule)  # it may leave out where a path begins
    return () if isinstance(patterns, str) else {tool for tool, _ in patterns}


def _patterns(rule: PermissionRule) -> list[tuple[str, str]] | str:
    """The tools and what must match, or why there is nothing that says the same."""
    is_whole = rule.specifier in (None, "*")
    if rule.tool == "Bash":
        return [("terminal", _command(rule))]
    if rule.tool in WRITERS:
        return _changes(rule, is_whole=is_whole)
    if rule.tool == "WebFetch":
        if is_whole:
            return [("fetch", _ANYTHING)]
        kind, _, domain = str(rule.specifier).partition(":")
        if kind == "domain" and domain and "*" not in domain:
            user = r"(?:[^/?#]*@)?" if rule.action is not Action.ALLOW else ""
            return [("fetch", rf"^(?:https?://)?{user}{_literally(domain)}(?::[0-9]+)?(?:[/?#]|$)")]
        return "Zed compares addresses: only a single domain can be told"
    if rule.tool == "WebSearch" and is_whole:
        return [("web_search", _ANYTHING)]
    return f"Zed asks nobody about {rule.tool}"


def _changes(rule: PermissionRule, *, is_whole: bool) -> list[tuple[str, str]] | str:
    """One tool writes files, whether they are new or not; others move, copy or delete them."""
    if rule.action is Action.ALLOW:
        if rule.tool == "Edit" and is_whole:
            return [("edit_file", _ANYTHING)]
        return "Zed has one tool for all changes, and does not say how it writes paths: it asks"
    if str(rule.specifier).startswith("~/"):
        return "Zed does not say how it writes paths of the home directory"
    if (of_files := about_notebooks(rule)) is None:
        return NO_NOTEBOOKS
    path = _ANYTHING if of_files is rule and is_whole else _path(str(of_files.specifier))
    return [(tool, path) for tool in _CHANGING]


def _command(rule: PermissionRule) -> str:
    """What is allowed must match to its end, what is forbidden may go on as it likes."""
    pattern = command_pattern(rule.specifier)
    if pattern.shape is Shape.EVERY:
        return _ANYTHING
    allows = rule.action is Action.ALLOW
    if pattern.shape is Shape.PREFIX:
        return f"^{_literally(pattern.text)}" + (rf"(?:[ \t]{_PLAIN})?$" if allows else r"(?:\s|$)")
    any_text = _PLAIN if allows else _ANYTHING
    return f"(?s)^{any_text.join(map(_literally, pattern.text.split('*')))}$"


def _path(specifier: str) -> str:
    """A path in the manner of `.gitignore`. Zed's begin with the name of the project's folder, or don't: so a path is
    found at any depth."""
    start = "^/" if specifier.startswith("//") else "(?:^|/)"
    path = specifier.removeprefix("./").lstrip("/").rstrip("/")
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", path)
    said = {"**/": "(?:.*/)?", "/**": "/", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    end = "" if path.endswith("/**") else "(?:/|$)"
    return f"(?s){start}{''.join(said.get(part, _literally(part)) for part in parts)}{end}"


def _literally(text: str) -> str:
    return _SYNTAX.sub(r"\\\g<0>", text)
