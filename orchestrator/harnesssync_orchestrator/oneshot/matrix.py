"""`targets`: what each harness takes, straight from the adapters' declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harnesssync_orchestrator.console import Console
from harnesssync_orchestrator.core.items import Kind
from harnesssync_orchestrator.core.targets import Link, Merge, Native, Render, Support, Target
from harnesssync_orchestrator.ctl.options import Parsed, check_targets
from harnesssync_orchestrator.protocol.jsontext import dumps_pretty

if TYPE_CHECKING:
    from harnesssync_orchestrator.cli import Ground

_TITLES = {
    Kind.RULE: "rules",
    Kind.SKILL: "skills",
    Kind.AGENT: "agents",
    Kind.COMMAND: "commands",
    Kind.MCP_SERVER: "mcp",
    Kind.PERMISSIONS: "permissions",
    Kind.HOOK: "hooks",
    Kind.ENVIRONMENT: "environment",
}
_COLOURS = {"native": "cyan", "unsupported": "dim"}


def run(parsed: Parsed, ground: Ground) -> int:
    """Print the matrix, or everything about one target."""
    targets = ground.targets()
    console = Console(verbose=parsed.flag("verbose"), environ=ground.environ)
    if parsed.argument is not None:
        check_targets([parsed.argument], [target.id for target in targets])
        targets = tuple(target for target in targets if target.id == parsed.argument)
    if parsed.flag("json"):
        console.line(dumps_pretty({"targets": [_document(target) for target in targets]}))
    elif parsed.argument is not None or console.verbose:
        for target in targets:
            _whole(console, target)
    else:
        _matrix(console, targets)
    return 0


def _matrix(console: Console, targets: tuple[Target, ...]) -> None:
    """A row per target, a column per kind: the project scope, which is the common one. A star marks possible losses."""
    width = max(len(target.id) for target in targets) + 2
    columns = {kind: max(len(title), 7) + 2 for kind, title in _TITLES.items()}
    console.line(" " * width + "".join(f"{title:<{columns[kind]}}" for kind, title in _TITLES.items()).rstrip())
    for target in targets:
        cells = ""
        for kind, column in columns.items():
            support = target.project[kind]
            word = _word(support)
            text = {"unsupported": "-"}.get(word, word + ("*" if _lost(support) else ""))
            cells += console.colourize(_COLOURS.get(word, "green"), text) + " " * (column - len(text))
        console.line(f"{target.id:<{width}}{cells.rstrip()}")
    console.line()
    console.line("* not all of it can be expressed; harnesssync targets TARGET says what is lost, and why")


def _whole(console: Console, target: Target) -> None:
    console.header(f"{target.id}: {target.name}")
    for scope, supports in (("project", target.project), ("user", target.user)):
        console.line(f"  {console.colourize('bold', scope)}")
        for kind, title in _TITLES.items():
            support = supports[kind]
            word = _word(support)
            reason = f"  {_reason(support)}" if _reason(support) else ""
            console.line(
                f"    {title:<12} {console.colourize(_COLOURS.get(word, 'green'), f'{word:<11}')}{reason}".rstrip()
            )
    if target.importer is not None:
        console.line(
            f"  {console.colourize('cyan', 'i')} harnesssync import --from {target.id} brings over its own files"
        )
    for consent in target.consent:
        console.line(f"  {console.colourize('cyan', 'i')} {consent}")


def _document(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "name": target.name,
        "programs": list(target.programs),
        "home": target.home,
        "home_variable": target.home_variable,
        "project": _supports(target.project),
        "user": _supports(target.user),
        "consent": list(target.consent),
        "importable": target.importer is not None,
    }


def _supports(supports: Mapping[Kind, Support]) -> dict[str, Any]:
    return {
        kind.value: {
            "support": _word(supports[kind]),
            "lossy": _lost(supports[kind]),
            "reason": _reason(supports[kind]),
        }
        for kind in Kind
    }


def _word(support: Support) -> str:
    return type(support).__name__.lower()


def _lost(support: Support) -> bool:
    if isinstance(support, Native):
        return support.render is not None
    return not isinstance(support, (Link, Render, Merge)) or bool(support.loss)


def _reason(support: Support) -> str:
    return support.loss if isinstance(support, (Link, Render, Merge)) else support.why
