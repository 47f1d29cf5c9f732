"""The sweep `kill`: the process ends before, or right after, each call that changes something.

At once nothing is torn or lost, and the next run gives what it gives after an undisturbed one, byte for byte. A run
that is killed where it only looks leaves what the call before left: those calls need no kill of their own.

`again`: the run that puts things right is killed too, at a call that the first kill's place decides. `undo`: when
things are right again, all of it is undone, and everything is as it was before.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.reliability.injection import CHANGES, Action
from tests.reliability.stage import Stage
from tests.reliability.sweeping import MISSED, Case, Sweep, main

_KILLED = -9
_SECOND_KILLS = (1, 7, 19, 43)


def cases(stage: Stage) -> Sequence[Case]:
    """Both kinds for each call, and four places of a second kill for every third."""
    name, calls = stage.scene.name, range(1, len(stage.calls[CHANGES]) + 1)
    once = [Case(name, kind, at) for at in calls for kind in ("before", "after")]
    twice = [Case(name, f"again-{second + at % 6}", at) for at in calls[::3] for second in _SECOND_KILLS]
    undone = [Case(name, "undo", at) for at in calls[::3]] if "sync" in stage.scene.arguments else []
    return once + twice + undone


def check(stage: Stage, case: Case) -> list[str]:
    """Kill, look at once, and let the next run put things right."""
    ran = stage.run(action=Action.KILL, at=case.at, after=case.fault == "after")
    if ran.acted == 0:
        return MISSED
    if ran.code != _KILLED:
        return [f"it was killed, but ended with {ran.code}: {ran.err}"]
    wrong = stage.harm()
    kind, _, second = case.fault.partition("-")
    if kind == "again":
        stage.run(stage.scene.again, action=Action.KILL, at=int(second))
        wrong += stage.harm()
    wrong += stage.unsettled()
    if kind == "undo" and not wrong:
        wrong = stage.not_undone()
    return [f"at {ran.what} {ran.where}: {line}" for line in wrong]


KILLS = Sweep(name="kill", cases=cases, check=check)

if __name__ == "__main__":
    sys.exit(main(KILLS, least=2000))
