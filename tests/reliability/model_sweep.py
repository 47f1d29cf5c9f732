"""The sweep `model`: many examples of many steps against the model, then every planted fault until it is found.

`python tests/reliability/model_sweep.py --help` says how to ask for less, and how to repeat what was found.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.reliability.model_machine import Machine
from tests.reliability.planted import PLANTED
from tests.reliability.sweeping import record

EXAMPLES, STEPS = 2_000, 50
MOST_EXAMPLES = 2_000
"""So many examples may a planted fault take to be found."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to: `wrong` says what failed, empty if nothing did. `asserted` says that the machine found it,
    also if it can't be repeated because it hangs on the clock."""

    seed: int
    examples: int
    runs: int
    kills: int
    seconds: float
    asserted: bool = False
    wrong: str = ""


def play(number: int, examples: int, steps: int, *, shrink: bool) -> Outcome:
    """Run the machine with one seed until it finds something, or has run all its examples."""

    class Counted(Machine):
        """Counts what it did."""

        examples = runs = kills = 0
        first: Exception | None = None

        def teardown(self) -> None:
            Counted.examples += 1
            error = sys.exc_info()[1]
            if isinstance(error, Exception) and not type(error).__module__.startswith("hypothesis"):
                Counted.first = Counted.first or error
            Counted.runs += self.rig.runs
            Counted.kills += self.kills
            super().teardown()

    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=phases,
    )
    began, wrong = time.monotonic(), ""
    try:
        run_state_machine_as_test(seed(number)(Counted), settings=chosen)  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was found
        wrong = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        if Counted.first is not None and type(Counted.first) is not type(error):  # it can't be repeated at will
            wrong = "".join(traceback.format_exception(Counted.first)) + wrong
    seconds = time.monotonic() - began
    return Outcome(
        seed=number,
        examples=Counted.examples,
        runs=Counted.runs,
        kills=Counted.kills,
        seconds=seconds,
        asserted=isinstance(Counted.first, AssertionError),
        wrong=wrong,
    )


def find(name: str, number: int = 1) -> Outcome:
    """Run the machine on a product with a planted fault. Only what the machine asserts counts as found."""
    with PLANTED[name]():
        outcome = play(number, MOST_EXAMPLES, STEPS, shrink=False)
    return outcome if outcome.asserted else replace(outcome, wrong="")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sweep; 0 if nothing was wrong and every planted fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first process; the others count on")
    parser.add_argument("--planted", action="append", metavar="NAME", help="this planted fault alone")
    parser.add_argument("--no-planted", action="store_true", help="no planted fault at all")
    options = parser.parse_args(arguments)
    names = options.planted or ([] if options.no_planted else list(PLANTED))
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        clean = [] if options.planted else _clean(pool, options)
        found = dict(zip(names, pool.map(find, names), strict=True))
    for outcome in clean:
        if outcome.wrong:
            print(f"\n{outcome.wrong}\n\nAgain: --jobs 1 --seed {outcome.seed} --no-planted")
    for name, outcome in found.items():
        told = f"after {outcome.examples} examples, {outcome.seconds:.1f} s" if outcome.wrong else "NOT FOUND"
        print(f"  planted: {name}: {told}")
    wrong = sum(bool(outcome.wrong) for outcome in clean)
    missed = [name for name, outcome in found.items() if not outcome.wrong]
    examples, runs, kills = (sum(getattr(each, name) for each in clean) for name in ("examples", "runs", "kills"))
    seconds = max((each.seconds for each in clean), default=0.0)
    print(
        f"sweep model: {examples} examples of {options.steps} steps, {runs} runs of the product, {kills} kills, "
        f"{wrong} wrong, {len(found) - len(missed)} of {len(found)} planted faults found, {seconds:.0f} s"
    )
    if not options.planted and options.examples >= EXAMPLES:
        planted = {name: outcome.examples for name, outcome in found.items()}
        counts: dict[str, Any] = {
            "examples": examples,
            "steps": options.steps,
            "runs": runs,
            "kills": kills,
            "wrong": wrong,
        }
        record("model", {**counts, "seconds": round(seconds, 1), "planted": planted, "missed": missed})
    return 1 if wrong or missed else 0


def _clean(pool: ProcessPoolExecutor, options: argparse.Namespace) -> list[Outcome]:
    share = -(-options.examples // options.jobs)
    runs = [pool.submit(play, options.seed + index, share, options.steps, shrink=True) for index in range(options.jobs)]
    return [run.result() for run in runs]


if __name__ == "__main__":
    sys.exit(main())
