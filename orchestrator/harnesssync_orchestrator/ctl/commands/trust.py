"""`ctl trust`: approve what a project holds that other harnesses would execute or obey, after a look at it."""

from __future__ import annotations

import os

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.commands.pause import noted
from harnesssync_orchestrator.ctl.options import Command, Option
from harnesssync_orchestrator.ctl.waiting import WHY, argument, item_name
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "trust",
    "Approve what a project would have other harnesses execute or obey.",
    options=(
        options.PROJECT,
        Option("show", "Change nothing; show what is approved, what is not, and what has changed since."),
        Option("revoke", "Take back every approval, from all worktrees of the repository."),
        options.JSON,
        options.VERBOSE,
    ),
    argument="[PATH]",
    details=(
        "Approved is what is there now: hooks, servers that start programs, permissions that allow, variables, and\n"
        "commands with shell in them.\n"
        "Whatever is new or changes later is held back until you look again. Worktrees of one repository share it.\n"
        "Works with no supervisor running; one that runs notices. Exit code: 3 if one runs and does not answer: it is\n"
        "noted all the same; 1 if something is still held back, 0."
    ),
)
_COLOURS = {"+": "green", "-": "red"}


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = context.argument(parsed, console)
    show, revoke = parsed.flag("show"), parsed.flag("revoke")
    if show and revoke:
        raise UsageError("--show and --revoke contradict each other")
    if not revoke and not os.path.isdir(path):  # noqa: PTH112 - pathlib takes longer to import than this takes to run
        raise UsageError("there is no such folder", path=path)
    refusal: client.NoSupervisorError | None = None
    try:
        review = client.ask(context.environ, methods.TRUST, {"path": path, "show": show, "revoke": revoke}, works=True)
    except client.NoSupervisorError as error:
        refusal = error
        review = context.offline().trust(path, show=show, revoke=revoke)
    if not isinstance(review, dict) or not isinstance(review.get("waiting"), list):
        raise client.NoSupervisorError("who answers there is no supervisor")
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(review))
    else:
        console.header(visible(str(review["path"])))
        if revoke:
            _revoked(console, review)
        elif show:
            _shown(console, review)
        else:
            _approved(console, review)
    if show and isinstance(refusal, client.SilentError):
        console.warn(str(refusal))  # of what has not changed there is nothing to know
        refusal = None
    return noted(console, refusal) or int(bool(review["waiting"]) and not revoke)


def _approved(console: Console, review: Mapping[str, Any]) -> None:
    newly = set(review.get("newly") or ())
    for item in review["approved"]:
        if item["item"] in newly:
            console.info(f"approved: {_name(item)}")
            _lines(console, item["lines"])
    before = sum(item["item"] not in newly for item in review["approved"])
    if before:
        console.line(f"  {console.colourize('dim', f'· {before} approved before')}")
    _waiting(console, review)
    if not review["approved"] and not review["waiting"]:
        console.line("  nothing here needs approval")


def _shown(console: Console, review: Mapping[str, Any]) -> None:
    for item in review["approved"]:
        console.info(f"approved: {_name(item)}")
        _lines(console, item["lines"])
    _waiting(console, review)
    for name in review.get("gone") or ():
        console.line(f"  {console.colourize('dim', f'· approved and not there now: {visible(item_name(str(name)))}')}")
    if review.get("foreign"):
        console.note("this folder belongs to another user")
    if not review["approved"] and not review["waiting"]:
        console.line("  nothing here needs approval")
    elif any(item.get("why") != "writable-by-others" for item in review["waiting"]):
        console.line(f"  To approve all of it: harnesssync ctl trust {argument(review)}")


def _revoked(console: Console, review: Mapping[str, Any]) -> None:
    if review.get("revoked"):
        console.info("taken back: nothing of this repository is approved any more")
    else:
        console.line("  nothing was approved")
    if review["waiting"]:
        console.line(f"  {len(review['waiting'])} held back from now on")


def _waiting(console: Console, review: Mapping[str, Any]) -> None:
    for item in review["waiting"]:
        why = str(item.get("why"))
        console.note(f"held back: {_name(item)}: {WHY.get(why, visible(why))}")
        _lines(console, item.get("difference") or item["lines"])


def _name(item: Mapping[str, Any]) -> str:
    return f"{visible(item_name(str(item['item'])))} ({visible(str(item['file']))})"


def _lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.line(f"      {console.colourize(_COLOURS.get(line[:1], 'reset'), visible(line))}")
