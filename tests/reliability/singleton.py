"""The sweep `singleton`: many supervisors start at once, in every state that a killed or careless one can leave behind,
and each home and each project has one owner.

    PYTHONPATH=. python tests/reliability/singleton.py [--races N] [--seed N] [--race NUMBER]

One process has imported everything and forks a child for each contender, which runs the real command `serve`. A child
that has told `supervisor.started` and lives owns what it serves; two at a time are a split brain.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.reliability.load import ground
from tests.reliability.processes import ask, environment, eventually, write_result

from harnesssync_orchestrator import cli
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.oneshot import serving  # noqa: F401 - what a contender would import is here already

PATIENCE_S = 20.0
REFUSED = 4


@dataclass(slots=True, eq=False)
class Contender:
    """One process that would be the supervisor, or serve one project. `code` is its exit code once it has ended."""

    pid: int
    log: Path
    code: int | None = None

    def looked(self) -> Contender:
        """Take note of its end, if it has ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self

    @property
    def is_alive(self) -> bool:
        return self.looked().code is None

    @property
    def has_started(self) -> bool:
        return b'"supervisor.started"' in self.log.read_bytes()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        if self.is_alive:
            os.kill(self.pid, number)

    def end(self) -> None:
        if self.is_alive:
            os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)


@dataclass(slots=True)
class Ring:
    """Where one race takes place: a home with one project, and those who contend. `chance` is made from the seed."""

    folder: Path
    project: Path
    chance: random.Random
    contenders: list[Contender] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def root(self) -> Path:
        return self.home / ".harnesssync"

    @property
    def control(self) -> Path:
        return self.root / "orchestrator.sock"

    @property
    def own(self) -> Path:
        return self.root / "sockets" / f"{project_id(str(self.project))}.sock"

    def start(self, *arguments: str, **environ: str) -> Contender:
        """Fork one that serves. It begins right away."""
        log = self.folder / f"{len(self.contenders)}.log"
        log.touch()
        pid = os.fork()
        if pid == 0:
            _serve(log, {**environment(self.home), **environ}, arguments)
        one = Contender(pid, log)
        self.contenders.append(one)
        return one

    def several(self) -> list[Contender]:
        """Between two and five at once."""
        return [self.start() for _ in range(self.chance.randrange(2, 6))]

    def serve(self, *arguments: str) -> Contender:
        """Start one, and wait until it serves."""
        one = self.start(*arguments)
        eventually(lambda: one.has_started or not one.is_alive, PATIENCE_S)
        if not one.is_alive:
            self.wrong.append(f"it did not start: {one.said[-500:]}")
        return one

    # --- what must be true

    def owners(self) -> list[Contender]:
        return [one for one in self.contenders if one.is_alive and one.has_started]

    def settle(self, among: list[Contender] | None = None, *, winners: int = 1) -> None:
        """Wait until all but one have given up; it answers, and never are there two."""
        among = self.contenders if among is None else among

        def settled() -> bool:
            owners = [one for one in among if one.is_alive and one.has_started]
            if len(owners) > winners:
                self.wrong.append(f"split brain: {[one.pid for one in owners]}")
                return True
            return len(owners) == winners == sum(one.is_alive for one in among)

        try:
            eventually(settled, PATIENCE_S)
        except AssertionError:
            told = [(one.pid, one.code, one.has_started, one.said[-300:]) for one in among]
            self.wrong.append(f"it did not come to one owner: {told}")
        for one in among:
            if one.code not in {None, REFUSED, -signal.SIGKILL}:
                self.wrong.append(f"it ended with {one.code}: {one.said[-500:]}")
            if one.code == REFUSED and "already running" not in one.said:
                self.wrong.append(f"it was refused for another reason: {one.said[-500:]}")

    def answers(self, one: Contender, at: Path | None = None) -> None:
        """Is this the process that answers?"""
        try:
            pid = ask(at or self.control, "ping", timeout=5)["pid"]
        except (OSError, ValueError, TypeError) as error:
            self.wrong.append(f"nobody answers: {error!r}")
        else:
            if pid != one.pid:
                self.wrong.append(f"{pid} answers, and {one.pid} should")

    def winner(self) -> Contender | None:
        owners = self.owners()
        if len(owners) != 1:
            self.wrong.append(f"{len(owners)} owners")
            return None
        self.answers(owners[0])
        return owners[0]


def _serve(log: Path, environ: dict[str, str], arguments: tuple[str, ...]) -> None:
    """In the child: be the command, and nothing else of this process."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
        for each in (1, 2):
            os.dup2(descriptor, each)
        os.closerange(3, 256)
        # A test runner that captures output has put streams of its own in their places.
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        os.environ.clear()
        os.environ.update(environ)
        code = cli.run("harnesssync-orchestrator", ["serve", "--log-format", "json", *arguments])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    finally:
        os._exit(code)


# --- the races


def from_nothing(ring: Ring) -> None:
    """All at once, where nobody ever was."""
    ring.several()
    ring.settle()
    ring.winner()


def after_a_kill(ring: Ring) -> None:
    """The former one was killed: its socket and its lock file stand there."""
    first = ring.serve()
    first.end()
    ring.settle(ring.several())
    ring.winner()


def killed_at_any_moment(ring: Ring) -> None:
    """One is killed while they start; another takes over."""
    contenders = ring.several()
    time.sleep(ring.chance.uniform(0, 0.15))
    ring.chance.choice(contenders).end()
    contenders += [ring.start(), ring.start()]
    ring.settle()
    ring.winner()


def stopped_holder(ring: Ring) -> None:
    """The holder is stopped, which is not death, and goes on later."""
    first = ring.serve()
    first.signal(signal.SIGSTOP)
    rivals = ring.several()
    ring.settle(rivals, winners=0)
    first.signal(signal.SIGCONT)
    ring.settle()
    if ring.winner() is not first:
        ring.wrong.append("another one has taken over from a process that was only stopped")


def stopped_at_any_moment(ring: Ring) -> None:
    """One is stopped while it starts. Whatever it had then, there is one owner after it goes on."""
    contenders = ring.several()
    time.sleep(ring.chance.uniform(0, 0.1))
    one = ring.chance.choice(contenders)
    one.signal(signal.SIGSTOP)
    others = [other for other in contenders if other is not one]
    with contextlib.suppress(AssertionError):
        eventually(lambda: all(not other.is_alive or other.has_started for other in others), 5)
    one.signal(signal.SIGCONT)
    ring.settle()
    ring.winner()


def lock_file_deleted(ring: Ring) -> None:
    """Somebody clears away the lock file while it is held, and others start."""
    first = ring.serve()
    (ring.root / "orchestrator.lock").unlink()
    if ring.chance.random() < 0.5:
        ring.control.unlink()
    rivals = ring.several()
    ring.settle(rivals, winners=0)
    eventually(ring.control.exists, PATIENCE_S)
    ring.settle()
    if ring.winner() is not first:
        ring.wrong.append("another one has taken over")


def lock_folder_deleted(ring: Ring) -> None:
    """All that is ours is removed. The holder ends, or goes on alone; at no time are there two."""
    ring.serve()
    if ring.chance.random() < 0.5:
        ring.start("--project", str(ring.project))
    shutil.rmtree(ring.root, ignore_errors=True)
    began = time.monotonic()
    while time.monotonic() - began < 2.5:
        ring.start()
        if len(ring.owners()) > 2 or len([one for one in ring.owners() if one not in _isolated(ring)]) > 1:
            ring.wrong.append(f"split brain: {[one.pid for one in ring.owners()]}")
            return
        time.sleep(ring.chance.uniform(0.05, 0.3))
    for one in ring.contenders:
        one.looked()


def _isolated(ring: Ring) -> list[Contender]:
    return [one for one in ring.owners() if '"isolated": true' in one.said or '"isolated":true' in one.said]


def stopped_and_folder_deleted(ring: Ring) -> None:
    """The holder can't look while it is stopped, and finds out when it goes on."""
    first = ring.serve()
    first.signal(signal.SIGSTOP)
    shutil.rmtree(ring.root)
    rivals = ring.several()
    if sys.platform == "linux":  # elsewhere nothing tells of a lock whose file is gone
        ring.settle(rivals, winners=0)
    first.signal(signal.SIGCONT)
    eventually(lambda: not first.is_alive or len(ring.owners()) == 1, PATIENCE_S)


def child_with_the_lock(ring: Ring) -> None:
    """A process outlives the one that took the lock, and has inherited it: nobody may serve until it ends."""
    ring.root.mkdir(mode=0o700)
    descriptor = os.open(ring.root / "orchestrator.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, close_fds=False) as heir:
        os.close(descriptor)
        rivals = ring.several()
        ring.settle(rivals, winners=0)
        for one in rivals:
            if f"process {heir.pid} " not in one.said:
                ring.wrong.append(f"it names another process than {heir.pid}: {one.said[-300:]}")
    ring.settle([ring.start()])
    ring.winner()


def two_names_of_one_home(ring: Ring) -> None:
    """Half of them reach the home by a link."""
    link = ring.folder / "link"
    link.symlink_to(ring.home)
    for _ in range(ring.chance.randrange(1, 4)):
        ring.start()
        ring.start(HOME=str(link))
    ring.settle()
    ring.winner()


def project_beside_all(ring: Ring) -> None:
    """A daemon for one project and supervisors for all, at once: the project belongs to one of them."""
    orders: list[tuple[str, ...]] = [(), ("--project", str(ring.project)), (), ("--project", str(ring.project))]
    ring.chance.shuffle(orders)
    begun = [(ring.start(*arguments), arguments) for arguments in orders]
    supervisors = [one for one, arguments in begun if not arguments]
    isolated = [one for one, arguments in begun if arguments]
    ring.settle(supervisors)
    eventually(lambda: all(not one.is_alive or one.has_started for one in isolated), PATIENCE_S)
    owning = [one for one in isolated if one.is_alive]
    if len(owning) > 1:
        ring.wrong.append("two daemons serve one project")
    rows: list[dict[str, Any]] = []

    def told() -> bool:
        rows[:] = ask(ring.control, "status")["projects"]
        return bool(rows) and rows[0]["state"] != "never synced"

    eventually(told, PATIENCE_S)
    codes = {failure["code"] for row in rows for failure in row["failures"]}
    elsewhere = "served_elsewhere" in codes
    if elsewhere != bool(owning):
        ring.wrong.append(f"a daemon owns it: {bool(owning)}; the supervisor leaves it to one: {elsewhere}")
    ring.answers(owning[0] if owning else supervisors[0] if supervisors[0].is_alive else supervisors[1], ring.own)


def reused_pid(ring: Ring) -> None:
    """The number of a dead holder belongs to somebody else by now, and stands where a number can stand."""
    first = ring.serve()
    first.end()
    (ring.root / "orchestrator.lock").write_text(f"{os.getpid()}\n")
    (ring.root / "orchestrator.pid").write_text(f"{os.getpid()}\n")
    ring.settle(ring.several())
    ring.winner()


def stopped_in_order_while_others_start(ring: Ring) -> None:
    """The holder is told to stop, and the next ones come at that very moment."""
    first = ring.serve()
    first.signal(signal.SIGTERM)
    time.sleep(ring.chance.uniform(0, 0.05))
    rivals = ring.several()
    eventually(lambda: not first.is_alive, PATIENCE_S)
    if first.code != 0:
        ring.wrong.append(f"it did not end in order: {first.code}: {first.said[-300:]}")
    eventually(lambda: all(not one.is_alive or one.has_started for one in rivals), PATIENCE_S)
    if len(ring.owners()) > 1:
        ring.wrong.append("split brain")
    last = ring.start()  # all of them may have come too early
    eventually(lambda: not last.is_alive or last.has_started, PATIENCE_S)
    ring.winner()


RACES: tuple[Callable[[Ring], None], ...] = (
    from_nothing,
    after_a_kill,
    killed_at_any_moment,
    stopped_holder,
    stopped_at_any_moment,
    lock_file_deleted,
    from_nothing,
    two_names_of_one_home,
    child_with_the_lock,
    project_beside_all,
    killed_at_any_moment,
    reused_pid,
    stopped_in_order_while_others_start,
    after_a_kill,
    lock_folder_deleted,
    stopped_and_folder_deleted,
)


@contextlib.contextmanager
def ring_for(number: int, seed: int, folder: Path) -> Iterator[Ring]:
    """A fresh home, and one project that may be used again: what is ours about it is in the home."""
    place = folder / str(number)
    (place / "home").mkdir(parents=True)
    ring = Ring(place, folder / "project", random.Random(seed * 1_000_003 + number))  # noqa: S311 - the same again
    try:
        yield ring
    finally:
        for one in ring.contenders:
            one.end()
        shutil.rmtree(place, ignore_errors=True)


def run(
    numbers: Iterator[int] | range, *, seed: int = 1, tell: Callable[[str], None] = print
) -> tuple[Counter[str], list[str]]:
    """The races with these numbers: how many of each kind took place, and what was wrong."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with ground() as folder:
        subprocess.run(["git", "init", "-q", folder / "project"], check=True, env=environment(folder))
        (folder / "project" / "CLAUDE.md").write_text("# Rules\n")
        for number in numbers:
            race = RACES[number % len(RACES)]
            with ring_for(number, seed, folder) as ring:
                try:
                    race(ring)
                except (AssertionError, OSError, ValueError) as error:
                    ring.wrong.append(repr(error))
                counts[race.__name__] += 1
                for line in ring.wrong:
                    wrong.append(f"race {number} ({race.__name__}): {line}")
                    tell(wrong[-1])
    return counts, wrong


def run_side_by_side(races: int, jobs: int, *, seed: int) -> tuple[Counter[str], list[str]]:
    """The same, several at a time, each in a home of its own."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with ProcessPoolExecutor(jobs) as pool:
        shares = [pool.submit(run, range(job, races, jobs), seed=seed) for job in range(jobs)]
        for share in shares:
            more, found = share.result()
            counts.update(more)
            wrong.extend(found)
    return counts, wrong


def main() -> int:
    """Run it in full, print the figures, keep them, and say in the exit code whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--race", type=int, help="the race with this number alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=6, help="races at the same time: most of one is waiting")
    given = parser.parse_args()
    began = time.monotonic()
    alone = given.race is not None
    if alone:
        counts, wrong = run(range(given.race, given.race + 1), seed=given.seed)
    else:
        counts, wrong = run_side_by_side(given.races, given.jobs, seed=given.seed)
    took_s = round(time.monotonic() - began)
    print(json.dumps(counts, indent=2))
    if not alone:
        figures = {
            "sweep": "singleton",
            "races": counts.total(),
            "kinds": counts,
            "wrong": wrong[:50],
            "seconds": took_s,
        }
        write_result("singleton", {**figures, "passed": not wrong})
    print(f"singleton: {counts.total()} races, {len(wrong)} wrong, {took_s} s: {'FAILED' if wrong else 'passed'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
