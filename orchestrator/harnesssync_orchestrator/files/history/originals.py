"""What stood where a person let us replace it, from the records that the ledger still refers to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.desired import Address, JsonValue
from harnesssync_orchestrator.core.documents import Gap, elements_at, value_at
from harnesssync_orchestrator.core.history import Record
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.stood import Nothing, Stood
from harnesssync_orchestrator.core.targets import DocumentError, DocumentFormat
from harnesssync_orchestrator.core.unlinking import give_back, going
from harnesssync_orchestrator.errors import HarnessSyncError
from harnesssync_orchestrator.files.history.pack import PACK, Pack, damaged
from harnesssync_orchestrator.files.history.records import load


@dataclass
class Originals:
    """By address: what `stood` in the place of whole outputs, the `values` of keys, the `elements` that had a name, and
    what is `lost`, since its record can't be read, with the reason."""

    stood: dict[Address, Stood] = field(default_factory=dict)
    values: dict[Address, JsonValue] = field(default_factory=dict)
    elements: dict[Address, tuple[JsonValue, ...]] = field(default_factory=dict)
    lost: dict[Address, str] = field(default_factory=dict)


def originals(
    history: Path, ledger: Ledger, addresses: Iterable[Address], formats: Mapping[str, DocumentFormat]
) -> Originals:
    """The originals of some outputs, as far as they have any. Blocking."""
    found = Originals()
    records: dict[str, Record] = {}
    for address in addresses:
        entry = ledger.entries.get(address)
        if entry is None or not entry.origin:
            continue
        try:
            if entry.origin not in records:
                records[entry.origin] = load(history, entry.origin)
            before = next((each.before for each in records[entry.origin].changes if each.path == address.path), None)
            if before is None or isinstance(before, Nothing):
                continue
            if not address.pointer:
                found.stood[address] = before
            elif address.name is not None or not address.element:
                values = _values(history / entry.origin / PACK, address.path, formats.get(entry.format))
                value = value_at(values, address.pointer)
                if isinstance(value, list) and address.element:
                    found.elements[address] = tuple(value[index] for index in elements_at(values, address))
                elif not isinstance(value, Gap) and not address.element:
                    found.values[address] = value
        except HarnessSyncError as error:
            found.lost[address] = f"{error.path}: {error.message}"
    return found


def giving_back(plan: Plan, ledger: Ledger, history: Path, formats: Mapping[str, DocumentFormat]) -> Plan:
    """The plan in which what goes gives way to what a person once let us replace. Blocking."""
    found = originals(history, ledger, going(plan.operations), formats)
    return give_back(plan, ledger, stood=found.stood, values=found.values, elements=found.elements, lost=found.lost)


def _values(packed: Path, path: str, document_format: DocumentFormat | None) -> Mapping[str, Any]:
    if document_format is None:
        raise damaged(packed, f"{path} has a format that is not known here")
    pack = Pack(packed)
    try:
        values = document_format.parse(pack.content(path))
        return values if isinstance(values, Mapping) else {}
    except DocumentError as error:
        raise damaged(packed, f"{path}: {error.message}") from error
    finally:
        pack.close()
