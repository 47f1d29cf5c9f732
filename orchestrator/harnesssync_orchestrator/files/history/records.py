"""The folder of records: making one, reading them, and letting old ones go."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.history import DAY_S, Record, expired, number_of
from harnesssync_orchestrator.core.history_documents import from_document, to_document
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.folder import Folder, write_all
from harnesssync_orchestrator.files.history.pack import PACK, PackWriter, unwritable
from harnesssync_orchestrator.files.store import make_private, read_json, to_json, write_atomic
from harnesssync_orchestrator.files.turns import waiting

RECORD = "record.json"
SLACK = 4
"""One more may stay for each so many that are to be kept."""
_NAME = re.compile(r"[0-9]{6,}-[0-9a-f]+")
_DRAFT, _GONE = ".draft-", ".gone-"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Draft:
    """A record in the making, under a name that nobody reads. Only for whoever holds the project's lock."""

    def __init__(self, history: Path, sync_id: str) -> None:
        """Raises StateError."""
        self.name = f"{max(map(number_of, names(history)), default=0) + 1:06}-{sync_id}"
        self._history = history
        self._folder = history / f"{_DRAFT}{self.name}"
        try:
            make_private(history)
            with waiting():
                self._folder.mkdir(mode=0o700)
        except OSError as error:
            raise unwritable(history, error) from error
        self.pack = PackWriter(self._folder / PACK)

    def finish(self, record: Record) -> None:
        """Make the record last on disk. Raises StateError."""
        self.pack.finish()
        content = to_json(to_document(record))
        try:
            with waiting():
                descriptor = os.open(self._folder / RECORD, _CREATE, 0o600)
                try:
                    write_all(descriptor, content)
                    # One after another: a file system that keeps a journal writes it once for all of them.
                    self.pack.sync()
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                _sync(self._folder)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def publish(self) -> None:
        """Give the finished record its name. Raises StateError.

        The ledger names it by then: whatever record is found there was begun, and is over if the ledger does not name
        it any more.
        """
        try:
            self._folder.rename(self._history / self.name)
            _sync(self._history)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def discard(self) -> None:
        """Throw away what was begun."""
        self.pack.abandon()
        shutil.rmtree(self._folder, ignore_errors=True)


def names(history: Path) -> list[str]:
    """The names of all records, oldest first; none if there is no history. Raises StateError."""
    try:
        found = os.listdir(history)  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(history, error.strerror or str(error)) from error
    return sorted((name for name in found if _NAME.fullmatch(name)), key=number_of)


def load(history: Path, name: str) -> Record:
    """One record. Raises StateError if it is not there, or can't be read."""
    file = history / name / RECORD
    document, problem = read_json(file, None)
    if problem is not None or document is None:
        raise _unreadable(file, "it is not there" if problem is None else problem.message)
    try:
        return from_document(name, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(file, f"it is no record of a transaction ({error})") from error


def load_all(history: Path) -> tuple[list[Record], dict[str, StateError]]:
    """All records that can be read, oldest first, and by its name what is wrong with each other. Raises StateError."""
    records: list[Record] = []
    errors: dict[str, StateError] = {}
    for name in names(history):
        try:
            records.append(load(history, name))
        except StateError as error:
            errors[name] = error
    return records, errors


def disown(history: Path, record: Record) -> None:
    """Let an undo that was not finished take nothing back: what it undid can then be undone again. Raises OSError."""
    if record.undoes:
        document: dict[str, Any] = to_document(record)
        del document["undoes"]
        write_atomic(history / record.name / RECORD, to_json(document), mode=0o600)


def retire(history: Path, *, keep: int, days: int, needed: Collection[str]) -> None:
    """Remove records that are neither among the last `keep` nor of the last `days` days, unless they are `needed`, or
    one that stays names them: what it takes back may then need them again.

    Some more than `keep` may stay for a while: to remove one, all others are read, and so several are removed at once.
    What can't be removed now is tried again the next time.
    """
    present = names(history)
    oldest = [name for name in present if name not in needed][:1]
    if len(present) <= keep + keep // SLACK and not any(age > days * DAY_S for age in _ages(history, oldest).values()):
        return
    ages = _ages(history, present)
    old = expired(list(ages), ages, keep=keep, days=days)
    staying = [_text(history, name) for name in present if name not in old]
    for name in reversed(old):  # a record names none that is younger
        # Nothing but a record's name looks like it: no need to parse them. One that can't be read now may name it.
        if name in needed or any(text is None or name.encode() in text for text in staying):
            staying.append(_text(history, name))
            continue
        gone = history / f"{_GONE}{name}"
        with suppress(OSError), waiting():
            (history / name).rename(gone)
            shutil.rmtree(gone)


def _ages(history: Path, records: Iterable[str]) -> dict[str, float]:
    """Seconds since each was made, as far as that can be known."""
    now, ages = time.time(), {}
    for name in records:
        with suppress(OSError):
            ages[name] = now - os.stat(f"{history}/{name}").st_mtime  # noqa: PTH116 - at each sync
    return ages


def _text(history: Path, name: str) -> bytes | None:
    try:
        return (history / name / RECORD).read_bytes()
    except OSError:
        return None


def sweep(history: Path) -> None:
    """Remove what a killed process had begun to make or to remove. Only for whoever holds the project's lock."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        for name in os.listdir(history):  # noqa: PTH208 - names alone
            if name.startswith((_DRAFT, _GONE)):
                shutil.rmtree(history / name, ignore_errors=True)


def _sync(directory: Path) -> None:
    folder = Folder.root(directory)
    try:
        folder.sync()
    finally:
        folder.close()


def _unreadable(path: Path, reason: str) -> StateError:
    return StateError(
        f"the history can't be read: {reason}",
        code="history_damaged",
        path=str(path),
        hint="Make it readable for you. What is in before.tar beside it can be taken out with tar",
    )
