"""What leads out of a layer's boundary, by a link or an import: a person has to allow that."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from dataclasses import dataclass, field

from harnesssync_orchestrator.files.opened import is_within


@dataclass(slots=True)
class Reach:
    """What leads out is read only if its mark is in `allowed`. Of a mark in `doubted` nobody knows whether it was: what
    is behind it may have been in the source before, and that it is not there now proves nothing.

    `marks` has the mark of all that leads out, and says what it is; `reached` are the real paths that were allowed.
    """

    allowed: Container[str] = frozenset()
    doubted: Container[str] = frozenset()
    marks: dict[str, str] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)

    def is_allowed(self, path: str, real: str, boundary: str) -> bool:
        """Has a person allowed that `path` leads to just this place outside of the boundary?"""
        if any(is_within(real, place) for place in self.reached):
            return True
        where, mark = _mark(path, real, boundary)
        self.marks[mark] = f"{where} -> {real}"
        if mark not in self.allowed:
            return False
        self.reached.append(real)
        return True

    def is_doubted(self, path: str, real: str, boundary: str) -> bool:
        """Where a person has not allowed that: is it in doubt whether they had?"""
        return _mark(path, real, boundary)[1] in self.doubted


def _mark(path: str, real: str, boundary: str) -> tuple[str, str]:
    """Where in a layer something leads out, and the mark of where it leads."""
    where = os.path.relpath(path, boundary)
    return where, hashlib.sha256(f"reach\0{where}\0{real}".encode("utf-8", "surrogateescape")).hexdigest()
