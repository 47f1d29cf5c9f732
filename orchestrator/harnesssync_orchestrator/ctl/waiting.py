"""What people are told about what waits for them: outputs that are held back, and projects that are halted."""

from __future__ import annotations

import os

from harnesssync_orchestrator.console import visible

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harnesssync_orchestrator.console import Console

WHY = {
    "unapproved": "not approved",
    "changed": "new, or changed since it was approved",
    "outdated": "trusted by an earlier version, which did not note what was there",
    "forgotten": "whether it was approved is not known any more, since the registry that said so is lost",
    "remounted": "approved on a file system that had another number: whether it is this folder is not known",
    "replaced": "another folder stands where the approved one was",
    "other-owner": "another user owned the folder when it was approved",
    "writable-by-others": "other users may change the file that says it",
}
"""Why something is held back, by the words of a report."""


def count(report: Mapping[str, Any], name: str) -> int:
    """How long a list of a report is, with what was left out of it on the way."""
    omitted = report.get("omitted")
    return len(report.get(name) or ()) + (omitted.get(name, 0) if isinstance(omitted, dict) else 0)


def number_of(number: int, word: str) -> str:
    """`1 loss`, `2 losses`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}{'es' if word.endswith('s') else 's'}"


def halted(console: Console, report: Mapping[str, Any]) -> None:
    """Why a project does less than it should, and what to type to go on."""
    reason = report.get("halt")
    if not reason:
        return
    message = visible(str(report.get("halt_message") or ""))
    text = f"halted ({visible(str(reason))})" + (f": {message}" if message else "")
    name = argument(report)
    if reason == "foreign-owner":
        text += f". To look at it: harnesssync ctl trust --show {name}; to go on: harnesssync ctl trust {name}"
    elif reason == "source-unparsable":
        text += f". {_repair(report)}"
    elif reason not in ("git-busy", "feedback-loop"):
        text += f". Nothing is changed until the source is back. To go on all the same: {_confirm(report)}"
    console.note(text)


def held(console: Console, report: Mapping[str, Any]) -> None:
    """What a harness would execute or obey and does not get, by reason; what to type to look and to let it through."""
    reasons: dict[str, dict[str, None]] = {}
    staying: set[str] = set()
    for each in report["held"]:
        why = str(each.get("why") or "unapproved")
        items = reasons.setdefault(why, {})
        items.update(dict.fromkeys(visible(item_name(item)) for item in each["items"]))
        staying |= {why} if each.get("stays") else set()
    name = argument(report)
    for why, items in reasons.items():
        text = f"held back: {', '.join(items)}: {WHY.get(why, visible(why))}. A harness would execute or obey this"
        if why == "writable-by-others":
            text += f"; harnesssync ctl trust --show {name} names the files: take the right to write (chmod o-w)"
        else:
            text += f"; to look: harnesssync ctl trust --show {name}; to let it through: harnesssync ctl trust {name}"
        if why in staying:
            text += f"; what an earlier sync wrote of it stays meanwhile; to remove it: {_revoke(name)}"
        console.note(text)
    if console.verbose:
        for each in report["held"]:
            console.debug(f"{visible(each['address'])} ({', '.join(each['targets'])})")


def _repair(report: Mapping[str, Any]) -> str:
    """What helps while some of the source can't be read; a supervisor of an earlier version told of removals alone."""
    waits = report.get("waits") or {"removals": 1, "changes": 0, "confirmable": True}
    if not waits["confirmable"]:
        return "Make it readable: nobody can confirm what it says"
    without = "write anew what would lack it" if waits["changes"] else ""
    what = " and ".join(filter(None, ("remove what is missing" if waits["removals"] else "", without)))
    return f"Repair it; or to {what}: {_confirm(report)}"


def _revoke(name: str) -> str:
    return f"harnesssync ctl trust --revoke {name}"


def argument(report: Mapping[str, Any]) -> str:
    """How a command line names the project of a report."""
    return "--user" if report.get("scope") == "user" else _quoted(visible(report["path"]))


def typed(remedy: str, report: Mapping[str, Any]) -> str:
    """A remedy as it has to be typed where the person is: outside the project its command has to be told which."""
    if report.get("scope") == "user" or _is_inside(report["path"]):
        return remedy
    return remedy.replace("harnesssync resolve ", f"harnesssync resolve --project {argument(report)} ")


def _is_inside(path: str) -> bool:
    try:
        return f"{os.getcwd()}/".startswith(f"{path}/")  # noqa: PTH109 - as in `ctl.projects`
    except FileNotFoundError:  # the working directory is gone
        return False


def item_name(text: str) -> str:
    """`permissions permissions` is said once: of some kinds there is only one item, named like its kind."""
    kind, _, name = text.partition(" ")
    return kind if kind == name else text


def _quoted(path: str) -> str:
    """As it has to be typed into a shell."""
    if all(character.isalnum() or character in "/._-+@%:,=~" for character in path):
        return path
    return "'" + path.replace("'", "'\\''") + "'"


def _confirm(report: Mapping[str, Any]) -> str:
    """Through the supervisor that told of the halt, or else without one."""
    name = argument(report)
    if report.get("status") == "running":
        return f"harnesssync ctl resume {name}"
    return confirming(report)


def confirming(report: Mapping[str, Any]) -> str:
    """The command that syncs a project once, confirmed."""
    name = argument(report)
    place = name if name == "--user" else f"--project {name}"
    return " ".join(["harnesssync sync --confirm", place, *(f"--target {each}" for each in report.get("asked", ()))])
