"""What harnesses can't express, for people: what is urgent in full, the rest as a number."""

from __future__ import annotations

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.ctl.drifted import SHOWN
from harnesssync_orchestrator.ctl.waiting import item_name, number_of

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from harnesssync_orchestrator.console import Console

_URGENT = ("security", "credential", "twice", "left_out")
"""Members of a loss that make it one to be told in full: something is not forbidden, or a person can mend it."""
_VERB, _VERBS = "can't express", {"credential": "goes without", "twice": "finds"}


def tell(console: Console, losses: Sequence[Mapping[str, Any]]) -> None:
    """Urgent losses in full; others in full when verbose, else their number. What has one reason shares a line; what is
    left out for one reason shares it for all harnesses."""
    _left_out(console, [loss for loss in losses if _urgency(loss) == "left_out"])
    losses = [loss for loss in losses if _urgency(loss) != "left_out"]
    shared: dict[tuple[str, str, str, str], list[str]] = {}
    for loss in losses:
        lost = shared.setdefault((loss["target"], loss["item"], loss["why"], _urgency(loss)), [])
        if loss["what"] != loss["item"]:
            lost.append(loss["what"].removeprefix(f"{loss['item']}: "))
    for (target, item, why, urgency), lost in shared.items():
        what = f"{item_name(item)}: {', '.join(lost)}" if lost else item_name(item)
        text = visible(f"{target} {_VERBS.get(urgency, _VERB)} {what}. {why}")
        if urgency:
            console.note(f"{console.colourize('red', urgency)}: {text}")
        elif console.verbose:
            console.note(f"lost: {text}")
    others = 0 if console.verbose else sum(not _urgency(loss) for loss in losses)
    if others:
        count, hint = ("1 loss", "--verbose shows it") if others == 1 else (f"{others} losses", "--verbose shows them")
        console.line(f"  {console.colourize('dim', f'· {count}; {hint}')}")


def _left_out(console: Console, losses: Sequence[Mapping[str, Any]]) -> None:
    for why in dict.fromkeys(loss["why"] for loss in losses):
        here = [loss for loss in losses if loss["why"] == why]
        targets = ", ".join(dict.fromkeys(loss["target"] for loss in here))
        items = list(dict.fromkeys(item_name(loss["item"]) for loss in here))
        shown = items if console.verbose else items[:SHOWN]
        more = f" and {len(items) - len(shown)} more" if len(items) > len(shown) else ""
        text = visible(f"{targets} can't get {', '.join(shown)}{more}. {why}")
        console.note(f"{console.colourize('red', 'left out')}: {text}")


def tell_again(console: Console, losses: Sequence[Mapping[str, Any]]) -> None:
    """How many urgent ones there are, where all of them were told before."""
    for word in _URGENT:
        if number := sum(bool(loss.get(word)) for loss in losses):
            said = console.colourize("red", word.replace("_", " "))
            console.note(f"{said}: {number_of(number, 'loss')} as before; status shows more")


def _urgency(loss: Mapping[str, Any]) -> str:
    return next((word for word in _URGENT if loss.get(word)), "")
