"""What we last wrote. An output is ours when the ledger says so and the disk confirms it.

The file of a project is `{"version", "targets": {target: {address: {"hash", "timestamp", …}}}, "last_sync",
"made", "pending"}`; reading and writing it is the business of `files.state`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harnesssync_orchestrator.core.desired import Address

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
    """

    method: Method
    digest: str
    timestamp: str
    owners: tuple[str, ...]
    created: bool = True
    format: str = ""
    source: str = ""
    source_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All entries of one scope.

    `made` are containers that came into being for an output and go with the last one in them: a folder
    (`Address("x/")`), a merged file (`Address("x.json")`), an object or array in it (with a pointer).
    `pending` holds, by address, the digest that an unfinished sync was about to write: after a crash an output
    with just that digest is ours. What it was about to make for them stands there as `CONTAINER`.
    `lost` says that there was a ledger which can't be read any more; it is never saved.
    """

    entries: Mapping[Address, Entry] = field(default_factory=dict)
    made: frozenset[Address] = frozenset()
    pending: Mapping[Address, str] = field(default_factory=dict)
    last_sync: str | None = None
    lost: bool = False

    @property
    def owners(self) -> frozenset[str]:
        """The targets that have outputs."""
        return frozenset(owner for entry in self.entries.values() for owner in entry.owners)

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
    for address, entry in sorted(ledger.entries.items()):
        row: dict[str, Any] = {"hash": entry.digest, "timestamp": entry.timestamp, "method": entry.method.value}
        if not entry.created:
            row["created"] = False
        for name in ("format", "source", "source_digest"):
            if value := getattr(entry, name):
                row[name] = value
        for owner in entry.owners:
            targets.setdefault(owner, {})[str(address)] = row
    return {
        "version": VERSION,
        "targets": targets,
        "last_sync": ledger.last_sync,
        "made": sorted(str(address) for address in ledger.made),
        "pending": {str(address): digest for address, digest in sorted(ledger.pending.items())},
    }


def from_document(document: Mapping[str, Any]) -> Ledger:
    """The inverse. Raises ValueError, KeyError or TypeError when the document is not a ledger of this version."""
    version = str(document.get("version", ""))
    if version.split(".", maxsplit=1)[0] != VERSION.split(".", maxsplit=1)[0]:
        raise ValueError(f"version {version!r} is not {VERSION}")
    entries: dict[Address, Entry] = {}
    for owner, rows in document["targets"].items():
        for text, row in rows.items():
            address = Address.parse(text)
            known = entries.get(address)
            entries[address] = Entry(
                method=Method(row["method"]),
                digest=_text(row["hash"]),
                timestamp=_text(row["timestamp"]),
                owners=(*known.owners, owner) if known else (owner,),
                created=bool(row.get("created", True)),
                format=_text(row.get("format", "")),
                source=_text(row.get("source", "")),
                source_digest=_text(row.get("source_digest", "")),
            )
    last_sync = document.get("last_sync")
    return Ledger(
        entries=entries,
        made=frozenset(Address.parse(text) for text in document.get("made", ())),
        pending={Address.parse(text): _text(digest) for text, digest in document.get("pending", {}).items()},
        last_sync=None if last_sync is None else _text(last_sync),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value
