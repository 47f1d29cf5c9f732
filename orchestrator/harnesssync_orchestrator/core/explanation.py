"""What is told about one file, to people and to scripts: an `Explanation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harnesssync_orchestrator.core.desired import Address, Loss
from harnesssync_orchestrator.core.explaining import Maker, Part
from harnesssync_orchestrator.core.foreign import Foreign
from harnesssync_orchestrator.core.items import ItemId, Origin
from harnesssync_orchestrator.core.report import loss_row
from harnesssync_orchestrator.core.secrets import redact
from harnesssync_orchestrator.core.source import Problem


@dataclass(frozen=True, slots=True)
class SourceOf:
    """An item that is read from the file, and the outputs that it makes."""

    item: ItemId
    origin: Origin
    outputs: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is known about one file of a project.

    `file` is its path below the project's root, `""` for the root itself; `asked` the path that led there, if a link
    did. `there` is what stands there: `nothing`, `file`, `link`, `folder` or `other`; `leads_to` is the text of a link.
    `within` is the link or copy of ours inside of which it lies, and `behind` the file of the source that it then is.
    `marks` is the copy of which it is the marker. `hiding` are the lines of a block of ours in it, by which git hides
    outputs. `others` are targets that would want the file, were they among the
    project's. `lines` has, for an item of a settings file, the line on which it begins, where that is certain.
    """

    project_id: str
    path: str
    scope: str
    file: str
    asked: str = ""
    there: str = "nothing"
    leads_to: str = ""
    made: bool = False
    within: Part | None = None
    behind: str = ""
    marks: str = ""
    hiding: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    losses: tuple[Loss, ...] = ()
    source_of: tuple[SourceOf, ...] = ()
    others: tuple[str, ...] = ()
    lines: Mapping[tuple[ItemId, str], int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    halt: str | None = None
    halt_message: str = ""

    @property
    def ours(self) -> bool:
        """Is it an output of ours, or inside of one, or is one in it?"""
        return bool(self.marks or self.hiding) or any(
            part.ours for part in (*self.parts, *([self.within] if self.within else ()))
        )

    @property
    def exit_code(self) -> int:
        """0 if anything there is ours, else 1."""
        return 0 if self.ours else 1


def to_json(explanation: Explanation) -> dict[str, Any]:
    """The stable, documented form (docs/json.md): additions only, within one protocol version. Values are not in it."""
    return {
        "id": explanation.project_id,
        "path": explanation.path,
        "scope": explanation.scope,
        "file": explanation.file,
        "asked": explanation.asked or None,
        "ours": explanation.ours,
        "there": explanation.there,
        "leads_to": explanation.leads_to or None,
        "made": explanation.made,
        "within": _part(explanation.within, explanation) if explanation.within else None,
        "behind": explanation.behind or None,
        "marks": explanation.marks or None,
        "hiding": list(explanation.hiding),
        "parts": [_part(part, explanation) for part in explanation.parts],
        "foreign": [{"pointer": list(map(redact, each.pointer)), "index": each.index} for each in explanation.foreign],
        "losses": [loss_row(loss) for loss in explanation.losses],
        "source_of": [
            {
                "item": str(each.item),
                "origin": _origin(each.origin, each.item, explanation),
                "outputs": [str(address) for address in each.outputs],
            }
            for each in explanation.source_of
        ],
        "others": list(explanation.others),
        "problems": [
            {"code": each.code, "message": redact(each.message), "file": each.file, "line": each.line}
            for each in explanation.problems
        ],
        "halt": explanation.halt,
        "halt_message": explanation.halt_message,
    }


def _part(part: Part, explanation: Explanation) -> dict[str, Any]:
    withheld, entry = part.withheld, part.entry
    return {
        "address": str(part.address),
        "form": part.form.value,
        "there": part.there,
        "ours": part.ours,
        "state": part.state.value if part.state else None,
        "targets": list(part.owners),
        "index": part.index,
        "source": part.source or None,
        "items": [_maker(maker, explanation) for maker in part.makers],
        "written": (entry.timestamp or None) if entry is not None and part.ours else None,
        "withheld": None
        if withheld is None
        else {
            "reason": withheld.reason.value,
            "message": redact(withheld.message),
            "hint": redact(withheld.hint),
            "why": withheld.detail or None,
        },
    }


def _maker(maker: Maker, explanation: Explanation) -> dict[str, Any]:
    origins = [_origin(origin, maker.item, explanation) for origin in maker.origins]
    return {"item": str(maker.item), "origins": origins, "imports": list(maker.imports)}


def _origin(origin: Origin, item: ItemId, explanation: Explanation) -> dict[str, Any]:
    return {
        "layer": origin.layer.value,
        "file": origin.file,
        "line": origin.line or explanation.lines.get((item, origin.file)),
        "plugin": origin.plugin,
        "private": origin.private,
    }
