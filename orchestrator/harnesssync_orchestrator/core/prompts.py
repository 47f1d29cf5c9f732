"""What the text of a prompt consists of: words, arguments, shell commands and files.

Observed with Claude Code 2.1.330: arguments are counted from 0, also in code; one that is not typed leaves its place as
it is written; `$ARGUMENTS` is replaced wherever it stands; a backslash keeps each of them as text. A shell command is
one at the beginning of a line or behind a space, also in code, or in a block that begins with ```!. All this holds for
skills, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

_PARTS = re.compile(
    r"(?<!\S)!`(?P<shell>[^`\n]+)`"
    r"|^```!\r?\n(?P<block>(?:(?!```)[^\n]*\n)+)```[ \t]*(?=\r?$)"
    r"|(?<!\\)\\(?P<escaped>\$(?:ARGUMENTS(?:\[\d+\])?|\d+))"
    r"|\$ARGUMENTS\[(?P<index>\d{1,9})\]"
    r"|(?P<all>\$ARGUMENTS)"
    r"|\$(?P<number>\d)(?!\w)"
    r"|(?<![^\s(\[])@(?P<file>(?:\.{1,2}/|~/)?[\w.-]+(?:/[\w.-]+)*/?)",
    re.MULTILINE,
)
_NUMBERED = ("index", "number")
_SINGLE = re.compile(r"(?<!\\)(?:\$ARGUMENTS\[(?P<index>\d{1,9})\]|\$(?P<number>\d)(?!\w))")
_PERHAPS = re.compile(r"\$(?:ARGUMENTS|\d|\{CLAUDE_)|!`|!\r?\n|@[\w.~]")
_VARIABLE = re.compile(r"\$\{CLAUDE_(?:SKILL_DIR|SESSION_ID|PLUGIN_ROOT)\}")
_CODE = re.compile(r"^[ \t]*(?P<fence>`{3,}|~{3,})[\s\S]*?(?:^[ \t]*(?P=fence)|\Z)|(?<!`)`[^`\n]+`", re.MULTILINE)
_RUN = re.compile(r"!(?:\$[^\s`!]*)?`")
_FILE_ENDINGS = frozenset(
    (
        *("c", "cfg", "cpp", "cs", "css", "csv", "env", "go", "h", "html", "ini", "java", "js", "json", "jsonc"),
        *("jsx", "kt", "lock", "md", "mdx", "php", "proto", "py", "rb", "rs", "rst", "sh", "sql", "svg", "swift"),
        *("toml", "ts", "tsx", "txt", "xml", "yaml", "yml"),
    )
)


@dataclass(frozen=True, slots=True)
class Shell:
    """!`command`, or several in a block: their output stands there."""

    command: str
    is_block: bool = False

    @property
    def written(self) -> str:
        return f"```!\n{self.command}\n```" if self.is_block else f"!`{self.command}`"


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


@dataclass(frozen=True, slots=True)
class Variable:
    """`${CLAUDE_SKILL_DIR}` and the like, in the text of a skill: a path or a name that only Claude Code knows."""

    written: str


@lru_cache(maxsize=1024)
def parts(prompt: str) -> tuple[str | Part, ...]:
    """The text of a command, in order: strings, and what Claude Code puts something in the place of.

    In code, `@` mentions no file: there it is a decorator, an address or the scope of a package. Cached, since every
    target asks more than once.
    """
    found: list[str | Part] = []
    for is_text, group in groupby(_parts(prompt), lambda one: isinstance(one, str)):
        if is_text:
            found.append("".join(map(str, group)))
        else:
            found.extend(group)
    return tuple(found)


@lru_cache(maxsize=1024)
def distinct(prompt: str) -> tuple[str | Part, ...]:
    """The parts of a command, each once: a long one may repeat a few of them ten thousand times, for every target."""
    return tuple(dict.fromkeys(parts(prompt)))


def may_run(prompt: str) -> bool:
    """May a harness run something of a command? Some also run a !`command` behind a word, or where an argument that
    nobody types leaves nothing between the two signs."""
    return _RUN.search(prompt) is not None


def placeholders(text: str, *, takes_arguments: bool = False) -> tuple[Part | Variable, ...]:
    """The first of each kind of what Claude Code puts something in the place of, in the text of a skill; of variables
    each.

    A single argument in code is most often one of a shell or of awk, unless all of them are put in elsewhere or the
    front matter says that the skill `takes_arguments`. Skills are many and their texts long: most are only searched.
    """
    if _PERHAPS.search(text) is None:
        return ()
    found = _firsts(text)
    is_meant = takes_arguments or Arguments in found or Argument not in found
    if not is_meant and Argument not in _firsts(_CODE.sub("", text)):
        del found[Argument]
    return (*found.values(), *map(Variable, dict.fromkeys(_VARIABLE.findall(text))))


def _firsts(text: str) -> dict[type, Part]:
    found: dict[type, Part] = {}
    for part in _parts(text):
        if not isinstance(part, str):
            found.setdefault(type(part), part)
    return found


def mentions(text: str) -> list[int]:
    """Where the files stand that Claude Code puts into a text: behind each `@`. Of a word without an ending or a
    folder, which may be a person, only Claude Code can say whether there is such a file."""
    return [begin + 1 for begin, _, part in _places(text) if isinstance(part, File)]


def _parts(prompt: str) -> Iterator[str | Part]:
    position = 0
    for begin, end, part in _places(prompt):
        if begin > position:
            yield prompt[position:begin]
        yield part
        position = end
    if position < len(prompt):
        yield prompt[position:]


def _places(prompt: str) -> Iterator[tuple[int, int, str | Part]]:
    """Where something other than plain text begins and ends, and what it is: text where a backslash keeps it so."""
    matches = list(_PARTS.finditer(prompt))
    numbers = {int(match["index"] or match["number"]) for match in matches if match.lastgroup in _NUMBERED}
    code = [match.span() for match in _CODE.finditer(prompt)][::-1]
    known: dict[str, tuple[str | Part | None, int]] = {}
    for match in matches:
        written, begin = match[0], match.start()
        if written not in known:
            known[written] = _part(match, numbers)
        part, length = known[written]
        while code and code[-1][1] <= begin:
            code.pop()
        if part is None or (code and code[-1][0] <= begin and isinstance(part, File)):
            continue
        yield begin, begin + length, part


def _part(match: re.Match[str], numbers: Collection[int]) -> tuple[str | Part | None, int]:
    """What is found, None for plain text, and how long it is."""
    written, group = match[0], match.lastgroup
    if group == "shell":
        return Shell(match["shell"]), len(written)
    if group == "block":
        return Shell(match["block"].replace("\r\n", "\n").rstrip("\n"), is_block=True), len(written)
    if group == "all":
        return Arguments(), len(written)
    if group == "escaped":
        return match["escaped"], len(written)
    if group in _NUMBERED:
        number = int(match["index"] or match["number"])
        return (Argument(number + 1, written) if _is_single(match, numbers) else None), len(written)
    path = match["file"].rstrip(".")
    # Claude Code looks whether there is such a file, which can't be done here: `@alice` is a person, and
    # `@app.get` a decorator.
    is_path = "/" in path or path.rpartition(".")[2] in _FILE_ENDINGS
    return (File(path) if is_path else None), 1 + len(path)


def _is_single(match: re.Match[str], numbers: Collection[int]) -> bool:
    """`$5` where there is no `$4` is an amount of money: Claude Code leaves it, too, unless six words are typed."""
    return match["index"] is not None or int(match["number"]) < 2 or int(match["number"]) - 1 in numbers


def singles(part: Shell) -> bool:
    """Does a shell command take single arguments?"""
    return renumbered(part.command) != part.command


def renumbered(command: str) -> str:
    """A shell command whose single arguments are counted from 1, as most harnesses do."""
    numbers = {int(match["index"] or match["number"]) for match in _SINGLE.finditer(command)}

    def counted(match: re.Match[str]) -> str:
        return f"${int(match['index'] or match['number']) + 1}" if _is_single(match, numbers) else match[0]

    return _SINGLE.sub(counted, command)


def has_singles(prompt: str) -> bool:
    """Is anything in a command about single arguments, also in what it runs?"""
    return any(isinstance(one, Argument) or (isinstance(one, Shell) and singles(one)) for one in distinct(prompt))
