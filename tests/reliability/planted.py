"""Faults put into the product on purpose, one at a time: a machine that can't find them proves nothing.

Each is a patch of functions of ours, in this process alone, as a context manager.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from harnesssync_adapters.formats import FORMATS
from harnesssync_adapters.permissions import gemini_cli
from harnesssync_orchestrator.core import (
    changes,
    draft,
    fingerprints,
    planning,
    planning_exclude,
    planning_files,
    planning_merges,
    trust,
    undoing,
    unlinking,
)
from harnesssync_orchestrator.core.observed import ObservedLink
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.files import below, footprint, replacing
from harnesssync_orchestrator.service import hiding, looking, recovering, start, transaction

Planted = Callable[[], AbstractContextManager[object]]


def patched(module: object, name: str, make: Callable[[Any], Any]) -> Planted:
    """A function of a module, replaced by what `make` makes of it."""
    return lambda: mock.patch.object(module, name, make(getattr(module, name)))


def _removal_ignores_the_digest(_: Any) -> Any:
    """What we once made is removed and replaced, whatever has become of it."""
    return lambda state, entry: entry is not None and entry.created


def _link_is_taken_for_ours(real: Any) -> Any:
    """A link counts as ours wherever it leads."""
    return lambda state, entry: real(state, entry) or (isinstance(state, ObservedLink) and entry is not None)


def _keeps_no_comments(name: str) -> Planted:
    def edit(content: bytes, edits: Sequence[Any]) -> bytes:
        return re.sub(rb"(?m)[ \t]*(#|//) ?mine-.*$", b"", real.edit(content, edits))

    real = FORMATS[name]
    return lambda: _format(name, edit)


def _keeps_no_line_endings(name: str) -> Planted:
    real = FORMATS[name]
    return lambda: _format(name, lambda content, edits: real.edit(content, edits).replace(b"\r\n", b"\n"))


@contextmanager
def _format(name: str, edit: Callable[[bytes, Sequence[Any]], bytes]) -> Any:
    real = FORMATS[name]
    stand_in = mock.Mock(wraps=real, empty=real.empty)
    stand_in.edit = edit
    formats, made = type(FORMATS), type(FORMATS).__getitem__  # each is made when it is asked for
    with mock.patch.object(
        formats, "__getitem__", lambda this, asked: stand_in if asked == name else made(this, asked)
    ):
        yield


def _with_problems_that_hide_nothing(real: Any) -> Any:
    """A source that can't be parsed counts as one that says nothing."""

    def read(this: looking.Looking, source: Source) -> Source:
        found = real(this, source)
        return replace(found, problems=tuple(replace(problem, hides=False) for problem in found.problems))

    return read


def _by_name_alone(real: Any) -> Any:
    """What is approved is approved for ever, whatever it says by then."""

    def canonical(item: Any) -> Any:
        form = real(item)
        return form and {"kind": form["kind"], "name": item.name}

    return canonical


def _in_favour(real: Any) -> Any:
    """Who may have approved something has."""

    def why_held(this: trust.Trust, mark: str) -> trust.Why | None:
        why: trust.Why | None = real(this, mark)
        return None if why is not None and why.is_doubt else why

    return why_held


def _exchange_in_two_steps(_: Any) -> Any:
    """The old file goes before the new one comes."""

    def exchange(first: str, second: str, *, dir_fd: int) -> bool:
        import os

        os.rename(second, second + "~", src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        os.rename(first, second, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        os.rename(second + "~", first, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        return True

    return exchange


def nothing(*_: object, **__: object) -> None:
    """Does nothing."""


PLANTED: dict[str, Planted] = {
    "removal ignores the digest": patched(planning_files, "_is_ours", _removal_ignores_the_digest),
    "a link is ours wherever it leads": patched(planning_files, "_is_ours", _link_is_taken_for_ours),
    "ledger save lost": patched(transaction, "save_ledger", lambda _: nothing),
    "intent not recorded": patched(transaction, "intending", lambda _: lambda ledger, *_: ledger),
    "what was killed is not cleared away": patched(
        recovering, "clean", lambda real: lambda root, ledger: real(root, replace(ledger, entries={}, pending={}))
    ),
    "merge drops comments in TOML": _keeps_no_comments("toml"),
    "merge drops comments in JSON": _keeps_no_comments("json"),
    "merge changes line endings": _keeps_no_line_endings("toml"),
    "merge replaces what is a person's": patched(planning_merges, "written", lambda _: lambda entry, there: there),
    "halt never fires": patched(planning, "why_halt", lambda _: nothing),
    "unreadable counts as empty": patched(looking.Looking, "_with_problems", _with_problems_that_hide_nothing),
    "deny dropped": patched(gemini_cli, "tool_names", lambda _: lambda *_: ()),
    "approved once, approved for ever": patched(fingerprints, "canonical", _by_name_alone),
    "trust is not asked": patched(trust.Trust, "why_output_held", lambda _: nothing),
    "what may be approved is taken away": patched(trust.Why, "is_doubt", lambda _: False),
    "what may be approved is let through": patched(trust.Trust, "_why_held", _in_favour),
    "kept is forgotten": patched(planning, "_is_kept", lambda _: lambda *_: False),
    "what was replaced is forgotten": patched(
        transaction, "changes", lambda real: lambda *given, **more: _without_origins(real, *given, **more)
    ),
    "undo overwrites edits": patched(undoing, "is_as_left", lambda _: lambda *_: True),
    "unlink leaves what is shared": patched(
        unlinking,
        "decide_removal",
        lambda real: lambda draft, address, entry: None if len(entry.owners) > 1 else real(draft, address, entry),
    ),
    "git hides nothing": patched(hiding, "update_exclude", lambda _: nothing),
    "git hides edits": patched(planning_exclude, "digest_of", lambda _: lambda _state: _Anything()),
    "folders of ours stay": patched(below.Below, "rmdir", lambda _: lambda *_: False),
    "a second sync records again": patched(draft, "_same", lambda _: lambda *_: False),
    "outputs are not looked at again": patched(
        start, "is_unchanged", lambda real: lambda looked: real(_without_outputs(looked))
    ),
    "the old goes before the new comes": patched(replacing, "exchange", _exchange_in_two_steps),
}
"""The faults by name."""


class _Anything:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _without_origins(real: Any, *given: Any, **more: Any) -> Any:
    with mock.patch.object(changes, "with_origins", lambda _operation, after, *_: dict(after)):
        return real(*given, **more)


def _without_outputs(looked: footprint.Footprint) -> footprint.Footprint:
    kept = [
        (path, signature)
        for path, signature in zip(looked.paths, looked.signatures, strict=True)
        if b"/.codex" not in path and b"/.gemini" not in path and b"/.opencode" not in path
    ]
    paths, signatures = tuple(path for path, _ in kept), tuple(signature for _, signature in kept)
    return replace(looked, paths=paths, signatures=signatures)
