"""What we last wrote. An output is ours when the ledger says so and the disk confirms it.

The file of a project is `{"version", "targets": {target: {address: {"hash", "timestamp", …}}}, "last_sync",
"made", "pending", "transaction"}`; reading and writing it is the business of `files.state`.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.trust import Everything

VERSION = "1.0"

CONTAINER = ""
"""In place of a digest: a folder, a merged file, or an object or array in one, which holds outputs."""


class Method(enum.Enum):
    """How an output was made."""

    SYMLINK = "symlink"
    JUNCTION = "junction"
    COPY = "copy"
    WRITE = "write"
    MERGE = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One output as we left it.

    `digest`: `link_hash` of a link's text, `short_hash` of a file, tree hash of a copied folder, `value_hash` of
    a merged value. `created` is False for an output that already was as desired when we first came: it is
    watched, but it is a person's, so it is never changed or removed. `source_digest` is the content hash of a
    copy's source. `timestamp` is UTC with offset, ISO 8601.
    `origin` names the record in the history that holds what stood there before we ever wrote, when a person let us
    replace it: it is given back when the output goes. `kept` says that a person decided to keep what is there instead
    of ours: it is neither written nor told as a conflict. `mode` are the permissions of a merged file that a credential
    in it took from others, 0 if it took none (`core.modes`). What `yields` only filled a gap: once something else
    stands there, that is a person's, and this is forgotten. What is `unlisted` is never named in `info/exclude`: the
    main checkout has something in the same place, which git is to show. What was written `once` is a person's by
    now, and only goes, unless they changed it, when all that we wrote does.
    """

    method: Method
    digest: str
    timestamp: str
    owners: tuple[str, ...]
    created: bool = True
    format: str = ""
    source: str = ""
    source_digest: str = ""
    origin: str = ""
    kept: bool = False
    mode: int = 0
    yields: bool = False
    unlisted: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All entries of one scope.

    `made` are containers that came into being for an output and go with the last one in them: a folder
    (`Address("x/")`), a merged file (`Address("x.json")`), an object or array in it (with a pointer).
    `pending` holds, by address, the digest that an unfinished sync was about to write: after a crash an output
    with just that digest is ours. What it was about to make for them stands there as `CONTAINER`.
    `transaction` names the record in the history of that unfinished sync, `""` when none is unfinished.
    `lost` says that there was a ledger which can't be read any more; it is never saved.
    """

    entries: Mapping[Address, Entry] = field(default_factory=dict)
    made: frozenset[Address] = frozenset()
    pending: Mapping[Address, str] = field(default_factory=dict)
    transaction: str = ""
    last_sync: str | None = None
    lost: bool = False

    @property
    def owners(self) -> frozenset[str]:
        """The targets that have outputs."""
        return frozenset(owner for entry in self.entries.values() for owner in entry.owners)

    @property
    def filled(self) -> Container[str]:
        """The paths of what only fills gaps. Any path may be one when the ledger was lost; and what an unfinished sync
        was about to make may be there by now."""
        if self.lost:
            return Everything()
        return self.gaps.union(address.path for address in self.pending)

    @property
    def gaps(self) -> frozenset[str]:
        """The paths of what is known to fill a gap alone."""
        return frozenset(address.path for address, entry in self.entries.items() if entry.yields)

    def changed(
        self,
        *,
        record: Mapping[Address, Entry] | None = None,
        forget: Iterable[Address] = (),
        made: Iterable[Address] = (),
        unmade: Iterable[Address] = (),
    ) -> Ledger:
        """A ledger with some entries recorded and others forgotten."""
        entries = {**self.entries, **(record or {})}
        for address in forget:
            entries.pop(address, None)
        return replace(self, entries=entries, made=(self.made | frozenset(made)) - frozenset(unmade))


def to_document(ledger: Ledger) -> dict[str, Any]:
    """The ledger as plain values for JSON; a shared output stands under each of its owners."""
    targets: dict[str, dict[str, Any]] = {}
    for address, entry in sorted(ledger.entries.items(), key=_in_order):
        row, text = to_row(entry), str(address)
        for owner in entry.owners:
            targets.setdefault(owner, {})[text] = row
    document = {
        "version": VERSION,
        "targets": targets,
        "last_sync": ledger.last_sync,
        "made": sorted(str(address) for address in ledger.made),
        "pending": {str(address): digest for address, digest in sorted(ledger.pending.items(), key=_in_order)},
    }
    if ledger.transaction:
        document["transaction"] = ledger.transaction
    return document


def _in_order(item: tuple[Address, object]) -> tuple[str, tuple[str, ...], str]:
    """What addresses are compared by, for them to be sorted without a call for each comparison."""
    address = item[0]
    return address.path, address.pointer, address.element


def to_row(entry: Entry) -> dict[str, Any]:
    """An entry as plain values, without its owners; what has its default is left out."""
    row: dict[str, Any] = {"hash": entry.digest, "timestamp": entry.timestamp, "method": entry.method.value}
    if not entry.created:
        row["created"] = False
    for name in ("format", "source", "source_digest", "origin"):
        if value := getattr(entry, name):
            row[name] = value
    if entry.kept:
        row["kept"] = True
    for name in ("yields", "unlisted", "once"):
        if getattr(entry, name):
            row[name] = True
    if entry.mode:
        row["mode"] = f"{entry.mode:04o}"
    return row


def from_row(row: Mapping[str, Any], owners: tuple[str, ...]) -> Entry:
    """The inverse. Raises ValueError, KeyError or TypeError."""
    return Entry(
        method=Method(row["method"]),
        digest=_text(row["hash"]),
        timestamp=_text(row["timestamp"]),
        owners=owners,
        created=bool(row.get("created", True)),
        format=_text(row.get("format", "")),
        source=_text(row.get("source", "")),
        source_digest=_text(row.get("source_digest", "")),
        origin=_text(row.get("origin", "")),
        kept=bool(row.get("kept", False)),
        mode=int(_text(row.get("mode", "0")), 8),
        yields=bool(row.get("yields", False)),
        unlisted=bool(row.get("unlisted", False)),
        once=bool(row.get("once", False)),
    )


def from_document(document: Mapping[str, Any]) -> Ledger:
    """The inverse of `to_document`. Raises ValueError, KeyError or TypeError when the document is not a ledger of this
    version."""
    version = str(document.get("version", ""))
    if version.split(".", maxsplit=1)[0] != VERSION.split(".", maxsplit=1)[0]:
        raise ValueError(f"version {version!r} is not {VERSION}")
    entries: dict[Address, Entry] = {}
    for owner, rows in document["targets"].items():
        for text, row in rows.items():
            address = Address.parse(text)
            known = entries.get(address)
            entries[address] = from_row(row, (*known.owners, owner) if known else (owner,))
    last_sync = document.get("last_sync")
    return Ledger(
        entries=entries,
        made=frozenset(Address.parse(text) for text in document.get("made", ())),
        pending={Address.parse(text): _text(digest) for text, digest in document.get("pending", {}).items()},
        transaction=_text(document.get("transaction", "")),
        last_sync=None if last_sync is None else _text(last_sync),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value
