"""How projects stand, in a word each: what is worst about a project, which of many are shown, and how many there are.

A project may be several of these at once. It is listed by the worst, and found by each.
"""

from __future__ import annotations

from harnesssync_orchestrator.ctl.waiting import count
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Row = Mapping[str, Any]

STATES = (
    "failed",
    "silent",
    "unknown",
    "halted",
    "conflict",
    "held",
    "problems",
    "out-of-step",
    "paused",
    "stale",
    "stopped",
    "syncing",
    "waiting",
    "never-synced",
    "in-step",
)
"""Worst first. `failed` also in part; `silent`: a process accepts and does not answer; `unknown`: a later version says
something that this one has no word for; `held`: something waits for
approval; `problems`: mistakes in the source; `waiting`: to be synced, and others come first."""
RUNNING = "running"
"""Every project that a process answers for."""

_AMISS = (("failed", "failures"), ("conflict", "conflicts"), ("held", "held"), ("problems", "problems"))
_QUEUED = ("waiting", "syncing")
_SAID = {"held": "held back", "problems": "with problems", "conflict": "in conflict", "silent": "not answering"}


def states(row: Row) -> list[str]:
    """All words of a project, worst first; there is at least one."""
    status, state = row["status"], str(row.get("state", ""))
    if status != RUNNING:
        return ["silent"] if row.get("silent") else [status]
    word = "failed" if state == "partial" else state.replace(" ", "-")
    words = {word if word in STATES else "unknown"}
    words |= {word for word, name in _AMISS if count(row, name)}
    words -= {"failed"} if state == "halted" else {"in-step"} if len(words) > 1 else set()
    return [word for word in STATES if word in words or word == row.get("activity")]


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """By what is worst about each, then by path."""
    return sorted(rows, key=lambda row: (STATES.index(states(row)[0]), row["path"]))


def summary(rows: Sequence[Row], supervisor: object) -> str:
    """`1000 projects: 2 failed, 1 halted, 997 in step; 3 waiting, 1 syncing`: each counts once, by its worst; the last
    two are those of the whole supervisor."""
    words = [next((word for word in states(row) if word not in _QUEUED), states(row)[0]) for row in rows]
    text = ", ".join(
        f"{words.count(word)} {_SAID.get(word, word.replace('-', ' '))}" for word in STATES if word in words
    )
    queue = supervisor.get("queue") if isinstance(supervisor, dict) else None
    queue = queue if isinstance(queue, dict) else {}
    queued = ", ".join(f"{queue[name]} {name}" for name in _QUEUED if queue.get(name))
    return f"{len(rows)} projects: {text}" + (f"; {queued}" if queued else "")


class Choice:
    """Which projects are shown: those in one of these states, with one of these targets, at or below one of the paths.
    What is empty excludes nothing."""

    __slots__ = ("_paths", "_states", "_targets")

    def __init__(self, *, states: Sequence[str] = (), targets: Sequence[str] = (), paths: Sequence[str] = ()) -> None:
        known = (*STATES, RUNNING)
        for state in states:
            if state not in known:
                raise UsageError(f"there is no state {state!r}", hint=f"There are: {', '.join(known)}")
        self._states = frozenset(states)
        self._targets = frozenset(targets)
        self._paths = tuple(_matcher(path) for path in paths)

    @property
    def is_everything(self) -> bool:
        return not (self._states or self._targets or self._paths)

    def takes(self, row: Row) -> bool:
        return (
            (not self._states or not self._states.isdisjoint((*states(row), row["status"])))
            and (not self._targets or not self._targets.isdisjoint(row.get("targets") or ()))
            and (not self._paths or any(matches(row["path"]) for matches in self._paths))
        )


def _matcher(path: str) -> Callable[[str], bool]:
    """A pattern matches whole paths, and `*` also slashes; anything else is a folder, and all that is in it."""
    if any(character in path for character in "*?["):
        from fnmatch import fnmatchcase  # noqa: PLC0415 - it brings in `re`

        return lambda text: fnmatchcase(text, path)
    return lambda text: f"{text}/".startswith(path.rstrip("/") + "/")
