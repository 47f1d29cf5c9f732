"""`ctl list`: the registered projects, as the registry has them."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl import options
from harnesssync_orchestrator.ctl.options import Command

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from harnesssync_orchestrator.ctl.context import Context
    from harnesssync_orchestrator.ctl.options import Parsed

COMMAND = Command(
    "list",
    "List the registered projects, without asking how they stand.",
    options=(options.JSON, options.VERBOSE),
    details="One path a line, for other programs to read; --verbose adds targets and trust.",
)


def run(parsed: Parsed, context: Context) -> int:
    console = context.console(parsed)
    entries = context.registry(console)
    if parsed.flag("json"):
        from harnesssync_orchestrator.protocol.jsontext import dumps_pretty  # noqa: PLC0415 - only JSON needs it

        console.line(dumps_pretty({"projects": [entry.to_json() for entry in entries]}))
        return 0
    for entry in entries:
        line = visible(entry.path)
        if console.verbose:
            targets = ", ".join(entry.targets) or "targets of the configuration"
            trust = "trusted" if entry.trusted else "not trusted"
            line += "  as its repository" if entry.found else f"  {targets}, {trust}"
            line += f", found in {visible(entry.root)}" if entry.root else ""
            line += "" if entry.served else ", a bare repository"
            line += ", paused" if entry.paused else ""
        console.line(line)
    return 0
