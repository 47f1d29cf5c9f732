"""Finding out that a project feeds on its own outputs: a sync's writing is what the next one reacts to, without end.

Two signs, both of which no person's editing gives:
- *echo*: nothing changed but what the last sync wrote, and the sync writes again (a rule imports `AGENTS.md`);
- *repetition*: the very same writing is done over and over, because another program undoes it each time.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Operation, WriteFile
from harnesssync_orchestrator.core.report import Report

MOST_REPEATS = 5
WINDOW_S = 60.0


@dataclass(slots=True)
class Feedback:
    """What the latest syncs of one project wrote, and how often that was an answer to themselves."""

    _written: frozenset[str] = frozenset()
    _echoes: int = 0
    _writings: deque[tuple[float, bytes]] = field(default_factory=deque)

    def observe(self, report: Report, changed: Collection[str], now: float) -> int | None:
        """Take note of a sync that answered to `changed` (absolute paths; none if it had another reason).

        `now` is in seconds, of any clock that does not go back. Gives the number of repeats if this is a loop.
        """
        if not report.operations:
            self._echoes = 0
            return None
        is_echo = bool(changed) and all(_is_among(path, self._written) for path in changed)
        self._echoes = self._echoes + 1 if is_echo else 0
        self._written = frozenset(f"{report.path}/{operation.path}" for operation in report.operations)
        self._writings.append((now, _fingerprint(report.operations)))
        while self._writings[0][0] < now - WINDOW_S:
            self._writings.popleft()
        [(_, same)] = Counter(fingerprint for _, fingerprint in self._writings).most_common(1)
        repeats = max(self._echoes, same - 1)
        return repeats if repeats >= MOST_REPEATS else None

    def reset(self) -> None:
        """A person had a look: begin anew."""
        self._written, self._echoes = frozenset(), 0
        self._writings.clear()


def _is_among(path: str, written: frozenset[str]) -> bool:
    """Is it an output, or a folder that an output was put into?"""
    return path in written or any(output.startswith(path + "/") for output in written)


def _fingerprint(operations: Collection[Operation]) -> bytes:
    digest = hashlib.sha256()
    for operation in sorted(operations, key=lambda operation: operation.path):
        digest.update(f"{type(operation).__name__}\0{operation.path!a}\0".encode())
        if isinstance(operation, WriteFile):
            digest.update(operation.content)
        elif isinstance(operation, MakeLink):
            digest.update(operation.digest.encode())
        elif isinstance(operation, EditDocument):  # whatever else stands in the file by then
            digest.update(ascii(operation.edits).encode())
        else:
            digest.update(ascii(operation).encode())
    return digest.digest()
