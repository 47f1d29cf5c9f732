"""Ledgers on disk: what we last wrote, one file a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.desired import HASH_DIGITS, Address
from harnesssync_orchestrator.core.ledger import VERSION, Entry, Ledger, Method, from_document, to_document
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.errors import NewerStateError, StateError
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.files.store import now, quarantine, read_json, to_json, write_atomic

_TEMPLATE: Mapping[str, type] = {"targets": dict, "made": list, "pending": dict, "transaction": str}


def default_document() -> dict[str, Any]:
    """The least that a ledger's file holds."""
    return {"version": VERSION, "targets": {}, "last_sync": None}


def load_ledger(path: Path, *, set_aside: bool = True) -> tuple[Ledger, list[Problem]]:
    """The ledger in a file; an empty one if there is no file.

    A corrupt file is told as a problem with the code `state_corrupt` and kept as `<name>.bak.<timestamp>`, or, without
    `set_aside`, left where it is: the empty ledger that is given then is `lost`, and owns nothing until what is on
    disk equals what would be written. Raises NewerStateError if a later version wrote it, and StateError if it can't
    be read (it is not touched then).
    """
    try:
        inode = path.stat().st_ino
    except FileNotFoundError:
        return Ledger(lost=any(path.parent.glob(f"{path.name}.bak.*"))), []
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    document, problem = read_json(path, default_document())
    if problem is None:
        try:
            return _parse(document, path), []
        except (ValueError, KeyError, TypeError) as error:
            problem = Problem(code="state_corrupt", message=_reason(error), file=str(path), hint="")
    elif problem.code == "unreadable":
        raise _unreadable(path, problem.message)
    kept = "The next sync keeps a copy of it"
    if set_aside:
        backup = quarantine(path, inode=inode)
        if backup is None:  # a good one took its place, or somebody else was quicker
            return load_ledger(path)
        kept = f"It is kept as {backup.name}"
    return Ledger(lost=True), [
        replace(
            problem,
            code="state_corrupt",
            message=f"this record of what was written is not usable: {problem.message}",
            hint=f"{kept}; outputs that are as they should be, and that git does not track, are taken over again",
            hides=False,
        )
    ]


def encode_ledger(ledger: Ledger) -> bytes:
    """What the file of a ledger says."""
    return to_json(to_document(ledger))


def says(path: Path, content: bytes) -> bool:
    """Does a file say just this?"""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False


def save_ledger(path: Path, ledger: Ledger, *, content: bytes | None = None, differs: bool = False) -> bool:
    """Write a ledger (0600), whose `content` may be known already. False, and no write, if the file says so already,
    which is not looked at if it is known that it `differs`.

    Raises StateError.
    """
    content = content or encode_ledger(ledger)
    try:
        if not differs and path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    try:
        write_atomic(path, content, mode=0o600)
    except OSError as error:
        raise StateError(
            f"the record of what was written can't be saved: {error.strerror or error}",
            path=str(path),
            hint="Make room and give yourself the right to write there; the last good record is untouched",
        ) from error
    return True


def update_ledger(path: Path, lock: Path, change: Callable[[Ledger], Ledger], *, timeout: float = 5.0) -> Ledger:
    """Read, change and save under a lock, so that of several writers none loses an entry. Gives the new ledger.

    Raises LockTimeoutError, StateError.
    """
    with held(lock, timeout):
        ledger = change(load_ledger(path)[0])
        save_ledger(path, ledger)
    return ledger


def record_sync(
    ledger: Ledger, target: str, address: Address, digest: str, *, method: Method = Method.WRITE, at: str | None = None
) -> Ledger:
    """A ledger that says that `target` has written this digest there, at this time (now; UTC with offset)."""
    known = ledger.entries.get(address)
    owners = known.owners if known else ()
    entry = Entry(
        method=method,
        digest=digest[:HASH_DIGITS],
        timestamp=at or now(),
        owners=owners if target in owners else (*owners, target),
    )
    return ledger.changed(record={address: entry})


def get_hash(ledger: Ledger, target: str, address: Address) -> str | None:
    """The digest that `target` last wrote there, None if it wrote nothing."""
    entry = ledger.entries.get(address)
    return entry.digest if entry is not None and target in entry.owners else None


def detect_drift(ledger: Ledger, target: str, address: Address, digest: str | None) -> bool:
    """Did somebody change or delete (`digest` is None or "") what `target` wrote? Nothing written, nothing drifted."""
    written = get_hash(ledger, target, address)
    return written is not None and (digest or "")[:HASH_DIGITS] != written


def _parse(document: object, path: Path) -> Ledger:
    if not isinstance(document, dict):
        raise TypeError(f"expected an object, found {type(document).__name__}")
    _refuse_newer(document, path)
    for key, kind in _TEMPLATE.items():
        if key in document and not isinstance(document[key], kind):
            raise TypeError(f"{key}: expected {kind.__name__}, found {type(document[key]).__name__}")
    if not all(isinstance(each, str) for each in document.get("made", [])):
        raise TypeError("made: expected texts")
    for target, rows in document.get("targets", {}).items():
        if not isinstance(rows, dict):
            raise TypeError(f"targets: {target}: expected dict, found {type(rows).__name__}")
        for name, row in rows.items():
            if not isinstance(row, dict):
                raise TypeError(f"targets: {target}: {name}: expected dict, found {type(row).__name__}")
            row.setdefault("method", Method.WRITE.value)  # the least form of a row is a hash and a time
    return from_document(document)


def _refuse_newer(document: Mapping[str, Any], path: Path) -> None:
    major = str(document.get("version", "")).split(".")[0]
    if major.isdecimal() and int(major) > int(VERSION.split(".")[0]):
        raise NewerStateError(
            f"a later version wrote it (format {document['version']}, this one knows {VERSION})",
            path=str(path),
            hint="Update harnesssync-orchestrator; the file is left as it is",
        )


def _reason(error: Exception) -> str:
    return f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)


def _unreadable(path: Path, reason: str) -> StateError:
    return StateError(
        f"the record of what was written can't be read: {reason}",
        path=os.fspath(path),
        hint="Make it readable for you",
    )
