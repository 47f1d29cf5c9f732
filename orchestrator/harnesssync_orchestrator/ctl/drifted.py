"""What people are told about outputs that were gone or edited, and about which a sync does something."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from harnesssync_orchestrator.console import Console

SHOWN = 5
"""Paths that are named in one sentence."""


def drift(console: Console, report: Mapping[str, Any], *, done: bool) -> None:
    """What was gone, and what a policy or a person's decision replaces or takes into the source; or, before it is
    `done`, what a sync would make of it."""
    missing, replaced, adopted = [], [], []
    taken_in = {each for operation in report["operations"] for each in operation.get("adopts") or ()}
    for operation in report["operations"]:
        path, state = visible(operation["path"]), operation.get("state")
        if operation["kind"] == "UpdateSource":
            adopted.append(path)
        elif state == "missing":
            missing.append(path)
        elif state in ("output-edited", "both", "foreign") and operation["path"] not in taken_in:
            replaced.append(path)
    if shown := [visible(path) for path in report.get("shown") or ()]:
        console.note(
            f"git {'showed what is hidden again' if done else 'shows what a sync would hide'}: {_named(shown)}"
        )
    if covered := [visible(path) for path in report.get("covered") or ()]:
        does = "did not show what you have here, and does now" if done else "does not show what you have here"
        then = "" if done else ". A sync shows it: until then a switch to a branch that has such a file replaces yours"
        console.note(f"git {does}, since another worktree has outputs of that name: {_named(covered)}{then}")
    if missing:
        console.note(f"missing, {'and' if done else 'to be'} made again: {_named(missing)}")
    if replaced and done:
        console.note(f"not ours as it was, and replaced: {_named(replaced)}. What was there is kept in the history")
    elif replaced:
        console.note(f"not ours as it was, to be replaced: {_named(replaced)}. What is there goes into the history")
    if adopted:
        console.note(f"an edit of an output goes into the source: {_named(adopted)}")


def _named(paths: Sequence[str]) -> str:
    return ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")
