"""How a command line ends when it does not end well: an exit code, and a sentence of what, where and what to do next.

Standard streams that the caller has closed are opened here too, on nothing, so that no command has to think of them.
"""

# ruff: noqa: PLC0415 - most command lines end well, and need nothing of what is imported here

from __future__ import annotations

import errno
import os
import sys

from harnesssync_orchestrator.console import OUTPUT
from harnesssync_orchestrator.errors import HarnessSyncError, UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

INTERRUPTED = 130
"""128 + SIGINT, as a shell says it."""
PIPE_CLOSED = 141
"""128 + SIGPIPE: whoever read our output has gone."""

_FULL = "Make room there, then run it again"
_FORBIDDEN = "Make it writable for you"
_IN_THE_WAY = "Something else is in the way there: move it elsewhere"
_REMEDIES = {
    errno.ENOSPC: _FULL,
    getattr(errno, "EDQUOT", errno.ENOSPC): _FULL,  # not everywhere
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
}


def open_closed_streams() -> None:
    """Put nothing where the caller closed a standard stream (`>&-`), which Python shows as None.

    Their descriptors get taken too: a file of ours that came to be number 1 would get what a child process prints.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor == number:
                os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", errors="backslashreplace"))


def flush_output() -> None:
    """Bring out what is still buffered. An OSError names the output, since a stream does not name itself."""
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = error.filename or OUTPUT
        raise


def end(program: str, arguments: Sequence[str], raised: BaseException) -> int:
    """Say what went wrong, as JSON too if that was asked for; the exit code. Of a group the worst member counts.

    What is no error of ours or of the system's is a fault of this program: it is called so, and its traceback shown
    with `--verbose` or `HARNESSSYNC_DEBUG=1`. Raises what is no error at all, such as `SystemExit`.
    """
    error = max(_members(raised), key=_weight)
    if isinstance(error, KeyboardInterrupt):
        silence(sys.stderr)
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        silence(sys.stdout)
        return PIPE_CLOSED
    if not isinstance(error, Exception):
        raise raised
    if isinstance(error, HarnessSyncError):
        return _tell(program, arguments, error)
    if isinstance(error, OSError):
        if error.filename == OUTPUT:
            silence(sys.stdout)
        told = _from_the_system(error)
    else:
        told = HarnessSyncError(
            f"this is a fault of {program} itself, not of yours: {type(error).__name__}: {error}",
            hint="The same with HARNESSSYNC_DEBUG=1 shows where it happened, for a report of the fault",
            code="internal_error",
        )
    if os.environ.get("HARNESSSYNC_DEBUG") or {"--verbose", "-v"} & set(arguments):
        import traceback

        traceback.print_exception(type(raised), raised, raised.__traceback__)
    return _tell(program, arguments, told)


def silence(stream: TextIO) -> None:
    """Let what is still buffered go nowhere: Python flushes at its end, and would tell of the same failure again."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


def _members(raised: BaseException) -> list[BaseException]:
    """The errors in a group, however deep; an error that is no group by itself. Python 3.10 knows no groups."""
    inner: tuple[BaseException, ...] = getattr(raised, "exceptions", ())
    return [member for each in inner for member in _members(each)] or [raised]


def _weight(error: BaseException) -> int:
    """An interrupt was meant; a fault of ours must not hide behind an error that anybody may meet."""
    if not isinstance(error, Exception):
        return 3
    if isinstance(error, HarnessSyncError):
        return 1
    return 0 if isinstance(error, OSError) else 2


def _from_the_system(error: OSError) -> HarnessSyncError:
    from harnesssync_orchestrator.ctl.places import state_root

    path = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    hint = _REMEDIES.get(error.errno or 0, "")
    if hint and path.startswith(state_root(os.environ)):
        hint += ", or choose another folder with HARNESSSYNC_HOME"
    return HarnessSyncError(error.strerror or str(error), path=path, hint=hint, code="os_error")


def _tell(program: str, arguments: Sequence[str], error: HarnessSyncError) -> int:
    from harnesssync_orchestrator.console import Console, visible

    try:
        if "--json" in arguments:
            from harnesssync_orchestrator.protocol.jsontext import dumps, dumps_pretty

            message, hint = _tellable(error.message, error), _tellable(error.hint, error)
            document = {"code": error.code, "message": message, "hint": hint, "path": error.path}
            one_line = "--watch" in arguments  # as everything else that it prints
            Console().line((dumps if one_line else dumps_pretty)({"error": document}))
            sys.stdout.flush()
        sys.stderr.write(f"{program}: {visible(_tellable(str(error), error))}\n")
        sys.stderr.flush()
    except OSError:  # nobody reads it: the exit code has to say it alone
        silence(sys.stdout)
    return _exit_code(error)


def _tellable(text: str, error: HarnessSyncError) -> str:
    """Words of an error without the credentials that they may quote."""
    if not error.quotes:
        return text
    from harnesssync_orchestrator.core.secrets import redact

    return redact(text)


def _exit_code(error: HarnessSyncError) -> int:
    if isinstance(error, UsageError) or getattr(error, "is_usage", False):
        return 2
    return 3 if error.code == "no_supervisor" else 4
