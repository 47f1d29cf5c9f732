"""The log: lines that parse, in UTC, without secrets, in files that stay small."""

from __future__ import annotations

import io
import json
import os
import stat
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.config import LogSettings
from harnesssync_orchestrator.errors import ConfigError
from harnesssync_orchestrator.logs import open_log

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def lines_of(**fields: Any) -> dict[str, Any]:
    stream = io.StringIO()
    open_log(LogSettings(format="json"), stream=stream, clock=lambda: NOON).info("project.added", **fields)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_has_the_fields_that_every_line_has() -> None:
    """In this order; the time with its offset."""
    line = lines_of(project_id="ab", sync_id="cd", path="/p")
    assert line == {
        "timestamp": "2026-01-01T12:00:00.000+00:00",
        "level": "info",
        "event": "project.added",
        "schema": 1,
        "project_id": "ab",
        "sync_id": "cd",
        "path": "/p",
    }
    assert list(line)[:4] == ["timestamp", "level", "event", "schema"]


def test_the_clock_is_utc() -> None:
    """Also where the machine's is not."""
    stream = io.StringIO()
    open_log(LogSettings(format="json"), stream=stream).info("project.added")
    stamp = datetime.fromisoformat(json.loads(stream.getvalue())["timestamp"])
    assert stamp.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "github_token",
        "API_KEY",
        "X-Api-Key",
        "Authorization",
        "clientSecret",
        "password",
        "Cookie",
        "private_key",
    ],
)
def test_what_names_a_secret_is_redacted_at_any_depth(key: str) -> None:
    """In a table of headers, in a list of servers, on its own."""
    line = lines_of(headers={key: "s3cr3t"}, servers=[{"env": {key: "s3cr3t"}}], **{key: "s3cr3t"})
    assert "s3cr3t" not in json.dumps(line)
    assert line[key] == "***"


@pytest.mark.parametrize("key", ["tokens", "token_count", "secretary", "passwords_checked", "keys", "author", "path"])
def test_what_only_sounds_like_a_secret_is_kept(key: str) -> None:
    """A log in which everything is starred tells nothing."""
    assert lines_of(**{key: "value"})[key] == "value"


def test_a_number_is_no_secret() -> None:
    """`token: 3` counts something."""
    assert lines_of(token=3)["token"] == 3


def test_a_password_in_a_url_is_redacted() -> None:
    """The rest of the URL is what one looks for."""
    line = lines_of(message="fetching https://me:s3cr3t@host/x and git+ssh://t0ken@host, user@host")
    assert line["message"] == "fetching https://***@host/x and git+ssh://***@host, user@host"


def test_redaction_takes_linear_time() -> None:
    """A long line without an `@`, full of what could begin a URL."""
    assert lines_of(message="a://" * 50_000)["message"] == "a://" * 50_000


def test_names_that_are_not_utf_8_can_be_logged(tmp_path: Path) -> None:
    """They come back as they were, and readable names stay readable."""
    file = tmp_path / "log"
    open_log(LogSettings(file=str(file))).info("project.added", path=os.fsdecode(b"/caf\xe9"), name="日本語")
    content = file.read_bytes()
    assert json.loads(content)["path"] == os.fsdecode(b"/caf\xe9")
    assert "日本語".encode() in content


def test_an_unexpected_error_leaves_its_traceback_without_values() -> None:
    """Local variables may hold secrets."""
    stream = io.StringIO()
    log = open_log(LogSettings(format="json"), stream=stream)
    secret = "s3cr3t"
    try:
        int(f"{secret!s:.0}")
    except ValueError:
        log.exception("request.failed", method="status")
    assert "ValueError: invalid literal" in json.loads(stream.getvalue())["exception"]
    assert secret not in stream.getvalue()


def test_below_its_level_nothing_is_logged() -> None:
    stream = io.StringIO()
    log = open_log(LogSettings(format="json", level="warning"), stream=stream)
    log.info("project.added")
    log.warning("watch.failed")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["watch.failed"]


def test_a_terminal_gets_colours_and_no_json() -> None:
    """Unless NO_COLOR is set."""
    plain, coloured = Terminal(), Terminal()
    open_log(LogSettings(), stream=coloured, environ={}).info("project.added", path="/p")
    open_log(LogSettings(), stream=plain, environ={"NO_COLOR": "1"}).info("project.added", path="/p")
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "project.added" in plain.getvalue()
    assert not plain.getvalue().startswith("{")


def test_a_pipe_gets_json() -> None:
    stream = io.StringIO()
    open_log(LogSettings(), stream=stream).info("project.added")
    assert json.loads(stream.getvalue())["event"] == "project.added"


def test_a_name_can_not_paint_on_the_terminal() -> None:
    """Escape sequences and line breaks in file names are shown, not carried out."""
    stream = Terminal()
    log = open_log(LogSettings(format="console"), stream=stream, environ={"NO_COLOR": "1"})
    log.info("project.added", path="/a\x1b[31m\n2026 fake line\x9b\u202e")
    assert stream.getvalue().count("\n") == 1
    for control in ("\x1b", "\x9b", "\u202e"):
        assert control not in stream.getvalue()


def test_a_file_is_rotated_before_it_grows_too_large(tmp_path: Path) -> None:
    """The newest lines are in the file, older ones in `.1` and `.2`, and no others are kept."""
    file = tmp_path / "logs" / "log.jsonl"
    log = open_log(LogSettings(file=str(file), max_bytes=4096, keep=2))
    for number in range(200):
        log.info("project.added", path="x" * 100, number=number)
    names = sorted(path.name for path in file.parent.iterdir())
    assert names == ["log.jsonl", "log.jsonl.1", "log.jsonl.2"]
    numbers: list[int] = []
    for name in reversed(names):
        assert (file.parent / name).stat().st_size <= 4096
        numbers += [json.loads(line)["number"] for line in (file.parent / name).read_text().splitlines()]
    assert numbers == list(range(numbers[0], 200))


def test_a_log_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "log.jsonl"
    open_log(LogSettings(file=str(file))).info("project.added")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    """While the file is rotated under them."""
    file = tmp_path / "log.jsonl"
    log = open_log(LogSettings(file=str(file), max_bytes=20_000, keep=100))

    def write(name: int) -> None:
        for number in range(100):
            log.info("project.added", path="x" * 50, name=name, number=number)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert {(line["name"], line["number"]) for line in lines} == {(name, n) for name in range(8) for n in range(100)}


@pytest.mark.parametrize("file", ["relative.log", "/dev/null/x", "/dev"])
def test_a_log_file_that_can_not_be_opened_is_told(file: str) -> None:
    """Before anything starts, not at the first line."""
    with pytest.raises(ConfigError, match=r"log\.file"):
        open_log(LogSettings(file=file))


def test_a_reader_that_has_gone_takes_nobody_with_it() -> None:
    """`serve 2>&1 | head` closes the pipe."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        log = open_log(LogSettings(format="json"), stream=stream)
        for _ in range(3):
            log.info("project.added")
        with pytest.raises(BrokenPipeError):
            stream.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
