"""What an undo or an unlink did, and the history, for people: from the forms that `core.withdrawal` gives."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harnesssync_orchestrator.console import Console

_SIGNS = {"removed": ("-", "red"), "restored": ("+", "green"), "edited": ("~", "yellow")}
_LONGEST = 20
"""Lines of changes that are shown; --verbose shows all."""


def withdrawn(console: Console, row: Mapping[str, Any]) -> None:
    """What was taken back, or would be, and what was left alone."""
    console.header(visible(row["path"]))
    changes = row["changes"]
    shown = changes if console.verbose else changes[:_LONGEST]
    for change in shown:
        sign, colour = _SIGNS.get(change["action"], ("?", "dim"))
        console.line(f"  {console.colourize(colour, sign)} {visible(change['path'])}")
    if len(changes) > len(shown):
        more = f"… {len(changes) - len(shown)} more; --verbose shows them"
        console.line(f"  {console.colourize('dim', more)}")
    for failure in row["failures"]:
        console.error(visible(_sentence(failure, failure["path"])))
    for conflict in row["conflicts"]:
        console.note(visible(_sentence(conflict, "conflict")))
    for problem in row["problems"]:
        console.note(visible(_sentence(problem, problem["file"])))
    for note in row["notes"]:
        console.line(f"  {console.colourize('cyan', 'i')} {visible(note)}")
    console.line(f"  {_conclusion(row)}")


def history(console: Console, found: Mapping[str, Any]) -> None:
    """The transactions of one project, newest first, and which can't be read."""
    rows, problems = found["history"], found.get("problems") or ()
    console.header(visible(found["path"]))
    for row in rows:
        what = f"undo of {int(row['undoes'].partition('-')[0])}" if row.get("undoes") else row["kind"]
        paths = f"{row['paths']} path{'' if row['paths'] == 1 else 's'}"
        undone = console.colourize("dim", ", undone") if row["undone"] else ""
        console.line(f"  {row['number']:>4}  {row['time']}  {what}, {paths}{undone}")
    if not rows:
        console.line("  nothing can be undone")
    for problem in problems:
        console.note(visible(_sentence(problem, problem["file"])))


def exit_code(row: Mapping[str, Any]) -> int:
    """What `Withdrawal.exit_code` says; of a history, whether all of it can be read."""
    if row.get("failures"):
        return 4
    return 1 if row.get("conflicts") or row.get("problems") else 0


def _conclusion(row: Mapping[str, Any]) -> str:
    actions = [change["action"] for change in row["changes"]]
    counts = [f"{actions.count(action)} {action}" for action in _SIGNS if action in actions]
    if conflicts := len(row["conflicts"]):
        counts.append(f"{conflicts} conflict{'' if conflicts == 1 else 's'}")
    if row.get("failures"):
        counts.append(f"{len(row['failures'])} failed")
    undone = row["undone"]
    if undone is None:
        return ", ".join(counts) if counts else f"nothing to {row['kind']}"
    name = f"{undone['kind']} {undone['number']} of {undone['time']}"
    head = "would undo" if row["dry_run"] else "undone" if actions or not counts else "not undone"
    return f"{head}: {visible(name)}" + (f": {', '.join(counts)}" if counts else "")


def _sentence(row: Mapping[str, Any], place: str) -> str:
    text = f"{place}: {row['message']}" if place else str(row["message"])
    return text + (f". {row['hint']}" if row.get("hint") else "")
