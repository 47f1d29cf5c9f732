"""Paths below a root, with `/`: the last look at them before something is written."""

from __future__ import annotations

import os

from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.errors import ApplyError


def parts_of(relative: str) -> list[str]:
    """The parts of a path below a root. Raises ApplyError for one that could lead elsewhere, or into git's files."""
    parts = relative.split("/")
    if any(map(is_refused, parts)):
        raise ApplyError(
            f"not a path to write to: {relative!r}",
            code="unsafe_path",
            hint="Rename the item that it comes from",
        )
    return parts


def is_refused(part: str) -> bool:
    """Is this no part of a path to write to?"""
    return part in {"", ".", ".."} or "\0" in part or part.casefold() in {".git", "git~1"} or _odd_on_windows(part)


def _odd_on_windows(part: str) -> bool:
    """Would Windows take it for something else? A backslash separates, a colon names a drive or a stream, a trailing
    dot or space is left out, and some names are devices, in every folder."""
    if os.altsep is None:
        return False
    return part[-1] in ". " or (part[0] not in ".-" and why_unsafe(part) is not None) or not {*"\\:"}.isdisjoint(part)
