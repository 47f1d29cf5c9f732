"""Is a folder being removed, by `git worktree remove` or by hand, while outputs in it seem to be missing?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnesssync_orchestrator.service.run import Run
    from harnesssync_orchestrator.service.survey import Survey

GOING_S = 0.5
"""Where nothing else has gone for so long, outputs that are missing were removed by themselves."""


async def is_going(run: Run, seen: Survey) -> bool:
    """Does more go while outputs are missing? What is made anew in a folder keeps it from being removed."""
    before = await run.start.in_thread(_there, run, seen)
    await run.engine.without_place(GOING_S)
    return before != await run.start.in_thread(_there, run, seen)


def _there(run: Run, seen: Survey) -> frozenset[str]:
    ours = (f"{run.root}/{address.path}" for address in run.ledger.entries)
    theirs = (item.origin.file for item in seen.source.items)
    return frozenset(path for path in {*ours, *theirs, f"{run.root}/.git"} if os.path.lexists(path))
