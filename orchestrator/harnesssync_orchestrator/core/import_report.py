"""What is told about an import: what came, what was there already, and what did not come and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.import_planning import Refused
from harnesssync_orchestrator.core.importing import Lost, New, NewElement, NewKey
from harnesssync_orchestrator.core.report import Failure
from harnesssync_orchestrator.core.secrets import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """The result of one import, or, with `dry_run`, what it would do.

    `new` is what came into Claude Code's layout, `there` what was there already; `said` are addresses in the harness's
    files that say what the source says already. `ours` are files, and addresses in files, that we wrote ourselves.
    `unreadable` gives for a path why it could not be read.
    """

    project_id: str
    path: str
    scope: str
    target: str
    new: tuple[New, ...] = ()
    there: tuple[New, ...] = ()
    said: tuple[Address, ...] = ()
    refused: tuple[Refused, ...] = ()
    lost: tuple[Lost, ...] = ()
    ours: tuple[Address, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    dry_run: bool = False
    sync_id: str = ""
    finished: str = ""

    @property
    def exit_code(self) -> int:
        """0 clean, 1 when something was in the way or could not be read, 4 when something failed. Losses are told, but
        are no reason for a script to stop."""
        if self.failures:
            return 4
        return 1 if self.refused or self.unreadable else 0


def to_json(done: Import) -> dict[str, Any]:
    """The stable, documented form (docs/json.md): additions only, within one protocol version. Values are not in it."""
    return {
        "id": done.project_id,
        "path": done.path,
        "scope": done.scope,
        "from": done.target,
        "imported": [_row(each) for each in done.new],
        "there": [_row(each) for each in done.there],
        "said": [str(address) for address in done.said],
        "conflicts": [
            {**_row(each.new), "message": redact(each.message), "hint": redact(each.hint)} for each in done.refused
        ],
        "losses": [
            {"file": each.source, "key": redact(each.key), "why": redact(each.why), "security": each.security}
            for each in done.lost
        ],
        "ours": [str(address) for address in done.ours],
        "unreadable": [{"file": file, "message": redact(why)} for file, why in sorted(done.unreadable.items())],
        "failures": [
            {
                "code": each.code,
                "message": redact(each.message),
                "hint": redact(each.hint),
                "path": each.path,
            }
            for each in done.failures
        ],
        "dry_run": done.dry_run,
        "sync_id": done.sync_id,
        "finished": done.finished,
    }


def _row(new: New) -> dict[str, Any]:
    pointer = new.pointer if isinstance(new, (NewKey, NewElement)) else ()
    to = str(Address(new.path, pointer))
    return {"kind": new.kind.value, "file": new.source, "key": redact(new.key), "to": to}
