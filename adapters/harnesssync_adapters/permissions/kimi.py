"""Permissions for Kimi Code: `[[permission.rules]]` in a person's configuration, observed with version 2.1.0.

Denials are looked at before questions, and these before allowances, wherever they stand. A pattern in parentheses is
a glob of `picomatch` over the whole command, path or address. Its `*` stops at a slash and its `**` at a name with a
dot, so what denies says "any text" by a repeated class of all characters instead. A command is compared as it was
typed, with all its parts: so what allows takes arguments without any sign of a shell's, and what denies also looks
behind those.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import lost, one_tool_losses, rule_element, settings_losses, writable
from harnesssync_adapters.shared.kimi_tools import RULE_TOOLS
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

_ANY = r"*([\s\S])"
_START = rf"?({_ANY}[;&|(`\n{{]*( ))"
"""The beginning of a command, or what stands before a later one on the same line."""
_PLAIN = "[A-Za-z0-9_.,:=@%+/ -]"
_SPECIAL = re.compile(r"[\\*?\[\]{}()!+@|\"]")
_PATHS = frozenset({"Read", "ReadMediaFile", "Edit", "Write"})
_NAMES = frozenset({"Skill", "Agent"})


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """One element for each rule and tool."""
    for one in items:
        for rule in writable(view, one, "Kimi", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            patterns = _patterns(rule)
            if isinstance(patterns, str):
                yield lost(view, one, rule, patterns)
                continue
            for pattern in patterns:
                yield rule_element(
                    view,
                    one,
                    rule,
                    ".kimi-code/config.toml",
                    ("permission", "rules"),
                    {"decision": rule.action.value, "pattern": pattern},
                    format="toml",
                )
            if rule.tool == "MultiEdit":
                yield from one_tool_losses(view, one, rule, "Kimi")
            if rule.tool == "Read" and rule.action is Action.DENY and rule.specifier not in (None, "*"):
                yield lost(view, one, rule, "Kimi's search still shows lines of these files")
        yield from settings_losses(view, one, "Kimi")


def _reach(rule: PermissionRule) -> Collection[str]:
    patterns = _patterns(rule)
    return () if isinstance(patterns, str) else {pattern.partition("(")[0] for pattern in patterns}


def _patterns(rule: PermissionRule) -> list[str] | str:
    """The patterns of a rule, one for each tool that it is about; or why there are none."""
    if (mcp := split_mcp(rule.tool)) is not None:
        return [f"mcp__{_literal(mcp[0])}__{_literal(mcp[1]) if mcp[1] else '*'}"]
    tools = RULE_TOOLS.get(rule.tool)
    if not tools:
        return f"Kimi has no tool {rule.tool}"
    if rule.tool == "MultiEdit" and rule.action is Action.ALLOW:
        return "Kimi has one tool for this and for `Edit`"
    if rule.specifier in (None, "*"):
        return list(tools)
    specifier = str(rule.specifier).strip()
    allows = rule.action is Action.ALLOW
    if tools[0] == "Bash":
        subject = _command(specifier, allows=allows)
        return [f"Bash({subject})" if subject else "Bash"]
    if tools[0] in _PATHS:
        if allows:
            return "Kimi compares paths regardless of case, and would allow more than that"
        return [f"{tool}({_path(specifier)})" for tool in tools]
    if tools[0] == "FetchURL" and specifier.startswith("domain:"):
        domain = specifier.removeprefix("domain:")
        domain = domain if allows else domain.removeprefix("*.")  # what denies is also about those below it
        if "*" in domain:
            return "Kimi is told of single domains"
        return [f"FetchURL({_address(domain, allows=allows)})"]
    if tools[0] in _NAMES:
        return [f"{tools[0]}({_literal(specifier)})"]
    return f"Kimi has no such patterns for {tools[0]}"


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _command(specifier: str, *, allows: bool) -> str:
    """The glob over a command line; empty for every command."""
    pattern = command_pattern(specifier)
    if pattern.shape is Shape.EVERY:
        return ""
    if allows:
        text = f"*({_PLAIN})".join(map(_literal, pattern.text.split("*")))
        return f"{text}?( +({_PLAIN}))" if pattern.shape is Shape.PREFIX else text
    text = _ANY.join(map(_literal, pattern.text.split("*")))
    space = r"[ \t\n" if pattern.shape is Shape.PREFIX else r"*( )[\n"
    return f"{_START}{text}?({space};&|)]{_ANY})"


def _path(specifier: str) -> str:
    """The glob over a path, which is compared as it was given and from the root on. What stands below it is meant too.

    As in `.gitignore`, a name alone is meant in every folder; `//x` is absolute, `/x` and `./x` stand in the project.
    """
    path = specifier
    if path.startswith("//"):
        path = path[1:]
    elif path.startswith(("/", "./")):
        path = path.removeprefix("./").removeprefix("/")
    elif not path.startswith("~/") and "/" not in path.rstrip("/"):
        path = f"**/{path}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", path.rstrip("/"))
    wild = {"**/": f"?({_ANY}/)", "**": _ANY, "*": "*([^/])", "?": "[^/]"}
    glob = "".join(wild.get(part) or _literal(part) for part in parts)
    return glob if glob.endswith(_ANY) else f"{glob}?(/{_ANY})"


def _address(domain: str, *, allows: bool) -> str:
    """The glob over an address of a domain; what denies is also about the domains below it, in letters of any case."""
    if allows:
        return f"https://{_literal(domain)}?(/*([A-Za-z0-9_.,:=&?%+/ -]))"
    letters = (f"[{one.lower()}{one.upper()}]" if one.isalpha() else _literal(one) for one in domain)
    return f"[hH][tT][tT][pP]?([sS])://?({_ANY}[@.]){''.join(letters)}?(.)?([:/?#]{_ANY})"
