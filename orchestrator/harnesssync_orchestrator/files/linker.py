"""Performing one operation of a plan, whole or not at all, and only on what the plan expects to find.

Everything goes through `below`, which never leaves the root and never follows a link.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.ledger import Entry, Method
from harnesssync_orchestrator.core.plan import (
    EditDocument,
    MakeLink,
    Operation,
    Remove,
    Restore,
    UpdateSource,
    WriteFile,
)
from harnesssync_orchestrator.core.targets import DocumentFormat
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import look_at_any, marker_going, remove_marker
from harnesssync_orchestrator.files.editing import edit
from harnesssync_orchestrator.files.folder import telling
from harnesssync_orchestrator.files.history.restoring import restore
from harnesssync_orchestrator.files.link import FINAL, Made, Means, make
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.replacing import take

_COPIED = "copied, since no link could be made here; the copy is made anew when its source changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an operation did, for the ledger: `Ledger.changed` takes the first four.

    `made` are folders and documents that came into being for it. `method` is how the output was made, `""` for a
    removal. `warnings` are sentences for the log.
    """

    record: Mapping[Address, Entry] = field(default_factory=dict)
    forget: tuple[Address, ...] = ()
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()
    method: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a transaction knows beforehand: the `folder` of records, and, by path, what merged files are to say
    (`edited`; None for one that goes)."""

    folder: Path | None = None
    edited: Mapping[str, bytes | None] = field(default_factory=dict)


def apply(
    operation: Operation,
    *,
    root: Path,
    formats: Mapping[str, DocumentFormat],
    timestamp: str,
    platform: str | None = None,
    below: Below | None = None,
    history: History | None = None,
) -> Applied:
    """Perform one operation below `root` (absolute, resolved). Blocking.

    `timestamp` (UTC, ISO 8601) is recorded. `platform` is the name of the system, as `platform.system()` gives it.
    A linker that performs many operations passes one `below`, which keeps folders open and makes them last on disk
    together; otherwise this operation lasts when the function returns. `history` is needed to restore.

    Raises ApplyError, with a code of `Below` or one of `source_vanished`, `format_unknown`, `document_unparsable`.
    Then everything is as it was.
    """
    with ExitStack() as stack:
        changes = below if below is not None else stack.enter_context(Below(root))
        means = Means(platform) if platform else Means.of_this_system()
        linker = _Linker(root, formats, timestamp, means, changes, history or History())
        return linker.perform(operation)


@dataclass(frozen=True, slots=True)
class _Linker:
    root: Path
    formats: Mapping[str, DocumentFormat]
    timestamp: str
    means: Means
    below: Below
    history: History

    def perform(self, operation: Operation) -> Applied:
        if isinstance(operation, MakeLink):
            return self._link(operation)
        if isinstance(operation, WriteFile):
            return self._write(operation)
        if isinstance(operation, EditDocument):
            return self._edit(operation)
        if isinstance(operation, Restore):
            return self._restore(operation)
        if isinstance(operation, UpdateSource):
            return self._update(operation)
        return self._remove(operation)

    def _link(self, operation: MakeLink) -> Applied:
        # Where something is replaced, the new link is first looked at under another name.
        done = self._symlink(operation) if operation.expected is None and not operation.copied else None
        if done is None:
            source = Path(operation.source)
            with self.below.making(operation.path) as (place, folders):
                _source_of(operation)
                made = make(
                    place,
                    source,
                    operation.text,
                    expected=operation.expected,
                    means=self.means,
                    digest=operation.digest or None,
                    copied=operation.copied,
                )
        else:
            made, folders = done
        copied = made.method is Method.COPY
        entry = Entry(
            method=made.method,
            digest=made.digest,
            timestamp=self.timestamp,
            owners=operation.owners,
            source=operation.source,
            source_digest=operation.digest if copied else "",
            yields=operation.yields,
            unlisted=operation.unlisted,
        )
        return Applied(
            record={Address(operation.path): entry},
            made=tuple(Address(folder) for folder in folders),
            method=made.method.value,
            warnings=(
                *((_COPIED,) if copied and not operation.copied else ()),
                *(f"not copied: {what}" for what in made.left_out),
            ),
        )

    def _symlink(self, operation: MakeLink) -> tuple[Made, tuple[str, ...]] | None:
        """Make a symbolic link and look whether it is there; None if this file system has none."""
        path, digest = operation.path, link_hash(operation.text)
        there = _source_of(operation)
        try:
            folders = self.below.symlink(path, operation.text, directory=operation.directory)
        except ApplyError as error:
            cause = error.__cause__
            if isinstance(cause, NotImplementedError):  # a system that has no such call
                return None
            if isinstance(cause, OSError) and cause.errno not in FINAL and error.code != "changed_underneath":
                return None
            raise
        if self._leads_to(path, there):
            return Made(Method.SYMLINK, digest), folders
        self.below.remove(path, digest)
        for folder in reversed(folders):
            self.below.rmdir(folder)
        return None

    def _leads_to(self, path: str, there: os.stat_result) -> bool:
        try:
            here = os.stat(f"{self.root}/{path}")  # noqa: PTH116 - measured: pathlib takes longer than the link itself
        except OSError:
            return False
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

    def _write(self, operation: WriteFile) -> Applied:
        mode = (0o755 if operation.executable else 0o644) & (0o700 if operation.secret else 0o777)
        folders = self.below.write(
            operation.path,
            operation.content,
            mode=mode,
            expected=operation.expected,
            executable=operation.executable,
        )
        if operation.expected is not None:
            with self.below.taking(operation.path) as place:
                if place is not None:
                    remove_marker(place)
        entry = Entry(
            method=Method.WRITE,
            digest=short_hash(operation.content),
            timestamp=self.timestamp,
            owners=operation.owners,
            yields=operation.yields,
            unlisted=operation.unlisted,
            once=operation.once,
        )
        return Applied(
            record={Address(operation.path): entry},
            made=tuple(Address(folder) for folder in folders),
            method=Method.WRITE.value,
        )

    def _edit(self, operation: EditDocument) -> Applied:
        document, edited = Address(operation.path), self._edited(operation)
        made, unmade = list(operation.made), list(operation.unmade)
        mode = 0o600 if operation.secret else 0o644
        if edited is None:
            if operation.expected is not None:
                self.below.remove(operation.path, operation.expected)
            unmade.append(document)
        elif operation.expected is None:
            folders = self.below.write(operation.path, edited, mode=mode, expected=None)
            made += [*(Address(folder) for folder in folders), document]
        elif short_hash(edited) != operation.expected or operation.mode:
            self.below.write(operation.path, edited, mode=mode, expected=operation.expected, back=operation.mode)
        return Applied(
            record={address: replace(entry, timestamp=self.timestamp) for address, entry in operation.record.items()},
            forget=operation.forget,
            made=tuple(dict.fromkeys(made)),
            unmade=tuple(dict.fromkeys(unmade)),
            method=Method.MERGE.value,
        )

    def _edited(self, operation: EditDocument) -> bytes | None:
        """What the file is to say. Where that was not worked out before, it is now; the digest decides of what."""
        if operation.path in self.history.edited:
            return self.history.edited[operation.path]
        content = b""
        if operation.expected is not None:
            with telling(operation.path):
                content = Looked().read(os.fspath(self.root / operation.path))
            if short_hash(content) != operation.expected:
                code, hint = "changed_underneath", "Sync again"
                raise ApplyError("it was changed in the meantime", code=code, path=operation.path, hint=hint)
        return edit(operation, content, self.formats)

    def _update(self, operation: UpdateSource) -> Applied:
        mode = (0o755 if operation.executable else 0o644) & (0o700 if operation.secret else 0o777)
        folders = self.below.write(operation.path, operation.content, mode=mode, expected=operation.expected)
        return Applied(made=tuple(Address(folder) for folder in folders))

    def _restore(self, operation: Restore) -> Applied:
        if self.history.folder is None:
            raise ApplyError("there is no history to take it from", code="history_damaged", path=operation.path)
        folders = restore(operation, self.below, self.history.folder)
        return Applied(
            record=operation.record,
            forget=operation.forget,
            made=(*(Address(folder) for folder in folders), *operation.made),
            unmade=operation.unmade,
        )

    def _remove(self, operation: Remove) -> Applied:
        expected = operation.expected or ""
        if operation.method in {Method.COPY, Method.JUNCTION}:
            with self.below.taking(operation.path) as place:
                if place is not None:
                    with marker_going(place):
                        take(place, expected, look_at_any)
        else:
            self.below.remove(operation.path, expected)
        return Applied(forget=(operation.address,))


def _source_of(operation: MakeLink) -> os.stat_result:
    """What a link is to lead to. Raises ApplyError if it is gone: a link to nothing would be made without complaint."""
    with telling(operation.source):
        try:
            return os.stat(operation.source)  # noqa: PTH116 - measured, see `_leads_to`
        except FileNotFoundError as error:
            raise ApplyError(
                f"what it should link to is gone ({operation.source})",
                code="source_vanished",
                path=operation.path,
                hint="Sync again: the source is then read anew",
            ) from error
