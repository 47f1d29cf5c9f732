"""What people see: marks, colours, what is hidden, and the summary."""

from __future__ import annotations

import io

import pytest

from harnesssync_orchestrator.console import COLOURS, Console, uses_colour, visible


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def make_console(
    *, verbose: bool = False, terminal: bool = False, environ: dict[str, str] | None = None, platform: str = "linux"
) -> tuple[Console, io.StringIO, io.StringIO]:
    """A console, and the streams it writes results and warnings to."""
    out, err = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    return Console(verbose=verbose, out=out, err=err, environ=environ or {}, platform=platform), out, err


def say_everything(console: Console) -> None:
    console.header("a project")
    console.info("done")
    console.error("broken")
    console.warn("careful")
    console.skip("as it was")
    console.debug("detail")
    console.note("look at this")


def test_logger_levels_have_their_marks_in_plain_text() -> None:
    """Without a terminal there is a mark and no colour; warnings go to standard error, what is skipped nowhere."""
    console, out, err = make_console()
    say_everything(console)
    assert out.getvalue() == "\n[a project]\n  ✓ done\n  ✗ broken\n  ! look at this\n"
    assert err.getvalue() == "  ⚠ careful\n"


def test_logger_levels_show_more_when_verbose() -> None:
    """Verbose adds what was skipped, and details."""
    console, out, _ = make_console(verbose=True)
    say_everything(console)
    assert out.getvalue() == "\n[a project]\n  ✓ done\n  ✗ broken\n  · as it was\n    detail\n  ! look at this\n"


def test_logger_levels_are_coloured_at_a_terminal() -> None:
    """Each level has its colour, and ends it."""
    console, out, err = make_console(verbose=True, terminal=True)
    say_everything(console)
    assert out.getvalue() == (
        "\n\033[1m\033[34m[a project]\033[0m\033[0m\n"
        "  \033[32m✓\033[0m done\n"
        "  \033[31m✗\033[0m broken\n"
        "  \033[2m·\033[0m as it was\n"
        "  \033[2m  detail\033[0m\n"
        "  \033[33m!\033[0m look at this\n"
    )
    assert err.getvalue() == "  \033[33m⚠\033[0m careful\n"


def test_logger_codes_are_those_of_ansi() -> None:
    """The eight codes that terminals know."""
    assert COLOURS == {
        "reset": "\033[0m",
        "bold": "\033[1m",
        "dim": "\033[2m",
        "red": "\033[31m",
        "green": "\033[32m",
        "yellow": "\033[33m",
        "blue": "\033[34m",
        "cyan": "\033[36m",
    }


def test_logger_summary_counts_in_order() -> None:
    """Synced, skipped, cleaned, errors; what is zero is left out."""
    console, _, _ = make_console()
    console.synced()
    console.synced(2)
    console.error("broken")
    assert console.summary() == "3 synced, 1 errors"
    console.skip("hidden, and counted")
    console.cleaned(2)
    assert console.summary() == "3 synced, 1 skipped, 2 cleaned, 1 errors"


def test_logger_summary_is_coloured_at_a_terminal() -> None:
    """Each number has the colour of its level."""
    console, _, _ = make_console(terminal=True)
    console.synced()
    console.cleaned()
    assert console.summary() == "\033[32m1 synced\033[0m, \033[33m1 cleaned\033[0m"


def test_logger_empty_summary_says_so() -> None:
    """Nothing counted is not an empty line."""
    assert make_console()[0].summary() == "nothing to do"


def test_counters_isolated_between_consoles_on_the_same_streams() -> None:
    """Each project counts for itself."""
    console, out, _ = make_console(verbose=True)
    console.synced(3)
    other = console.fresh()
    assert other.summary() == "nothing to do"
    other.error("broken")
    assert console.summary() == "3 synced"
    assert "broken" in out.getvalue()
    assert other.verbose


@pytest.mark.parametrize(
    ("terminal", "environ", "platform", "expected"),
    [
        (True, {}, "linux", True),
        (True, {}, "darwin", True),
        (False, {}, "linux", False),
        (True, {"NO_COLOR": "1"}, "linux", False),
        (True, {"NO_COLOR": ""}, "linux", True),
        (True, {"TERM": "dumb"}, "linux", False),
        (True, {}, "win32", False),
        (True, {"WT_SESSION": "{7b6f}"}, "win32", True),
        (True, {"WT_SESSION": "{7b6f}", "NO_COLOR": "1"}, "win32", False),
        (False, {"WT_SESSION": "{7b6f}"}, "win32", False),
    ],
)
def test_logger_wt_session_and_no_color_decide_about_colour(
    terminal: bool, environ: dict[str, str], platform: str, expected: bool
) -> None:
    """Only a terminal gets colour; the old console of Windows and who says NO_COLOR do not."""
    stream = Terminal() if terminal else io.StringIO()
    assert uses_colour(stream, environ=environ, platform=platform) is expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/srv/日本語 é", "/srv/日本語 é"),
        ("a\nb", r"a\nb"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("a\u200bb", r"a\u200bb"),
        ("not utf-8: \udcff", r"not utf-8: \udcff"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
    ],
)
def test_status_escape_spells_out_what_would_act_on_a_terminal(text: str, shown: str) -> None:
    """Control, direction and zero-width characters are told, not sent."""
    assert visible(text) == shown


def test_an_output_without_the_marks_gets_plain_ones() -> None:
    """On a stream in ASCII or an old code page nothing fails, and what can't be written is spelled out."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    console = Console(out=out, err=out, environ={}, platform="linux")
    console.info("done: 日")
    console.warn("careful")
    out.flush()
    assert raw.getvalue() == b"  + done: \\u65e5\n  ! careful\n"
