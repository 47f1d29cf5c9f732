"""The log: JSON lines to standard error or a rotated file, or coloured lines for a person at a terminal.

`open_log` makes a logger and gives it to whom it concerns; nothing is configured globally. Secrets never reach it:
values of keys that name one, and what looks like one in any text, are replaced before anything is rendered.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.typing import FilteringBoundLogger, Processor

from harnesssync_orchestrator.config import LogSettings
from harnesssync_orchestrator.core.credential_signs import names_a_credential
from harnesssync_orchestrator.core.secrets import REDACTED
from harnesssync_orchestrator.core.secrets import redact as without_secrets
from harnesssync_orchestrator.errors import ConfigError
from harnesssync_orchestrator.events import SCHEMA

Clock = Callable[[], datetime]
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_URL_USER = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.\-]{0,30}://)[^/\s@]{1,512}@")
"""Who is meant by a URL does not belong into a log either."""


def utc_now() -> datetime:
    """The clock of logs, reports and ledgers."""
    return datetime.now(timezone.utc)


def open_log(
    settings: LogSettings,
    *,
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
    clock: Clock = utc_now,
) -> FilteringBoundLogger:
    """A logger as the settings say. `stream` (standard error if not given) is used where they name no file.

    Raises `ConfigError` when the file can't be opened.
    """
    output: TextIO = sys.stderr if stream is None else stream
    for_people = settings.file is None and (
        settings.format == "console" or (settings.format == "auto" and output.isatty())
    )
    sink: _Sink = _StreamSink(output)
    if settings.file is not None:
        sink = RotatedFile(_log_path(settings.file), max_bytes=settings.max_bytes, keep=settings.keep)
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        _add_facts(clock),
        structlog.processors.format_exc_info,
        redact,
        _console(colours=output.isatty() and not environ.get("NO_COLOR")) if for_people else _render_json,
    ]
    logger: FilteringBoundLogger = structlog.wrap_logger(
        sink,
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return logger


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what is, by its key, a secret, and whatever looks like one in any text, at any depth."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: object) -> object:
    """In a log, whatever a key that names a secret has to say is left out, be it a literal or not."""
    if isinstance(value, (str, bytes)) and value and names_a_credential(key):
        return REDACTED
    if isinstance(value, str):
        return (_text_redacted if len(value) <= SHORT else _text_redacted.__wrapped__)(value)
    if isinstance(value, Mapping):
        return {inner: _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted(key, item) for item in value]
    return value


SHORT = 256
"""Characters of a text that may be kept, as it was and as it is told: both are in memory anyway while it is told."""


@lru_cache(maxsize=4096)
def _text_redacted(text: str) -> str:
    """Most of what is told is told again: identifiers, paths, states."""
    return _URL_USER.sub(rf"\1{REDACTED}@", without_secrets(text))


def _add_facts(clock: Clock) -> Processor:
    def add(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        name, level = event.pop("event"), event.pop("level")
        first = {"timestamp": clock().isoformat(timespec="milliseconds"), "level": level, "event": name}
        return {**first, "schema": SCHEMA, **event}

    return add


def _render_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)


def _console(*, colours: bool) -> Processor:
    render = ConsoleRenderer(colors=colours, exception_formatter=plain_traceback)

    def escaped(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        event.pop("schema", None)
        return str(render(logger, method, {key: _escape_controls(key, value) for key, value in event.items()}))

    return escaped


_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _escape_controls(key: str, value: object) -> object:
    """A file's name must not move the cursor or recolour the terminal. Tracebacks keep their line breaks."""
    if not isinstance(value, str):
        return value
    text = _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), value)
    return text if key == "exception" else text.replace("\n", "\\n").replace("\t", "\\t")


class _Sink(Protocol):
    def msg(self, message: str) -> None: ...


class _StreamSink:
    """Writes lines to a stream. A peer that went away (a closed pipe) must not take the supervisor with it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def msg(self, message: str) -> None:
        # Lone surrogates, from names that are not UTF-8, become `\udcff`: which is also how JSON writes them.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        line = f"{message}\n".encode(encoding, "backslashreplace").decode(encoding)
        # Guards against two threads' lines running into each other.
        with self._lock:
            try:
                self._stream.write(line)
                self._stream.flush()
            except (OSError, ValueError):
                return

    debug = info = warning = error = critical = exception = msg


class RotatedFile:
    """Appends lines to a file (0600) that is renamed to `<name>.1`, `.2`, … before it would exceed `max_bytes`.

    A full disk loses lines and stops nothing. Raises `ConfigError` when the file can't be opened at first.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = self._open()
        except OSError as error:
            raise ConfigError(f"log.file can't be opened: {error.strerror}", path=str(path)) from error

    def msg(self, message: str) -> None:
        line = f"{message}\n".encode("utf-8", "backslashreplace")
        # Guards the descriptor, which rotation replaces, and the order of lines.
        with self._lock:
            try:
                if (size := os.fstat(self._descriptor).st_size) and size + len(line) > self._max_bytes:
                    self._rotate()
                os.write(self._descriptor, line)
            except OSError:
                return

    debug = info = warning = error = critical = exception = msg

    def close(self) -> None:
        with self._lock:
            os.close(self._descriptor)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file")
        return descriptor

    def _rotate(self) -> None:
        for number in range(self._keep - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        if self._keep:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        else:
            self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = self._open()


def _log_path(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise ConfigError("log.file must be an absolute path, or begin with `~`", path=text)
    return path
