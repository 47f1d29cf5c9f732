"""Command lines, read by tables: what a command takes is data, and so are its help and its errors.

Written by hand because importing `argparse` takes as long as starting Python.
"""

from __future__ import annotations

from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 26  # of the left column of a help text


class Option:
    """`--name`, or `--name VALUE` if there is a `value` to name. `kind` is `text` or `seconds`.

    A `repeated` one may be given several times; a `negatable` flag also has the form `--no-name`; `letter` is its
    short form (`-v`).
    """

    __slots__ = ("help", "kind", "letter", "name", "negatable", "repeated", "value")

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - the word for it on every command line
        *,
        value: str = "",
        kind: str = "text",
        repeated: bool = False,
        negatable: bool = False,
        letter: str = "",
    ) -> None:
        self.name = name
        self.help = help
        self.value = value
        self.kind = kind
        self.repeated = repeated
        self.negatable = negatable
        self.letter = letter

    @property
    def synopsis(self) -> str:
        text = f"--[no-]{self.name}" if self.negatable else f"--{self.name}"
        if self.letter:
            text = f"-{self.letter}, {text}"
        return f"{text} {self.value}" if self.value else text


HELP = Option("help", "Show this text.", letter="h")
PROJECT = Option("project", "The worktree, instead of the one around the working directory.", value="PATH")
USER = Option("user", "The user scope: the configuration in the home directory.")
JSON = Option("json", "Print JSON (docs/json.md).")
VERBOSE = Option("verbose", "Show also what is right already, and every loss.", letter="v")
TARGET = Option("target", "Only this harness; may be given several times.", value="TARGET", repeated=True)
LOCK_TIMEOUT = Option("lock-timeout", "How long to wait for the project's lock.", value="SECONDS", kind="seconds")
CONFIRM = Option("confirm", "Go on although the source is gone: remove what came from it.")
RESOLVE = (
    Option("restore", "Write ours again; what is there is kept in the history."),
    Option("keep", "Leave what is there, from now on without telling, until it is deleted or restored."),
    Option("adopt", "Take the edit into the source, where that gives exactly what was edited."),
    Option("all", "Every conflict that can be resolved so."),
)

UNDO = (
    Option("list", "Show what can be undone, newest first."),
    Option("dry-run", "Change nothing; say what would be done."),
)
UNDO_DETAILS = (
    "Path by path: what is as the sync left it is put back as it was before, byte for byte; what was edited since is\n"
    "a conflict and is left alone. What one command did goes together: an adopted edit, and the sync that followed.\n"
    "Again, it takes back the sync before. NUMBER names one transaction of --list, such as an undo that is to be\n"
    "undone. A registered project is paused, or it would be synced again.\n"
    "Exit code: 0 undone, 1 if something was left alone, 4 if something failed."
)


class Command:
    """What one command takes. `argument` names its one positional argument, in brackets if it may be left out, with `…`
    if there may be several."""

    __slots__ = ("argument", "details", "name", "options", "summary")

    def __init__(
        self, name: str, summary: str, *, options: Sequence[Option] = (), argument: str = "", details: str = ""
    ) -> None:
        self.name = name
        self.summary = summary
        self.options = (*options, HELP)
        self.argument = argument
        self.details = details


class Parsed:
    """The options and the arguments that were given."""

    __slots__ = ("_values", "arguments")

    def __init__(self, values: dict[str, list[str]], arguments: tuple[str, ...]) -> None:
        self._values = values
        self.arguments = arguments

    @property
    def argument(self) -> str | None:
        """The argument of a command that takes one."""
        return self.arguments[0] if self.arguments else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Was `--name` given (and not, after that, `--no-name`)?"""
        values = self._values.get(name)
        return default if not values else values[-1] == "yes"

    def text(self, name: str) -> str | None:
        """The value of `--name`; of several the last."""
        values = self._values.get(name)
        return values[-1] if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a repeated option, each once, in order. Commas separate too: `--target codex,gemini`."""
        parts = [part.strip() for value in self._values.get(name, ()) for part in value.split(",")]
        return tuple(dict.fromkeys(part for part in parts if part))

    def seconds(self, name: str) -> float | None:
        """The value of an option of that kind."""
        text = self.text(name)
        return None if text is None else float(text)


def parse(command: Command, arguments: Sequence[str]) -> Parsed:
    """Read the command line of one command. Raises `UsageError`, which names the nearest right option."""
    known = {f"--{option.name}": option for option in command.options}
    known |= {f"--no-{option.name}": option for option in command.options if option.negatable}
    known |= {f"-{option.letter}": option for option in command.options if option.letter}
    values: dict[str, list[str]] = {}
    positional: list[str] = []
    remaining = list(arguments)
    while remaining:
        word = remaining.pop(0)
        if word == "--":
            positional += remaining
            break
        if not word.startswith("-") or word == "-":
            positional.append(word)
            continue
        name, equals, value = word.partition("=")
        option = known.get(name)
        if option is None:
            hint = _nearest(name, known) or f"{command.name} --help lists them"
            raise UsageError(f"{command.name} has no option {name}", hint=hint)
        if not option.value:
            if equals:
                raise UsageError(f"{name} takes no value")
            value = "no" if name.startswith("--no-") and option.name != name[2:] else "yes"
        elif not equals:
            if not remaining:
                raise UsageError(f"{name} needs a value: {option.synopsis}")
            value = remaining.pop(0)
        if option.value:
            _check_value(option, name, value)
        values.setdefault(option.name, []).append(value)
    return Parsed(values, _arguments(command, positional, asks_help="help" in values))


def _check_value(option: Option, name: str, value: str) -> None:
    if not value:
        raise UsageError(f"{name} needs a value: {option.synopsis}")
    if option.kind == "seconds":
        try:
            number = float(value)
        except ValueError:
            raise UsageError(f"{name} takes a number of seconds, not {value!r}") from None
        if not 0 <= number < float("inf"):
            raise UsageError(f"{name} takes a number of seconds, not {value!r}")


def _arguments(command: Command, positional: list[str], *, asks_help: bool) -> tuple[str, ...]:
    if "…" not in command.argument and len(positional) > (1 if command.argument else 0):
        raise UsageError(f"{command.name} does not take {positional[-1]!r}", hint=f"See {command.name} --help")
    if not positional and command.argument and not command.argument.startswith("[") and not asks_help:
        raise UsageError(f"{command.name} needs {command.argument}")
    return tuple(positional)


def split_command(arguments: Sequence[str], valued: Iterable[str] = ("--project",)) -> tuple[str | None, list[str]]:
    """The command and what is left, when options may stand before it: `--project P status --json`.

    `valued` are the options before a command that take a value. None if there is no command at all.
    """
    before: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            return word, [*before, *rest]
        before.append(word)
        if word in valued and rest:
            before.append(rest.pop(0))
    return None, before


def unknown_command(program: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a command that does not exist."""
    return UsageError(f"{program} has no command {name!r}", hint=_nearest(name, known) or f"See {program} --help")


def check_targets(given: Sequence[str], known: Sequence[str]) -> None:
    """Raise `UsageError` for the first of `given` that no adapter has, naming the nearest that one has."""
    for name in given:
        if name not in known:
            hint = _nearest(name, known) or f"There are: {', '.join(known)}"
            raise UsageError(f"there is no target {name!r}", hint=hint)


def _nearest(word: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only a mistake needs it, and it brings in `re`

    bare = {name.lstrip("-"): name for name in known}  # dashes that all of them share make none of them nearer
    found = difflib.get_close_matches(word.lstrip("-"), bare, n=1, cutoff=0.6)
    return f"Did you mean {bare[found[0]]}?" if found else ""


def help_text(program: str, command: Command) -> str:
    """What `--help` prints for one command."""
    usage = " ".join(filter(None, (program, command.name, "[options]", command.argument)))
    lines = [f"Usage: {usage}", "", command.summary]
    if command.details:
        lines += ["", command.details]
    lines += ["", "Options:", *(_row(option.synopsis, option.help) for option in command.options)]
    return "\n".join(lines)


def overview(program: str, summary: str, commands: Iterable[Command], *, after: str = "") -> str:
    """What `--help` prints for a program: its commands, one line each."""
    lines = [f"Usage: {program} COMMAND [options]", "", summary, "", "Commands:"]
    lines += [_row(command.name, command.summary) for command in commands]
    if after:
        lines += ["", after]
    return "\n".join(lines)


def _row(left: str, right: str) -> str:
    return f"  {left:<{WIDTH}}{right}" if len(left) < WIDTH else f"  {left}\n  {'':<{WIDTH}}{right}"
