"""Permissions for Gemini CLI: policy files in the home directory, lists of whole tools in a project's settings."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from harnesssync_adapters.formats.toml_text import toml_value
from harnesssync_adapters.permissions.commands import CommandPattern, Shape, command_pattern
from harnesssync_adapters.permissions.rules import lost, one_tool_losses, settings_losses, writable
from harnesssync_adapters.shared.gemini_tools import TOOLS, setting, tool_names
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    for one in items:
        found = tuple(writable(view, one, "Gemini CLI", partial(_reach, view)))
        yield from (told for told in found if isinstance(told, Loss))
        rules = tuple(rule for rule in found if isinstance(rule, PermissionRule))
        yield from (_settings if view.scope is Scope.PROJECT else _policies)(view, one, rules)
        yield from settings_losses(view, one, "Gemini CLI")


def _reach(view: View, rule: PermissionRule) -> Collection[str]:
    """The tools of a person's policies; a project allows nothing."""
    conditions = _conditions(rule) if view.scope is Scope.USER else ""
    return () if isinstance(conditions, str) else {str(condition["toolName"]) for condition in conditions}


def _settings(view: View, one: Permissions, rules: Sequence[PermissionRule]) -> Iterator[Output | Loss]:
    """A project can deny or ask for whole tools only: its policy files are not read in this version.

    Nothing is allowed here: an allowed command in `tools.allowed` denies every other command.
    """
    for rule in rules:
        mcp = split_mcp(rule.tool)
        key = {Action.DENY: "exclude", Action.ASK: "confirmationRequired", Action.ALLOW: ""}[rule.action]
        if not key:
            yield lost(view, one, rule, "a project can't allow anything in Gemini CLI: it asks")
        elif rule.specifier not in (None, "*"):
            yield lost(view, one, rule, "a project's settings speak of whole tools only in Gemini CLI")
        elif mcp is not None and mcp[1] is None and rule.action is Action.DENY:
            yield setting(view, [one], ("mcp", "excluded"), mcp[0], private=rule.origin.private)
        elif names := tool_names(rule.tool, TOOLS):
            for name in names:
                yield setting(view, [one], ("tools", key), name, private=rule.origin.private)
            if rule.tool == "MultiEdit":
                yield from one_tool_losses(view, one, rule, "Gemini CLI")
        else:
            yield lost(view, one, rule, f"Gemini CLI has no tool {rule.tool}")


_PRIORITY = {Action.DENY: 900, Action.ASK: 800, Action.ALLOW: 700}  # of 999: the highest that matches wins
_DECISION = {Action.DENY: "deny", Action.ASK: "ask_user", Action.ALLOW: "allow"}
_ANY_TEXT = r'(?:[^"\\]|\\.)*'  # inside a JSON string
_REGEX_SYNTAX = re.compile(r"[.*+?^${}()|\[\]\\]")


def _policies(view: View, one: Permissions, rules: Sequence[PermissionRule]) -> Iterator[Output | Loss]:
    """A person's policy files, which the program reads in every project. What allows stands in its own file."""
    files: dict[str, list[str]] = {}
    for rule in rules:
        conditions = _conditions(rule)
        if isinstance(conditions, str):
            yield lost(view, one, rule, conditions)
            continue
        if rule.tool == "MultiEdit":
            yield from one_tool_losses(view, one, rule, "Gemini CLI")
        members: dict[str, JsonValue] = {"decision": _DECISION[rule.action], "priority": _PRIORITY[rule.action]}
        for condition in conditions:
            lines = (f"{key} = {toml_value(value)}\n" for key, value in {**condition, **members}.items())
            kind = "allow" if rule.action is Action.ALLOW else "deny"
            files.setdefault(kind, []).append("[[rule]]\n" + "".join(lines))
    for kind, blocks in sorted(files.items()):
        yield FileOutput(
            path=f".gemini/policies/harnesssync-{kind}.toml",
            items=(one.id,),
            content="\n".join(dict.fromkeys(blocks)).encode(),
            executes=kind == "allow",
        )


def _conditions(rule: PermissionRule) -> list[dict[str, JsonValue]] | str:
    """What a policy must match, once for each tool; or why none can."""
    if (mcp := split_mcp(rule.tool)) is not None:
        return [{"mcpName": mcp[0], "toolName": mcp[1] or "*"}]
    names = tool_names(rule.tool, TOOLS)
    if not names:
        return f"Gemini CLI has no tool {rule.tool}"
    if rule.tool == "MultiEdit" and rule.action is Action.ALLOW:
        return "Gemini CLI has one tool for this and for `Edit`"
    if rule.tool == "Bash":
        return [{"toolName": "run_shell_command", **_command_condition(command_pattern(rule.specifier))}]
    if rule.specifier not in (None, "*"):
        return "Gemini CLI compares the text of arguments: it has no rules for paths, domains or names"
    return [{"toolName": name} for name in names]


def _command_condition(pattern: CommandPattern) -> dict[str, JsonValue]:
    """A command is compared as it stands in JSON, from its opening quote."""
    if pattern.shape is Shape.EVERY:
        return {}
    if pattern.shape is Shape.PREFIX:
        return {"commandPrefix": pattern.text}
    texts = (json.dumps(text, ensure_ascii=False)[1:-1] for text in pattern.text.split("*"))
    regex = _ANY_TEXT.join(_REGEX_SYNTAX.sub(r"\\\g<0>", text) for text in texts)
    return {"commandRegex": regex + '"'}
