"""Permissions for Cursor: lists for its command line, of which a denial beats what is allowed. As documented, and not
observed. The editor does not read them: what runs there without a question is said in its own settings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.permissions.rules import (
    NO_NOTEBOOKS,
    about_notebooks,
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

_PATHS = {"Read": "Read", "Edit": "Write", "Write": "Write", "MultiEdit": "Write", "NotebookEdit": "Write"}


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    path = ".cursor/cli.json" if view.scope is Scope.PROJECT else ".cursor/cli-config.json"
    for one in items:
        for rule in writable(view, one, "Cursor", _reach):
            if isinstance(rule, Loss):
                yield rule
                continue
            texts, why = _texts(rule)
            for text in texts:
                yield rule_element(view, one, rule, path, ("permissions", rule.action.value), text)
            if why is not None:
                yield lost(view, one, rule, why, security=not texts)
            elif rule.action is Action.DENY:
                why = "it holds on Cursor's command line: the editor has no list of what is denied"
                yield loss(view, one, f"{rule.action.value} {rule.text}", why, security=True)
            if texts:
                yield from one_tool_losses(view, one, rule, "Cursor")
        yield from settings_losses(view, one, "Cursor")


def _reach(rule: PermissionRule) -> Collection[str]:
    """Whether Cursor knows a path of the home directory is not documented."""
    texts = () if str(rule.specifier).startswith("~") else _texts(rule)[0]
    return {text.partition("(")[0] for text in texts}


def _texts(rule: PermissionRule) -> tuple[list[str], str | None]:
    """A rule as Cursor's rules, and what of it is lost."""
    if rule.action is Action.ASK:
        return [], "Cursor asks about what is not allowed: it has no list of its own for that"
    whole = rule.specifier in (None, "*")
    if rule.tool == "Bash":
        return _command(rule)
    if (mcp := split_mcp(rule.tool)) is not None:
        return ([f"Mcp({mcp[0]}:{mcp[1] or '*'})"], None) if whole else ([], "Cursor takes servers and tools by name")
    if rule.tool in _PATHS:
        if (of_files := about_notebooks(rule)) is None:
            return [], NO_NOTEBOOKS
        if of_files is not rule and whole:
            return ["Write(**/*.ipynb)", "Write(/**/*.ipynb)"], None
        return _paths(of_files, _PATHS[rule.tool], "**" if whole else str(of_files.specifier).strip())
    if rule.tool == "WebFetch":
        domain = "*" if whole else str(rule.specifier).strip().removeprefix("domain:")
        is_domain = whole or (domain != str(rule.specifier).strip() and "*" not in domain.removeprefix("*."))
        return ([f"WebFetch({domain})"], None) if is_domain else ([], "Cursor takes domains only")
    return [], f"Cursor has no rules for {rule.tool}"


def _command(rule: PermissionRule) -> tuple[list[str], str | None]:
    """`Shell(git)` is every call of git, and `Shell(git:push*)` those whose arguments begin so."""
    pattern = command_pattern(rule.specifier)
    if pattern.shape is Shape.EVERY:
        return ["Shell(**)"], None
    words = pattern.words()
    if pattern.shape is Shape.GLOB or words is None or words != pattern.text.split() or ":" in pattern.text:
        return [], "Cursor compares the beginnings of commands, without anything of a shell's"
    if rule.action is Action.ALLOW:
        if pattern.shape is Shape.PREFIX and len(words) == 1 and "/" not in words[0]:
            return [f"Shell({words[0]})"], None
        return [], "Cursor would allow more: all arguments that begin so"
    text = f"Shell({words[0]})" if len(words) == 1 else f"Shell({words[0]}:{' '.join(words[1:])}*)"
    return [text], "it also holds for the command with arguments" if pattern.shape is Shape.EXACT else None


def _paths(rule: PermissionRule, name: str, specifier: str) -> tuple[list[str], str | None]:
    """A pattern in the manner of `.gitignore` as a glob below the project's root, or an absolute one."""
    path = specifier.rstrip("/").removeprefix("./")
    if path == "**" and rule.action is Action.DENY:
        return [f"{name}(**)", f"{name}(/**)"], None  # a glob that is not absolute counts from the project's root
    if path.startswith("/"):  # `//x` is absolute, `/x` stands below the root
        path = path[1:]
    elif "/" not in path and path != "**":
        path = f"**/{path}"
    if rule.action is Action.ALLOW:
        is_whole_tool = rule.tool in ("Read", "Edit")
        return ([f"{name}({path})"], None) if is_whole_tool else ([], f"Cursor would allow more than {rule.tool}")
    return [f"{name}({path})", *([] if path.endswith("**") else [f"{name}({path}/**)"])], None
