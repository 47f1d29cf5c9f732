"""`ctl add`: register a project, and approve what it holds now."""

from __future__ import annotations

import os

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import client, options
from harnesssync_orchestrator.ctl.commands.pause import noted
from harnesssync_orchestrator.ctl.options import Command, check_targets
from harnesssync_orchestrator.ctl.waiting import argument, item_name
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.protocol import methods

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "add",
    "Register a project, and approve what it holds now.",
    options=(
        options.PROJECT,
        options.USER,
        options.Option(
            "target", "A harness to keep in step; may be given several times.", value="TARGET", repeated=True
        ),
        options.JSON,
    ),
    argument="[PATH]",
    details=(
        "Approved are the hooks, local MCP servers, allowed commands, variables and slash commands with shell in them\n"
        "that are there now: they reach other harnesses. What comes later waits for `ctl trust`, and so does\n"
        "everything in another user's folder.\n"
        "Without --target the targets are those of the configuration, or else those found to be in use.\n"
        "Of a bare repository there is nothing but its worktrees: those that come are served as well.\n"
        "Works with no supervisor running; one that runs notices. Exit code 3 if one runs and does not answer: it is\n"
        "noted all the same."
    ),
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    path = context.repository(parsed, console)
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib takes longer to import than this takes to run
        raise UsageError("there is no such folder", path=path)
    targets = list(parsed.texts("target"))
    if targets:
        check_targets(targets, context.known_targets())
    scope = context.scope(path)
    params: dict[str, Any] = {"path": path, "trusted": True}
    if targets:
        params["targets"] = targets
    refusal: client.NoSupervisorError | None = None
    try:
        if scope == "user":  # the method is about worktrees; a supervisor notices the change of the registry
            client.ask(context.environ, methods.PING)
            result = context.offline().add(path, scope=scope, targets=targets)
        else:
            result = client.ask(context.environ, methods.ADD, params, works=True)
    except client.NoSupervisorError as error:
        refusal = error
        result = context.offline().add(path, scope=scope, targets=targets)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty(result))
        return noted(console, refusal)
    known, typed = result.get("added") is False, argument({"path": path})
    console.info(f"{'already registered' if known else 'added'}: {visible(path)}")
    if approved := result.get("approved"):
        console.line(f"  approved: {', '.join(visible(item_name(str(item))) for item in approved)}")
        console.line(f"  To see what that is: harnesssync ctl trust --show {typed}")
    if result.get("foreign"):
        console.note(
            "it belongs to another user, so it is not read before you trust it: harnesssync ctl trust --show "
            f"{typed} shows what it holds, harnesssync ctl trust {typed} approves it"
        )
    if refusal is not None and not isinstance(refusal, client.SilentError):
        place = argument({"path": path, "scope": scope})
        once = f"harnesssync sync {place if scope == 'user' else f'--project {place}'}"
        console.line(
            f"  No supervisor is running. To sync once: {once}; to keep it in step: harnesssync-orchestrator serve"
        )
    return noted(console, refusal)
