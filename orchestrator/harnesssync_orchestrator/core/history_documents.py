"""Records of transactions as plain values for JSON, and back. What has its default is left out.

    {"version", "kind", "time", "undoes", "folders", "modes", "exclude", "changes": [{"path", "before", "after",
     "source", "entries_before", "entries_after", "made", "unmade"}…]}

`path` and the texts of links may hold bytes that are not UTF-8, as Python holds them; addresses are text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.history import Change, Record, TransactionKind
from harnesssync_orchestrator.core.ledger import Entry, from_row, to_row
from harnesssync_orchestrator.core.stood import Nothing, Stood, StoodFile, StoodLink, StoodTree

VERSION = "1.0"


def to_document(record: Record) -> dict[str, Any]:
    """The whole record but its name, which is that of its folder."""
    document: dict[str, Any] = {"version": VERSION, "kind": record.kind.value, "time": record.time}
    if record.undoes:
        document["undoes"] = record.undoes
    if record.folders:
        document["folders"] = list(record.folders)
    if record.modes:
        document["modes"] = dict(record.modes)
    if record.exclude is not None:
        document |= {"exclude": list(record.exclude), "private": list(record.private)}
    document["changes"] = [_to_change(change) for change in record.changes]
    return document


def from_document(name: str, document: Mapping[str, Any]) -> Record:
    """The inverse. Raises ValueError, KeyError, TypeError or AttributeError when it is no record of this version."""
    version = str(document["version"])
    if version.partition(".")[0] != VERSION.partition(".")[0]:
        raise ValueError(f"version {version!r} is not {VERSION}")
    exclude = document.get("exclude")
    return Record(
        name=name,
        kind=TransactionKind(document["kind"]),
        time=str(document["time"]),
        changes=tuple(_from_change(row) for row in document["changes"]),
        undoes=str(document.get("undoes", "")),
        folders=tuple(map(str, document.get("folders", ()))),
        modes={str(folder): int(mode) for folder, mode in document.get("modes", {}).items()},
        exclude=None if exclude is None else tuple(map(str, exclude)),
        # Of an earlier version nobody knows: all of them may be.
        private=tuple(map(str, document.get("private", exclude or ()))),
    )


def _to_change(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {"path": change.path}
    if not isinstance(change.before, Nothing):
        row["before"] = _to_stood(change.before)
    if change.after is not None:
        row["after"] = change.after
    if change.source:
        row["source"] = change.source
    for name in ("entries_before", "entries_after"):
        if entries := getattr(change, name):
            row[name] = {str(address): _to_entry(entry) for address, entry in sorted(entries.items())}
    for name in ("made", "unmade"):
        if addresses := getattr(change, name):
            row[name] = [str(address) for address in addresses]
    return row


def _from_change(row: Mapping[str, Any]) -> Change:
    return Change(
        path=str(row["path"]),
        before=_from_stood(row["before"]) if "before" in row else Nothing(),
        after=str(row["after"]) if "after" in row else None,
        source=str(row.get("source", "")),
        entries_before=_from_entries(row.get("entries_before", {})),
        entries_after=_from_entries(row.get("entries_after", {})),
        made=tuple(map(Address.parse, row.get("made", ()))),
        unmade=tuple(map(Address.parse, row.get("unmade", ()))),
    )


def _to_stood(stood: StoodFile | StoodLink | StoodTree) -> dict[str, Any]:
    if isinstance(stood, StoodLink):
        row: dict[str, Any] = {"kind": "link", "text": stood.text}
        return {**row, "directory": True} if stood.directory else row
    if isinstance(stood, StoodFile):
        row = {"kind": "file", "digest": stood.digest, "mode": stood.mode, "mtime_ns": stood.mtime_ns}
    else:
        row = {"kind": "tree", "digest": stood.digest}
    return row | {name: value for name in ("marker", "marked") if (value := getattr(stood, name))}


def _from_stood(row: Mapping[str, Any]) -> Stood:
    kind, marker, marked = row["kind"], str(row.get("marker", "")), str(row.get("marked", ""))
    if kind == "link":
        return StoodLink(text=str(row["text"]), directory=bool(row.get("directory", False)))
    if kind == "file":
        digest, mode, mtime_ns = str(row["digest"]), int(row["mode"]), int(row["mtime_ns"])
        return StoodFile(digest=digest, mode=mode, mtime_ns=mtime_ns, marker=marker, marked=marked)
    if kind == "tree":
        return StoodTree(digest=str(row["digest"]), marker=marker, marked=marked)
    raise ValueError(f"nothing is known that is called {kind!r}")


def _to_entry(entry: Entry) -> dict[str, Any]:
    return {**to_row(entry), "owners": list(entry.owners)}


def _from_entries(rows: Mapping[str, Any]) -> dict[Address, Entry]:
    return {Address.parse(text): from_row(row, tuple(map(str, row["owners"]))) for text, row in rows.items()}
