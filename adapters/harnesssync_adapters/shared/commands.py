"""What the text of a slash command consists of: words, arguments, shell commands and files.

Observed with Claude Code 2.1.330: arguments are counted from 0, also in code; one that is not typed leaves its place as
it is written; `$ARGUMENTS` is replaced wherever it stands; a backslash keeps each of them as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

_PARTS = re.compile(
    r"!`(?P<shell>[^`\n]+)`"
    r"|(?<!\\)\\(?P<escaped>\$(?:ARGUMENTS(?:\[\d+\])?|\d+(?!\w)))"
    r"|\$ARGUMENTS\[(?P<index>\d+)\]"
    r"|(?P<all>\$ARGUMENTS)"
    r"|\$(?P<number>\d)(?!\w)"
    r"|(?<![^\s(\[])@(?P<file>(?:\.{1,2}/|~/)?[\w.-]+(?:/[\w.-]+)*/?)"
)
_SINGLE = re.compile(r"\$ARGUMENTS\[(\d+)\]|\$(\d)(?!\w)")
_CODE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})[\s\S]*?(?:^[ \t]*(?P=fence)|\Z)|(?<!`)`[^`\n]+`", re.MULTILINE)
_FILE_ENDINGS = frozenset(
    (
        *("c", "cfg", "cpp", "cs", "css", "csv", "env", "go", "h", "html", "ini", "java", "js", "json", "jsonc"),
        *("jsx", "kt", "lock", "md", "mdx", "php", "proto", "py", "rb", "rs", "rst", "sh", "sql", "svg", "swift"),
        *("toml", "ts", "tsx", "txt", "xml", "yaml", "yml"),
    )
)


@dataclass(frozen=True, slots=True)
class Shell:
    """!`command`: its output stands there."""

    command: str

    @property
    def written(self) -> str:
        return f"!`{self.command}`"


@dataclass(frozen=True, slots=True)
class Arguments:
    """`$ARGUMENTS`: all that was typed."""

    @property
    def written(self) -> str:
        return "$ARGUMENTS"


@dataclass(frozen=True, slots=True)
class Argument:
    """`$0` or `$ARGUMENTS[0]`: one word of what was typed. `number` counts from 1."""

    number: int
    written: str


@dataclass(frozen=True, slots=True)
class File:
    """`@path`: the content of the file stands there."""

    path: str

    @property
    def written(self) -> str:
        return f"@{self.path}"


Part = Shell | Arguments | Argument | File


@lru_cache(maxsize=1024)
def parts(prompt: str) -> tuple[str | Part, ...]:
    """The text of a command, in order: strings, and what Claude Code puts something in the place of.

    In code, `@` mentions no file: there it is a decorator, an address or the scope of a package. Cached, since every
    target asks more than once.
    """
    return tuple(_parts(prompt))


def _parts(prompt: str) -> Iterator[str | Part]:
    position = 0
    numbers = {int(index or number) for index, number in _SINGLE.findall(prompt)}
    code = [match.span() for match in _CODE.finditer(prompt)][::-1]
    for match in _PARTS.finditer(prompt):
        part, end = _part(match, numbers)
        while code and code[-1][1] <= match.start():
            code.pop()
        if part is None or (isinstance(part, File) and code and code[-1][0] <= match.start()):
            continue
        if match.start() > position:
            yield prompt[position : match.start()]
        yield part
        position = end
    if position < len(prompt):
        yield prompt[position:]


def _part(match: re.Match[str], numbers: Collection[int]) -> tuple[str | Part | None, int]:
    if (command := match["shell"]) is not None:
        return Shell(command), match.end()
    if match["all"]:
        return Arguments(), match.end()
    if match["escaped"]:
        return match["escaped"], match.end()
    if (number := match["index"] or match["number"]) is not None:
        # `$5` where there is no `$4` is an amount of money: Claude Code leaves it, too, unless six words are typed.
        is_one = match["index"] is not None or int(number) < 2 or int(number) - 1 in numbers
        return (Argument(int(number) + 1, match[0]) if is_one else None), match.end()
    path = match["file"].rstrip(".")
    # Claude Code looks whether there is such a file, which can't be done here: `@alice` is a person, and
    # `@app.get` a decorator.
    is_path = "/" in path or path.rpartition(".")[2] in _FILE_ENDINGS
    return (File(path) if is_path else None), match.start() + 1 + len(path)


NUMBERS = re.compile(r"\$(?=\d|ARGUMENTS)")
"""What a harness that puts in single arguments would put something in the place of, in text."""


def spaced(text: str) -> str:
    """Text in which such a harness finds none: a space behind the sign keeps it as text."""
    return NUMBERS.sub("$ ", text)


def renumbered(text: str) -> str:
    """Single arguments as harnesses write them that count from 1, also inside of shell commands."""
    return _SINGLE.sub(lambda match: f"${int(match[1] or match[2]) + 1}", text)


def rewritten(prompt: str, text: Callable[[str], str], part: Callable[[Part], str]) -> str:
    """The prompt with its plain text through `text` and everything else through `part`."""
    return "".join(text(one) if isinstance(one, str) else part(one) for one in parts(prompt))


def in_words(part: Shell | File) -> str:
    """What Claude Code would put in, asked of the model in words."""
    if isinstance(part, Shell):
        return f"(first run `{part.command}`, and use its output here)"
    return f"(the content of the file `{part.path}`)"


def with_arguments(prompt: str, harness: str, *, numbered: bool) -> tuple[str, dict[str, str]]:
    """The prompt for a harness that puts in arguments alone, and what of it is lost.

    It knows `$ARGUMENTS`, and `$1`, the first, if it is `numbered`; else the model is told which of them is meant.
    """
    losses: dict[str, str] = {}

    def words(plain: str) -> str:
        if not numbered or not NUMBERS.search(plain):
            return plain
        losses["$"] = f"{harness} would put an argument in the place of a number behind it: a space keeps it as text"
        return spaced(plain)

    def part(one: Part) -> str:
        if isinstance(one, Arguments):
            return one.written
        if isinstance(one, Argument):
            if not numbered:
                losses[one.written] = f"{harness} gives all arguments at once: the model is told which of them is meant"
            return f"${one.number}"
        losses[one.written] = "the model is told in words what belongs there"
        return in_words(one)

    text = rewritten(prompt.strip(), words, part)
    if not numbered and any(isinstance(one, Argument) for one in parts(prompt)):
        text += "\n\nThe arguments are: $ARGUMENTS ($1 stands for the first of them, $2 for the second, and so on.)"
    return text + "\n", losses
