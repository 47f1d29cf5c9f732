"""Command lines, good and bad."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.ctl import main, options
from harnesssync_orchestrator.ctl.commands import NAMES
from harnesssync_orchestrator.ctl.options import Command, Option, parse, split_command
from harnesssync_orchestrator.errors import UsageError

COMMAND = Command(
    "work",
    "Work.",
    options=(
        options.PROJECT,
        options.TARGET,
        options.JSON,
        options.VERBOSE,
        options.LOCK_TIMEOUT,
        Option("wait", "Wait.", negatable=True),
    ),
    argument="[PATH]",
)


def test_options_are_read_in_every_form() -> None:
    """A value after a space or after an equals sign, a letter, repetition, commas, and a path at the end."""
    line = ["--project", "p", "--target=codex", "--target", "gemini,codex", "-v", "--lock-timeout=1.5", "here"]
    parsed = parse(COMMAND, line)
    assert parsed.text("project") == "p"
    assert parsed.texts("target") == ("codex", "gemini")
    assert parsed.flag("verbose")
    assert not parsed.flag("json")
    assert parsed.seconds("lock-timeout") == 1.5
    assert parsed.argument == "here"


def test_a_flag_can_be_negated_and_the_last_word_counts() -> None:
    """`--no-wait` undoes `--wait`, and the other way round."""
    assert parse(COMMAND, []).flag("wait", default=True) is True
    assert parse(COMMAND, ["--no-wait"]).flag("wait", default=True) is False
    assert parse(COMMAND, ["--no-wait", "--wait"]).flag("wait") is True


def test_after_two_dashes_everything_is_an_argument() -> None:
    """A folder may be named like an option."""
    assert parse(COMMAND, ["--json", "--", "--project"]).argument == "--project"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--jsn"], "work has no option --jsn. Did you mean --json?"),
        (["--xyzzy"], "work has no option --xyzzy. work --help lists them"),
        (["--no-json"], "work has no option --no-json. Did you mean --json?"),
        (["--project"], "--project needs a value: --project PATH"),
        (["--project="], "--project needs a value: --project PATH"),
        (["--json=yes"], "--json takes no value"),
        (["--lock-timeout", "soon"], "--lock-timeout takes a number of seconds, not 'soon'"),
        (["--lock-timeout", "nan"], "--lock-timeout takes a number of seconds, not 'nan'"),
        (["--lock-timeout", "-1"], "--lock-timeout takes a number of seconds, not '-1'"),
        (["a", "b"], "work does not take 'b'. See work --help"),
    ],
)
def test_a_mistake_is_a_usage_error_that_names_the_nearest(line: list[str], message: str) -> None:
    """The message says what is wrong and what was probably meant."""
    with pytest.raises(UsageError) as caught:
        parse(COMMAND, line)
    assert str(caught.value) == message


def test_a_required_argument_is_asked_for_unless_help_is() -> None:
    """`add --help` needs no path."""
    command = Command("give", "Give.", argument="PATH")
    with pytest.raises(UsageError, match="give needs PATH"):
        parse(command, [])
    assert parse(command, ["--help"]).flag("help")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["status", "--json"], ("status", ["--json"])),
        (["--project", "p", "status"], ("status", ["--project", "p"])),
        (["--json", "--project=p", "status", "--all"], ("status", ["--json", "--project=p", "--all"])),
        (["--help"], (None, ["--help"])),
        ([], (None, [])),
    ],
)
def test_options_may_stand_before_the_command(line: list[str], expected: tuple[str | None, list[str]]) -> None:
    """`--project P status` means `status --project P`."""
    assert split_command(line) == expected


def test_an_unknown_target_names_the_nearest() -> None:
    """A misspelt harness is found before anything is done."""
    options.check_targets(["codex"], ["codex", "gemini"])
    with pytest.raises(UsageError, match="there is no target 'codx'"):
        options.check_targets(["gemini", "codx"], ["codex", "gemini"])
    with pytest.raises(UsageError, match="There are: codex, gemini"):
        options.check_targets(["zzz"], ["codex", "gemini"])


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_help_with_all_its_options(name: str) -> None:
    """The help comes from the same table as the reading."""
    module = main.load(name)
    text = options.help_text("harnesssync ctl", module.COMMAND)
    assert text.startswith(f"Usage: harnesssync ctl {name}")
    assert module.COMMAND.name == name
    for option in module.COMMAND.options:
        assert option.synopsis in text
        assert option.help in text
    assert max(len(line) for line in text.splitlines()) <= 120
