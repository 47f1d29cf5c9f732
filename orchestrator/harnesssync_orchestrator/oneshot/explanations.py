"""An explanation for people, from the form that `core.explanation.to_json` gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl.waiting import WHY, item_name

if TYPE_CHECKING:
    from harnesssync_orchestrator.console import Console

LONGEST = 40
"""Parts, and entries of a person's, that are shown; --verbose shows all."""

_STATES = {
    "in-step": "in step",
    "source-changed": "its source has changed: a sync would write it anew",
    "missing": "gone: a sync would make it again",
    "orphan": "nothing makes it any more: a sync would remove it",
    "output-edited": "edited since we wrote it",
    "both": "edited since we wrote it, and its source has changed too",
}
_WITHHELD = {"conflict": "conflict", "unread": "left as it is"}
_WHATS = {"link": "a link", "copy": "a copy", "file": "a file", "key": "a key", "element": "an element"}


def show(console: Console, row: Mapping[str, Any]) -> None:
    """All of it, the file first, then its parts, then what is not in it."""
    console.header(visible(row["path"]))
    name = visible(row["file"] or ".")
    if row["asked"]:
        console.line(f"  {visible(row['asked'])} leads to {name}")
    for line in _headline(row, name):
        console.line(f"  {line}")
    if row["within"]:
        _part(console, row["within"], row)
    parts = row["parts"]
    for part in _first(console, parts, "output"):
        _part(console, part, row)
    _theirs(console, row["foreign"])
    _losses(console, row["losses"])
    for each in row["source_of"]:
        made = ", ".join(dict.fromkeys(visible(_address(one, "")) for one in each["outputs"]))
        made = made or "nothing for these harnesses"
        console.line(f"  {_sourced(each['item'], each['origin'], row)} is read from it, and makes: {made}")
    if row["others"]:
        others = ", ".join(row["others"])
        console.line(f"  It would be written for {others}, which is not among the targets here")
    for problem in row["problems"]:
        line = f":{problem['line']}" if problem["line"] else ""
        console.note(visible(f"{problem['file']}{line}: {problem['message']}: what it says is not known"))
    if row["halt"]:
        console.note(visible(f"a sync would halt ({row['halt']}): {row['halt_message']}"))


def _headline(row: Mapping[str, Any], name: str) -> Iterator[str]:
    parts, merged = row["parts"], [part for part in row["parts"] if part["form"] in ("key", "element")]
    there = {
        "nothing": "nothing is there",
        "link": f"a link of yours to {visible(row['leads_to'] or '')}",
        "folder": "a folder",
        "file": "a file",
        "other": "neither a file nor a folder nor a link",
    }[row["there"]]
    if row["within"]:
        held = visible(_address(row["within"]["address"], ""))
        behind = f", {_below(row['behind'], row)}" if row["behind"] else ""
        yield f"{name}: inside of {held}{behind}"
    elif row["marks"]:
        yield f"{name}: the marker of ours beside the copy {visible(row['marks'])}"
    elif row["hiding"]:
        made = ", made by us" if row["made"] else ""
        yield f"{name}: {there}{made}, with a block of ours that hides {len(row['hiding'])} outputs from git"
    elif parts and all(part["address"] == row["file"] for part in parts):
        return  # the part says it
    elif merged and len(merged) == len(parts) and row["there"] != "folder":
        made = ", made by us" if row["made"] else ""
        yield f"{name}: {there} that people edit too{made}: {_count(merged)}"
    elif parts:
        yield f"{name}: {there} with {_count(parts)}"
    else:
        yield f"{name}: {there}, and no output of ours"


def _count(parts: Sequence[Mapping[str, Any]]) -> str:
    ours = sum(part["ours"] for part in parts)
    other = len(parts) - ours
    return f"{ours} of ours" + (f", {other} that we did not write, or not yet" if other else "")


def _part(console: Console, part: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    words, is_well = _standing(part)
    address = _address(part["address"], row["file"])
    index = f" [{part['index']}]" if part["index"] is not None else ""
    source = f" to {_below(part['source'], row)}" if part["source"] and part["form"] == "link" else ""
    source = f" of {_below(part['source'], row)}" if part["source"] and part["form"] == "copy" else source
    targets = console.colourize("dim", f"({', '.join(part['targets'])})")
    what = _WHATS[part["form"]] + (" of ours" if part["ours"] else "")
    text = f"{visible(address)}{index}: {what}{source}, {words} {targets}"
    if is_well:
        console.info(text)
    else:
        console.note(text)
    for item in part["items"]:
        origins = item["origins"] or [None]
        for origin in origins:
            console.line(f"      {_sourced(item['item'], origin, row)}")
        for file in item["imports"]:
            console.line(f"        with {_below(file, row)}")
    if not part["items"] and part["ours"]:
        console.line("      what made it is not in the source any more")


def _standing(part: Mapping[str, Any]) -> tuple[str, bool]:
    """How a part stands, in words; whether nothing is to be done about it."""
    withheld = part["withheld"]
    if withheld is not None and withheld["reason"] != "not-written":
        if withheld["reason"] == "kept":
            return "which you keep as yours", True
        if withheld["reason"] == "held":
            why = WHY.get(withheld["why"] or "", withheld["why"] or "")
            return visible(f"held back until you trust it: {why}"), False
        told = withheld["message"].removeprefix(f"{part['address']}: ")
        hint = f". {withheld['hint']}" if withheld["hint"] else ""
        word = _WITHHELD.get(withheld["reason"], "left out")
        return visible(f"{word}: {told}{hint}"), False
    if not part["there"]:
        if part["state"] == "orphan":
            return "gone, and nothing makes it any more", False
        gone = part["state"] == "missing"
        return (_STATES["missing"] if gone else "not there yet: a sync would make it"), False
    if not part["ours"] and part["state"] == "in-step":
        return "yours, which says what ours would say", True
    return _STATES.get(part["state"] or "", "not compared"), part["state"] == "in-step"


def _address(address: str, file: str) -> str:
    """What of an address is not said by the file that is spoken of; of an element not its digest."""
    path, mark, rest = address.partition("#")
    pointer = rest.partition("#")[0]
    return f"#{pointer}" if mark and path == file else path + mark + pointer


def _sourced(item: str, origin: Mapping[str, Any] | None, row: Mapping[str, Any]) -> str:
    name = visible(item_name(item))
    if origin is None:
        return name
    line = f":{origin['line']}" if origin["line"] else ""
    plugin = f" {visible(origin['plugin'])}" if origin["plugin"] else ""
    return f"{name}, {origin['layer']}{plugin}: {_below(origin['file'], row)}{line}"


def _below(file: str, row: Mapping[str, Any]) -> str:
    return visible(file.removeprefix(f"{row['path']}/"))


def _theirs(console: Console, foreign: Sequence[Mapping[str, Any]]) -> None:
    for each in _first(console, foreign, "entry of yours", "entries of yours"):
        pointer = "/".join(each["pointer"])
        index = f" [{each['index']}]" if each["index"] is not None else ""
        console.line(f"  {console.colourize('dim', '·')} yours: #/{visible(pointer)}{index}")


def _losses(console: Console, losses: Iterable[Mapping[str, Any]]) -> None:
    for loss in losses:
        item = item_name(loss["item"])
        what = "" if loss["what"] == loss["item"] else f": {loss['what'].removeprefix(loss['item'] + ': ')}"
        text = visible(f"{loss['target']} can't express {item}{what}. {loss['why']}")
        console.note(f"{console.colourize('red', 'security') if loss['security'] else 'lost'}: {text}")


def _first(
    console: Console, rows: Sequence[Mapping[str, Any]], one: str, many: str = ""
) -> Iterator[Mapping[str, Any]]:
    shown = rows if console.verbose else rows[:LONGEST]
    yield from shown
    if left := len(rows) - len(shown):
        text = f"… {left} more {one if left == 1 else many or one + 's'}; --verbose shows them"
        console.line(f"  {console.colourize('dim', text)}")
