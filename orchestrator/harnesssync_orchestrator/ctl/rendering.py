"""Reports for people, from the form that `core.report.to_json` gives: whoever made it, it looks the same.

What is right already is left out of the summary (a second sync says `nothing to do`) and is counted when verbose.
Losses of security, and for a credential, are told in full, others as a number unless verbose. Only a sync that finds
nothing changed does not repeat them: what it does not tell was told by the one before, and is told by `status`.
"""

from __future__ import annotations

import os

from harnesssync_orchestrator.console import NOTHING, visible
from harnesssync_orchestrator.ctl.drifted import drift
from harnesssync_orchestrator.ctl.losses import tell, tell_again
from harnesssync_orchestrator.ctl.waiting import argument, count, halted, held, number_of, typed

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from harnesssync_orchestrator.console import Console

_DONE = {
    "MakeLink": "linked",
    "MakeCopy": "copied",
    "WriteFile": "written",
    "EditDocument": "merged",
    "Remove": "removed",
    "Restore": "given back",
    "UpdateSource": "adopted",
}
_PLANNED = {
    "MakeLink": "to link",
    "MakeCopy": "to copy",
    "WriteFile": "to write",
    "EditDocument": "to merge",
    "Remove": "to remove",
    "Restore": "to give back",
    "UpdateSource": "to adopt",
}
_SIGNS = {**dict.fromkeys(_DONE, "+"), "EditDocument": "~", "Remove": "-", "UpdateSource": "<"}
_SIGN_COLOURS = {"+": "green", "~": "yellow", "-": "red", "<": "cyan"}
_STATE_COLOURS = {
    "in step": "green",
    "never synced": "dim",
    "paused": "yellow",
    "out of step": "yellow",
    "conflict": "yellow",
}
_FAILED = {"failed", "partial"}
_TO_DO = {"out of step", "conflict"}
_OUT_OF_STEP = {"paused", "out of step", "conflict", "halted"}


def exit_code(report: Mapping[str, Any]) -> int:
    """What `Report.exit_code` says: 0 clean, 4 failed, 1 when something else is not in step."""
    if report.get("state") in _FAILED or count(report, "failures"):
        return 4
    waits = count(report, "problems") or count(report, "held")
    return 1 if waits or report.get("state") in _OUT_OF_STEP else 0


def resumed(console: Console, report: Mapping[str, Any]) -> None:
    """What the sync did with which a project goes on, and how that stands: the watcher may have been quicker."""
    synced(console, report, is_resumed=True)


def synced(console: Console, report: Mapping[str, Any], *, is_resumed: bool = False) -> None:
    """What one sync did, and its summary."""
    console.header(visible(report["path"]))
    copies: int = report.get("copies_for_links") or 0
    words = {**_DONE, "MakeLink": "linked or copied"} if copies else _DONE
    for target, counts in _by_target(_with_new_documents(report, done=True), words):
        console.info(f"{target}: {counts}")
    _details(console, report)
    if copies:
        many = f"{number_of(copies, 'output')} copied, since no link could be made here"
        console.warn(f"{many}: made anew by every sync after the source has changed")
    counts = report["counts"]
    console.synced(counts["synced"])
    console.cleaned(counts["cleaned"])
    if console.verbose:
        console.counts["skipped"] += counts["skipped"]
    is_told = bool(report.get("unchanged")) and not console.verbose
    _attention(console, report, notes=bool(counts["synced"]) or console.verbose, losses=not is_told, done=True)
    console.counts["error"] = max(console.counts["error"], counts["errors"])
    goes_on = is_resumed and report.get("state") not in {"failed", "halted", "paused"}
    end = state(console, report) if is_resumed else _summary(console, report)
    console.line(f"  goes on: {end}" if goes_on else f"  {end}")


def resolved(console: Console, report: Mapping[str, Any], decided: Sequence[Mapping[str, Any]]) -> None:
    """What came of a person's decisions about conflicts, and of the sync that followed."""
    console.header(visible(report["path"]))
    words = {"restore": "restored", "keep": "kept as yours", "adopt": "adopted into the source"}
    for each in decided:
        console.info(f"{words.get(each['choice'], each['choice'])}: {visible(each['address'])}")
    _details(console, report)
    console.synced(report["counts"]["synced"])
    console.cleaned(report["counts"]["cleaned"])
    _attention(console, report, notes=console.verbose, losses=console.verbose, done=True)
    console.counts["error"] = max(console.counts["error"], report["counts"]["errors"])
    console.line(f"  {_summary(console, report)}")


def planned(console: Console, report: Mapping[str, Any]) -> None:
    """What a sync would do."""
    console.header(visible(report["path"]))
    report_of_now = _with_new_documents(report)
    for target, counts in _by_target(report_of_now, _PLANNED):
        console.line(f"  {console.colourize('cyan', '→')} {target}: {counts}")
    _details(console, report_of_now)
    conclusion(console, report)


def difference(console: Console, report: Mapping[str, Any]) -> None:
    """Every change that a sync would make, a line each."""
    console.header(visible(report["path"]))
    _operations(console, _with_new_documents(report))
    conclusion(console, report)


def _with_new_documents(report: Mapping[str, Any], *, done: bool = False) -> dict[str, Any]:
    """A report in which an edit of a document that did not exist is what it looks like: a file is written. Supervisors
    of earlier versions don't say which those are."""
    operations = [
        {**operation, "kind": "WriteFile"}
        if operation["kind"] == "EditDocument"
        and operation.get("new", not done and is_new(report["path"], operation["path"]))
        else operation
        for operation in report["operations"]
    ]
    return {**report, "operations": operations}


def is_new(root: str, path: str) -> bool:
    """Is there nothing yet at the path of an output, which is relative to `root`?"""
    return not os.path.lexists(os.path.join(root, path))  # noqa: PTH118 - pathlib takes longer to import than a status


def conclusion(console: Console, report: Mapping[str, Any]) -> None:
    """What comes after the changes: what a person should know, and the state."""
    _attention(console, report, notes=console.verbose, done=False)
    console.line(f"  {state(console, report)}")


def standing(console: Console, report: Mapping[str, Any], *, status: str = "") -> None:
    """How one project stands. `status` is the word of `status --all`, if somebody serves it."""
    console.header(visible(report["path"]))
    console.line(
        f"  {status_word(console, status)} {state(console, report)}" if status else f"  {state(console, report)}"
    )
    if report.get("targets"):
        console.line(f"  targets: {', '.join(report['targets'])}")
    if report.get("finished"):
        when = "last sync" if status else "looked at"  # without a supervisor this very command has looked
        console.line(f"  {when}: {visible(report['finished'])}")
    _details(console, report)
    _attention(console, report, notes=True, done=bool(status))


def status_word(console: Console, status: str) -> str:
    """`[running]`, `[stopped]` or `[stale - path not found]`."""
    word = "[stale - path not found]" if status == "stale" else f"[{status}]"
    return console.colourize({"running": "green", "stopped": "dim"}.get(status, "yellow"), word)


def state(console: Console, report: Mapping[str, Any]) -> str:
    """`in step, 12 unchanged`, `conflict, 1 conflict, 3 synced`."""
    word = str(report.get("state", ""))
    if word == "in step" and not report.get("targets", True):
        word = "no harness in use"
    counts = report.get("counts") or {}
    parts = [console.colourize(_STATE_COLOURS.get(word, "red"), visible(word))]
    if word in _TO_DO:
        parts += _due(report)
    parts += [
        f"{counts[name]} {word}"
        for name, word in (("synced", "synced"), ("skipped", "unchanged"), ("cleaned", "cleaned"), ("errors", "errors"))
        if counts.get(name)
    ]
    parts += _numbers(report)
    if kept := count(report, "kept"):
        parts.append(f"{kept} kept as yours")
    if report.get("polled"):
        parts.append(console.colourize("yellow", "polled"))
    if report.get("activity") in {"waiting", "syncing"}:
        parts.append(console.colourize("cyan", report["activity"]))
    return ", ".join(parts)


def _due(report: Mapping[str, Any]) -> list[str]:
    """What a sync would do, in the numbers in which it will tell that; an earlier supervisor only counts changes."""
    due = report.get("due")
    if due is None:
        changes = count(report, "operations")
        return [number_of(changes, "change")] if changes else []
    return [f"{due[name]} {word}" for name, word in (("synced", "to sync"), ("cleaned", "to clean")) if due[name]]


def _summary(console: Console, report: Mapping[str, Any]) -> str:
    text, shown = console.summary(), count(report, "shown")
    for number, word in ((shown, "hidden from git"), (count(report, "covered"), "shown by git")):
        if number:
            text = f"{'' if text == NOTHING else f'{text}, '}{number} {word} again"
    waiting = _numbers(report)
    if not (waiting or report.get("halt")):
        return text
    return ", ".join(["nothing done" if text == NOTHING else text, *waiting])


def _numbers(report: Mapping[str, Any]) -> list[str]:
    """What a person still has to look at, as numbers."""
    numbers = [
        number_of(number, word)
        for name, word in (("conflicts", "conflict"), ("problems", "problem"))
        if (number := count(report, name))
    ]
    if number := count(report, "held"):
        numbers.append(f"{number} held back")
    return numbers


def _by_target(report: Mapping[str, Any], words: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """For each target that something is done for: `3 linked, 1 merged`. A shared output counts for each owner."""
    for target in report["targets"]:
        kinds = [operation["kind"] for operation in report["operations"] if target in operation["targets"]]
        counts = ", ".join(f"{kinds.count(kind)} {words.get(kind, kind)}" for kind in dict.fromkeys(kinds))
        if counts:
            yield target, counts


def _details(console: Console, report: Mapping[str, Any]) -> None:
    if console.verbose:
        _operations(console, report)


def _operations(console: Console, report: Mapping[str, Any]) -> None:
    for operation in report["operations"]:
        sign = _SIGNS.get(operation["kind"], "?")
        owners = console.colourize("dim", f"({', '.join(operation['targets'])})")
        console.line(
            f"  {console.colourize(_SIGN_COLOURS.get(sign, 'dim'), sign)} {visible(operation['path'])} {owners}"
        )


def _attention(console: Console, report: Mapping[str, Any], *, notes: bool, done: bool, losses: bool = True) -> None:
    """Everything that a person should know or do: what failed, what was left alone and why.

    `notes` hold for as long as a target is used (consent that its harness asks for), so they are not told every time,
    and once for all projects.
    What is not `done` is only what a sync would do.
    """
    if not report["targets"]:
        _no_harness(console, report)
    for failure in report["failures"]:
        console.error(_sentence(failure, place=_place(failure["target"], failure["path"])))
    drift(console, report, done=done)
    halted(console, report)
    for conflict in report["conflicts"]:
        named = str(conflict["message"]).startswith(str(conflict["address"]))
        place = "conflict" if named else _place("conflict", conflict["address"])
        console.note(_sentence({**conflict, "hint": typed(conflict["hint"], report)}, place=place))
    held(console, report)
    for problem in report["problems"]:
        position = [str(problem[name]) for name in ("file", "line", "column") if problem.get(name) is not None]
        console.note(_sentence(problem, place=":".join(position)))
    if losses:
        tell(console, report["losses"])
    else:
        tell_again(console, report["losses"])
    for note in report["notes"] if notes else ():
        console.once(f"  {console.colourize('cyan', 'i')} {visible(note)}")


def _no_harness(console: Console, report: Mapping[str, Any]) -> None:
    written = "" if report["operations"] else ": nothing was written"
    console.note(
        f"no harness is in use here{written}. Choose with --target codex (harnesssync targets lists them), or for good "
        f"with harnesssync ctl add {argument(report)} --target codex"
    )


def _place(*parts: str) -> str:
    return ": ".join(part for part in parts if part)


def _sentence(row: Mapping[str, Any], *, place: str) -> str:
    text = f"{place}: {row['message']}" if place else str(row["message"])
    return visible(text + (f". {row['hint']}" if row.get("hint") else ""))
