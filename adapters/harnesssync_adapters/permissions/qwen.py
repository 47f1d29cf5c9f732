"""Permissions for Qwen Code: Claude Code's own syntax and precedence, with other meanings in places.

As its own matcher of rules has it: a command without a star also matches with arguments behind it, and ` *` anywhere
matches nothing at all too; commands are compared without quotes; a path without a prefix counts from the working
directory; a domain includes those below it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import lost, one_tool_losses, rule_element, settings_losses, writable
from harnesssync_adapters.shared.qwen_tools import would_expand
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions
from harnesssync_orchestrator.core.targets import View

SETTINGS = ".qwen/settings.json"

_NAMES = {
    **{name: name for name in ("Bash", "Read", "Edit", "Write", "NotebookEdit", "Grep", "Glob", "WebFetch")},
    **{name: name for name in ("WebSearch", "Agent", "Skill", "TodoWrite", "AskUserQuestion", "ExitPlanMode")},
    "Task": "Agent",
    "LS": "ListFiles",
    "MultiEdit": "Edit",
}
_PATHS = frozenset({"Read", "Edit", "Write", "NotebookEdit", "Grep", "Glob", "ListFiles"})
_FAMILIES = {"Read": {"Grep", "Glob", "ListFiles"}, "Edit": {"Write", "NotebookEdit"}}
"""Rules about the one are about the others too."""
_BY_NAME = frozenset({"Agent", "Skill"})
_QUOTING = re.compile(r"""["'\\$`]""")
_NOT_GITIGNORE = re.compile(r"[{}()]|^!")


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """One element for each rule, in the list of its action; denials come first wherever they stand."""
    for one in items:
        for rule in writable(view, one, "Qwen Code", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            texts, why = _texts(rule)
            for text in texts:
                yield rule_element(view, one, rule, SETTINGS, ("permissions", rule.action.value), text)
            if texts and rule.tool == "MultiEdit":
                yield from one_tool_losses(view, one, rule, "Qwen Code")
            if why is not None:
                yield lost(view, one, rule, why, security=not texts)
        yield from settings_losses(view, one, "Qwen Code")


def _reach(rule: PermissionRule) -> Collection[str]:
    names = {text.partition("(")[0] for text in _texts(rule)[0]}
    return names.union(*(_FAMILIES.get(name, ()) for name in names))


def _texts(rule: PermissionRule) -> tuple[list[str], str | None]:
    """A rule as Qwen Code's rules, and what of it is lost."""
    if would_expand(rule.text):
        return [], "Qwen Code would put a variable in its place"
    whole = rule.specifier in (None, "*")
    if split_mcp(rule.tool) is not None:
        return (
            ([rule.tool.removesuffix("__*")], None) if whole else ([], "Qwen Code has no patterns for servers' tools")
        )
    name = _NAMES.get(rule.tool)
    if name is None:
        return [], f"Qwen Code has no tool {rule.tool}"
    if rule.tool == "MultiEdit" and rule.action is Action.ALLOW:
        return [], "Qwen Code has one tool for this and for `Edit`"
    specifier = str(rule.specifier).strip()
    if whole:
        return [name], None
    if name == "Bash":
        return _command(rule, specifier)
    if name in _PATHS:
        return _paths(rule, name, specifier)
    if name == "WebFetch":
        return _domain(rule, specifier)
    if name in _BY_NAME and re.fullmatch(r"[\w-]+", specifier):
        return [f"{name}({specifier})"], None
    return [], f"Qwen Code has no patterns for {name}"


def _command(rule: PermissionRule, specifier: str) -> tuple[list[str], str | None]:
    pattern = command_pattern(specifier)
    if pattern.shape is Shape.EVERY:
        return ["Bash"], None
    if _QUOTING.search(pattern.text):
        return [], "Qwen Code compares commands without their quotes"
    if pattern.shape is Shape.PREFIX:
        return [f"Bash({pattern.text} *)"], None
    if ":*" in pattern.text:
        return [], "Qwen Code would take the colon for a space"
    if pattern.shape is Shape.EXACT:
        if rule.action is Action.ALLOW:
            return [], "Qwen Code would allow the command with any further arguments too"
        return [f"Bash({pattern.text})"], "it also holds for the command with arguments"
    if rule.action is Action.ALLOW and " *" in pattern.text:
        return [], "Qwen Code would allow more: there, ` *` may also stand for nothing"
    return [f"Bash({pattern.text})"], None


def _paths(rule: PermissionRule, name: str, specifier: str) -> tuple[list[str], str | None]:
    """A pattern in the manner of `.gitignore` as one of picomatch. A folder that is denied is so with all in it."""
    if _NOT_GITIGNORE.search(specifier):
        return [], "Qwen Code would read the brackets in it as alternatives"
    path = specifier.rstrip("/")
    if "/" not in path:
        path = f"**/{path}"
    if rule.action is Action.ALLOW:
        if name not in ("Read", "Edit"):
            return [], f"Claude Code itself takes no paths for {name}, Qwen Code would"
        return [f"{name}({path})"], None
    return [f"{name}({path})", *([] if path.endswith("**") else [f"{name}({path}/**)"])], None


def _domain(rule: PermissionRule, specifier: str) -> tuple[list[str], str | None]:
    domain = specifier.removeprefix("domain:").removeprefix("*.")
    if domain == specifier or "*" in domain:
        return [], "Qwen Code has rules for domains only, without stars"
    if rule.action is Action.ALLOW:
        return [], "Qwen Code would allow all domains below it too"
    return [f"WebFetch(domain:{domain})"], None
