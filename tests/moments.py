"""Somebody else acts between any two lines of ours."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files import below, folder, place, replacing, swap

OURS = frozenset(module.__file__ for module in (below, folder, place, replacing, swap))


def at_line(number: int, act: Callable[[], object], change: Callable[[], object]) -> str | None:
    """Let `act` happen before the line of our code that `change` comes to after `number` others: that line, None if
    there is no such."""
    passed, found = 0, None

    def trace(frame: FrameType, event: str, _: object) -> object:
        nonlocal passed, found
        if frame.f_code.co_filename not in OURS:
            return None
        if event == "line":
            passed += 1
            if passed == number + 1:
                sys.settrace(None)
                found = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
                act()
                sys.settrace(trace)
        return trace

    sys.settrace(trace)
    try:
        change()
    except ApplyError:
        pass  # what matters is what is on disk
    finally:
        sys.settrace(None)
    return found


def at_every_line(
    change: Callable[[Path], object], act: Callable[[Path], object], prepare: Callable[[Path], Path]
) -> list[str]:
    """Run `change` once for every line of our code in it, with `act` happening before that line; gives the lines."""
    lines: list[str] = []
    while True:
        ground = prepare(Path(str(len(lines))))
        line = at_line(len(lines), partial(act, ground), partial(change, ground))
        if line is None:
            return lines
        lines.append(line)
