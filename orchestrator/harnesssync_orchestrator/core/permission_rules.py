"""The syntax of a permission rule, `Tool` or `Tool(specifier)`, as Claude Code accepts it in a settings file."""

from __future__ import annotations

from typing import NamedTuple

from harnesssync_orchestrator.core.items import Action

_MCP_PREFIX = "mcp__"


class RuleError(ValueError):
    """A permission rule that Claude Code refuses. `reason` says why, `hint` how to write it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class RuleParts(NamedTuple):
    """`Bash(npm run lint:*)` has the tool `Bash` and the specifier `npm run lint:*`; None is the whole tool."""

    tool: str
    specifier: str | None


def parse_rule(text: str, action: Action) -> RuleParts:
    """Take a rule apart. `Tool(*)` says the same as `Tool`; parentheses inside the specifier are literal.

    Raises `RuleError` for what Claude Code skips: an unclosed or empty specifier, a tool that begins with a small
    letter, a specifier on an MCP tool, and a wildcard for whole tools in an allow rule.
    """
    if not text.strip():
        raise RuleError("the rule is empty", "Remove it.")
    tool, parenthesis, rest = text.partition("(")
    tool = tool.strip()
    if not parenthesis:
        if ")" in text:
            raise RuleError("it has a `)` without a `(`", "Write it as Tool or Tool(specifier).")
        specifier = None
    elif not rest.endswith(")"):
        raise RuleError("it does not end at its closing `)`", "Write it as Tool or Tool(specifier).")
    else:
        specifier = rest[:-1]
        if not specifier.strip():
            raise RuleError("its parentheses are empty", f"Write {tool} for the whole tool.")
    if not tool:
        raise RuleError("it names no tool", "Write it as Tool or Tool(specifier).")
    if tool.startswith(_MCP_PREFIX):
        if specifier is not None:
            raise RuleError("rules for MCP tools take no parentheses", f"Write {tool}, or {tool}__* for all its tools.")
        if action is Action.ALLOW and not _names_a_server(tool):
            raise RuleError("an allow rule must name the MCP server it is about", "Write mcp__server__*.")
    elif action is Action.ALLOW and "*" in tool:
        raise RuleError("an allow rule can't have a wildcard for tools", "Name the tool.")
    elif tool[0].islower() and "_" not in tool:
        raise RuleError("names of tools begin with a capital letter", f"Write {tool[0].upper()}{tool[1:]}.")
    if specifier == ":*":
        raise RuleError("there is no prefix before `:*`", f"Write {tool} for the whole tool.")
    return RuleParts(tool, None if specifier == "*" else specifier)


def _names_a_server(tool: str) -> bool:
    server = tool[len(_MCP_PREFIX) :].split("__", maxsplit=1)[0]
    return bool(server) and "*" not in server
