"""The sweep `errno`: each call fails, once or from then on, with each error that a system may answer with.

Nothing is lost or torn, the exit code tells (0 only if all is as it should be, and a failure says why), and the next
run, without faults, puts everything right and leaves no temporary behind.

Calls that change something get every error; those that only look get one of the three that a look can get. A `short`
write takes half of what it is given, once or always.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping, Sequence
from itertools import product

from tests.reliability.injection import CHANGES, FOR_EVER, LONGEST_RUN_S, LOOKS, Action, Ran
from tests.reliability.stage import Stage
from tests.reliability.sweeping import MISSED, Case, Sweep, main

ERRORS = ("EIO", "ENOSPC", "EACCES", "EROFS", "EXDEV", "EMFILE", "EINTR", "EDQUOT")
OF_LOOKS = ("EIO", "EACCES", "EMFILE")
_TIMES: Mapping[str, int] = {"once": 1, "ever": FOR_EVER}
_INTERRUPTIONS = 20
"""No system interrupts a call for ever, and Python tries for as long as one does."""

_THOROUGH = frozenset({"first", "change", "removal", "undo", "add", "remove"})
_LESS = 5  # coprime to the number of turns, so that every error has its turn

_FAULTS_OF_OURS = ("internal_error", "this is a fault of", "Traceback")
_ALARM = -14


def cases(stage: Stage) -> Sequence[Case]:
    """Every error at every change, once and for ever, in the `_THOROUGH` scenes; elsewhere one error after the other.

    Looks take turns at errors and times as well, since there are ten of them for every change.
    """
    name = stage.scene.name
    changes, looks = (range(1, len(stage.calls[each]) + 1) for each in (CHANGES, LOOKS))
    if name in _THOROUGH:
        found = [Case(name, f"{error}-{times}", at) for at, error, times in product(changes, ERRORS, _TIMES)]
    else:
        found = [Case(name, f"{ERRORS[at % len(ERRORS)]}-{times}", at) for at, times in product(changes, _TIMES)]
        looks = looks[::_LESS]
    turns = tuple(product(OF_LOOKS, _TIMES))
    found += [Case(name, "look-{}-{}".format(*turns[at % len(turns)]), at) for at in looks]
    writes = [at for at in changes if stage.calls[CHANGES][at - 1].split()[1] == "write"]
    return found + [Case(name, f"short-{times}", at) for at, times in product(writes, _TIMES)]


def check(stage: Stage, case: Case) -> list[str]:
    """Let a call fail, look at what the run did and said, and let the next one put things right."""
    what, times = case.fault.rsplit("-", 1)
    classes = LOOKS if what.startswith("look-") else CHANGES
    error = what.removeprefix("look-")
    often = _INTERRUPTIONS if error == "EINTR" and times == "ever" else _TIMES[times]
    if error == "short":
        ran = stage.run(action=Action.SHORTEN, at=case.at, times=often)
    else:
        ran = stage.run(action=Action.FAIL, at=case.at, times=often, classes=classes, error=getattr(errno, error))
    if ran.acted == 0:
        return MISSED
    whole = classes == CHANGES
    wrong = [*_told(stage, ran), *stage.harm(whole=whole), *stage.unsettled(in_order=whole)]
    return [f"at {ran.what} {ran.where}: {line}" for line in wrong]


def _told(stage: Stage, ran: Ran) -> list[str]:
    """Does the command's end tell the truth, in words?"""
    if ran.code == _ALARM:
        return [f"it did not end within {LONGEST_RUN_S} s"]
    if ran.code < 0:
        return [f"it was ended by signal {-ran.code}: {ran.err}"]
    wrong = []
    if any(word in ran.err + ran.out for word in _FAULTS_OF_OURS):
        wrong.append(f"it took the error for a fault of its own: {ran.err}{ran.out[-300:]}")
    if ran.code == 0 and not stage.is_done():
        differences = "; ".join(stage.strays()[:3])
        wrong.append(f"it said that it succeeded, but {differences}")
    if ran.code != stage.code and not (ran.err or ran.out):
        wrong.append(f"it ended with {ran.code} and said nothing")
    return wrong


ERRNOS = Sweep(name="errno", cases=cases, check=check)

if __name__ == "__main__":
    sys.exit(main(ERRNOS, least=5000))
