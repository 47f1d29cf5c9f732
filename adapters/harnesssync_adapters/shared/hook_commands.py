"""What a hook runs, as one line for a shell, and the settings that decide what is run and when."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Container, Iterable, Iterator

from harnesssync_orchestrator.core.items import Hook

PROJECT_DIR = re.compile(r"\$(?:\{CLAUDE_PROJECT_DIR\}|CLAUDE_PROJECT_DIR\b)")
"""The variable by which hooks find the project's files, in either of its forms."""

CLAUDES_DIR = "${CLAUDE_PROJECT_DIR}"
"""For harnesses that set the variable as Claude Code does."""

GIT_DIR = "$(git rev-parse --show-toplevel)"
"""For harnesses that set no variable of the kind."""

_TOKENS = re.compile(
    r"(?P<escaped>\\.)|(?P<dir>\$(?:\{CLAUDE_PROJECT_DIR\}|CLAUDE_PROJECT_DIR\b))"
    r"|(?P<single>'[^']*')|(?P<comment>(?<!\S)#[^\n]*)|(?P<double>\")|(?P<open>\$?\()|(?P<close>\))",
    re.DOTALL,
)
_NOT_PROGRAMS = frozenset(
    (
        *("!", ".", ":", "{", "}", "[[", "break", "case", "cd", "continue", "do", "done", "elif", "else", "esac"),
        *("eval", "exec", "exit", "export", "fi", "for", "function", "if", "in", "readonly", "return", "select"),
        *("set", "shift", "source", "then", "time", "times", "trap", "unset", "until", "while"),
    )
)
"""Words that a shell takes for its own where a program is to stand."""

_CLAUDES_SHELL = "bash"
DECIDING = ("args", "if", "shell", "async", "asyncRewake")
"""Settings of a hook without which something else is run, or at other times."""


def command_line(hook: Hook, directory: str = CLAUDES_DIR) -> str:
    """The command of a hook for a shell that finds the project in `directory`. With `args` Claude Code starts the
    program itself: then each of its arguments is quoted, and arrives as it is written."""
    if "args" not in hook.extra:
        return _in_shell(hook.command or "", directory)
    args = hook.extra["args"]
    words = (hook.command or "", *(args if isinstance(args, list) else ()))
    kept = [text for one in words for text in one.split(CLAUDES_DIR)]
    return _knowing(" ".join(_quoted(one, directory) for one in words), kept, directory)


def unwritable(
    hook: Hook, kept: Container[str] = (), expands: Callable[[str], bool] | None = None
) -> tuple[str, str] | None:
    """The setting that keeps a hook from being written for a shell, and why; None if nothing does. `kept` are those
    that the harness has as well; it puts variables in the place of what `expands`, before a shell sees quotes."""
    extra = hook.extra
    if "args" in extra:
        args = extra["args"]
        if not isinstance(args, list) or not all(isinstance(one, str) for one in args):
            return "args", "these are no list of texts"
        if hook.command in _NOT_PROGRAMS or "=" in (hook.command or "") or "\0" in "".join(args):
            return "args", "a shell would not start this program with just these arguments"
        words = [text for one in (hook.command or "", *args) for text in one.split(CLAUDES_DIR)]
        if expands is not None and any(map(expands, words)):
            return "args", "it would put a variable in the place of a part of them"
    if _is_set(hook, "if") and "if" not in kept:
        return "if", "it has no such condition: the hook would run at other times too"
    if "args" not in extra and extra.get("shell", _CLAUDES_SHELL) != _CLAUDES_SHELL and "shell" not in kept:
        return "shell", "it has another shell"
    return None


def deciding(hook: Hook) -> Iterator[str]:
    """The settings that decide what is run and when, for harnesses that read the hook where it is written."""
    if "args" in hook.extra:
        yield "args"
    elif _is_set(hook, "shell") and hook.extra["shell"] != _CLAUDES_SHELL:
        yield "shell"
    yield from (name for name in ("if", "async", "asyncRewake") if _is_set(hook, name))


def in_background(hook: Hook) -> str | None:
    """The setting by which Claude Code neither waits for a hook nor heeds what it answers."""
    return next((name for name in ("async", "asyncRewake") if hook.extra.get(name) is True), None)


def literal_directories(command: str) -> list[str]:
    """Each mention of the variable that is text for the shell: in single quotes, or behind a backslash."""
    kept = [text for is_replaced, text in _pieces(command) if not is_replaced]
    return [match[0] for text in kept for match in PROJECT_DIR.finditer(text)]


def _is_set(hook: Hook, name: str) -> bool:
    return hook.extra.get(name) not in (None, "", False)


def _quoted(argument: str, directory: str) -> str:
    """One argument. Only the form with braces is replaced in it, since no shell reads it."""
    pieces = [shlex.quote(text) if text else "" for text in argument.split(CLAUDES_DIR)]
    return f'"{directory}"'.join(pieces) or "''"


def _in_shell(command: str, directory: str) -> str:
    """The command with `directory` in the place of the variable, where a shell would replace it."""
    if directory == CLAUDES_DIR:
        return command
    pieces = list(_pieces(command))
    line = "".join(directory if is_replaced else text for is_replaced, text in pieces)
    return _knowing(line, [text for is_replaced, text in pieces if not is_replaced], directory)


def _knowing(line: str, kept: Iterable[str], directory: str) -> str:
    """The line with the variable set, if what is `kept` of the command names it: the shell expands it in another way,
    or a program looks for it in its environment, such as another shell that it is text for."""
    if directory == CLAUDES_DIR or not any("CLAUDE_PROJECT_DIR" in text for text in kept):
        return line
    return f'CLAUDE_PROJECT_DIR="{directory}"; export CLAUDE_PROJECT_DIR; {line}'


def _pieces(command: str) -> Iterator[tuple[bool, str]]:
    """The command in order, and whether each piece is the variable where a shell replaces it."""
    quotes = [False]  # of each command inside another, whether double quotes are open
    position = start = 0
    while (match := _TOKENS.search(command, position)) is not None:
        position = match.end()
        kind = match.lastgroup
        if kind == "double":
            quotes[-1] = not quotes[-1]
        elif kind in ("single", "comment") and quotes[-1]:
            position = match.start() + 1
        elif kind == "open" and (match[0] == "$(" or not quotes[-1]):
            quotes.append(False)
        elif kind == "close" and len(quotes) > 1 and not quotes[-1]:
            quotes.pop()
        elif kind == "dir":
            yield False, command[start : match.start()]
            yield True, match[0]
            start = position
    yield False, command[start:]
