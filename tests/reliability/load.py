"""The sweep `load`: many projects, many edits, for long. What counts is the time from an edit to its last output on
disk, that no edit is missed, and that memory and descriptors stay as they are.

    python -m tests.reliability.load --projects 200 --rate 100 --seconds 600 --within /dev/shm

Where it takes place decides: each sync makes eight files and has the disk make sure of them a dozen times. On a disk
without a journal, making a file takes ten times as long once many were removed there.

One loop edits and looks: sources are rewritten in turn by chance (with a seed), every edit with a number of its own,
and the outputs of what was edited are looked at every few milliseconds until all of them hold that number or a later
one. Nothing is asked of the supervisor: only what is on disk counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.reliability.processes import Daemon, environment, write_result
from tests.reliability.world import TARGETS

LOOK_S = 0.005
PATIENCE_S = 20.0
"""After the last edit: what has not arrived by then is missed."""
REST_S = 0.5
MARK = re.compile(rb"mark-(\d+)-")

AGENT = "---\nname: agent-{n}\ndescription: Reviews\ntools: Read, Grep\n---\nReview it. mark-{mark}-\n"
COMMAND = "---\ndescription: Fix an issue\n---\nFix $ARGUMENTS. mark-{mark}-\n"
SERVERS = '{"mcpServers": {"docs": {"type": "http", "url": "https://docs.example/mark-{mark}-"}}}\n'
SKILL = "---\nname: pdf\ndescription: Reads PDF files\n---\nRun scripts/read.sh\n"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of edit: the source that is rewritten, and the outputs that its mark arrives in."""

    source: str
    text: str
    outputs: tuple[str, ...]


KINDS = (
    *(
        Kind(
            source=f".claude/agents/agent-{n}.md",
            text=AGENT.replace("{n}", str(n)),
            outputs=(
                f".codex/agents/agent-{n}.toml",
                f".gemini/agents/agent-{n}.md",
                f".opencode/agents/agent-{n}.md",
            ),
        )
        for n in range(3)
    ),
    Kind(
        source=".claude/commands/fix.md",
        text=COMMAND,
        outputs=(".codex/skills/fix/SKILL.md", ".gemini/commands/fix.toml", ".opencode/commands/fix.md"),
    ),
    Kind(
        source=".mcp.json",
        text=SERVERS,
        outputs=(".codex/config.toml", ".gemini/settings.json", ".opencode/opencode.json"),
    ),
)


@dataclass(slots=True)
class Pending:
    """An edit under way: `left` are the outputs that don't hold its mark yet."""

    mark: int
    began: float
    left: list[str]


@dataclass(slots=True)
class Sample:
    """The supervisor at a moment: resident memory in bytes, open descriptors, processor seconds so far."""

    at_s: float
    resident: int
    descriptors: int
    processor_s: float


@dataclass(slots=True)
class Outcome:
    """`latencies` are seconds, one for each edit that arrived; `missed` says where edits did not."""

    latencies: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    edits: int = 0
    syncs: int = 0
    took_s: float = 0.0
    complaints: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Seconds; `share` is between 0 and 1."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")

    @property
    def growth(self) -> tuple[int, int]:
        """Bytes and descriptors from the end of the first fifth until it is at rest: medians of three samples each."""
        fifth = max(1, len(self.samples) // 5)
        early, late = self.samples[fifth : fifth + 3] or self.samples[-3:], self.samples[-3:]
        return _median(s.resident for s in late) - _median(s.resident for s in early), _median(
            s.descriptors for s in late
        ) - _median(s.descriptors for s in early)

    def to_json(self) -> dict[str, Any]:
        resident, descriptors = self.growth
        return {
            "edits": self.edits,
            "seconds": round(self.took_s, 1),
            "arrived": len(self.latencies),
            "missed": self.missed,
            "p50_ms": round(self.percentile(0.5) * 1000),
            "p90_ms": round(self.percentile(0.9) * 1000),
            "p99_ms": round(self.percentile(0.99) * 1000),
            "max_ms": round(max(self.latencies, default=0.0) * 1000),
            "resident_mib": round(self.samples[-1].resident / 2**20, 1),
            "resident_growth_mib": round(resident / 2**20, 1),
            "descriptors": self.samples[-1].descriptors,
            "descriptor_growth": descriptors,
            "syncs_per_s": round(self.syncs / self.took_s, 1),
            "processor_share": round((self.samples[-1].processor_s - self.samples[0].processor_s) / self.took_s, 2),
            "complaints": self.complaints[:20],
        }


def _median(values: Iterator[int]) -> int:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


@contextmanager
def ground(within: str = "/tmp") -> Iterator[Path]:
    """A short folder, since sockets are made in it."""
    folder = Path(tempfile.mkdtemp(prefix="hs-load-", dir=within)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def run(folder: Path, *, projects: int, rate: float, seconds: float, seed: int = 1) -> Outcome:
    """Edit `projects` projects below `folder`, `rate` edits a second in all, and tell how that went."""
    roots = make_projects(folder, projects)
    home = folder / "home"
    home.mkdir()
    with Daemon(home, folder / "log") as daemon:
        for root in roots:
            daemon.call("add", path=str(root), targets=list(TARGETS))
        daemon.call("sync", timeout=300)
        before = _changing_syncs(daemon.log())
        outcome = _edit_and_look(daemon, roots, rate=rate, seconds=seconds, chance=random.Random(seed))  # noqa: S311
        log = daemon.log()
        outcome.syncs = _changing_syncs(log) - before
        daemon.stop()
    outcome.complaints = [line for line in log if json.loads(line).get("level") in {"warning", "error"}]
    return outcome


def _changing_syncs(log: list[str]) -> int:
    """How many syncs wrote something: fewer than edits, where several were taken up at once."""
    lines = (json.loads(line) for line in log)
    return sum(line.get("event") == "project.sync.completed" and bool(line.get("synced")) for line in lines)


def make_projects(folder: Path, count: int) -> list[Path]:
    """Git worktrees with a few sources each, all with mark 0."""
    pattern = folder / "pattern"
    subprocess.run(["git", "init", "-q", "-b", "main", pattern], check=True, env=environment(folder))
    files = {kind.source: kind.text.replace("{mark}", "0") for kind in KINDS}
    files |= {"CLAUDE.md": "# Rules\n\nUse tabs.\n", ".claude/skills/pdf/SKILL.md": SKILL}
    for name, text in files.items():
        path = pattern / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.rmtree(pattern / ".git/hooks")
    roots = [folder / "projects" / f"p{number:03}" for number in range(count)]
    for root in roots:
        shutil.copytree(pattern, root)
    return roots


def _edit_and_look(daemon: Daemon, roots: list[Path], *, rate: float, seconds: float, chance: random.Random) -> Outcome:
    outcome = Outcome()
    pending: dict[tuple[int, Kind], list[Pending]] = {}
    seen: dict[str, tuple[tuple[int, int], int]] = {}
    began = time.monotonic()
    sample_every_s = max(0.5, seconds / 60)
    next_sample = began
    while True:
        now = time.monotonic()
        if now >= next_sample:
            outcome.samples.append(_sample(daemon, now - began))
            next_sample += sample_every_s
        while outcome.edits < rate * min(now - began, seconds):
            outcome.edits += 1
            project, kind = chance.randrange(len(roots)), chance.choice(KINDS)
            _edit(roots[project] / kind.source, kind, outcome.edits, by_rename=chance.random() < 0.5)
            outputs = [f"{roots[project]}/{name}" for name in kind.outputs]
            pending.setdefault((project, kind), []).append(Pending(outcome.edits, time.monotonic(), outputs))
        _look(pending, seen, outcome)
        if now - began >= seconds and (not pending or now - began >= seconds + PATIENCE_S):
            break
        time.sleep(LOOK_S)
    outcome.took_s = time.monotonic() - began
    outcome.samples.extend(_at_rest(daemon, outcome.took_s))
    outcome.missed = [f"{edit.mark}: {path}" for edits in pending.values() for edit in edits for path in edit.left]
    return outcome


def _edit(source: Path, kind: Kind, mark: int, *, by_rename: bool) -> None:
    text = kind.text.replace("{mark}", str(mark))
    if by_rename:
        new = source.with_name(f"{source.name}.new~")
        new.write_text(text)
        new.replace(source)
    else:
        source.write_text(text)


def _look(
    pending: dict[tuple[int, Kind], list[Pending]], seen: dict[str, tuple[tuple[int, int], int]], outcome: Outcome
) -> None:
    """Take out what has arrived. An output that was not replaced since the last look is not read again."""
    for key, edits in list(pending.items()):
        for edit in list(edits):
            edit.left = [path for path in edit.left if _mark_in(path, seen) < edit.mark]
            if not edit.left:
                outcome.latencies.append(time.monotonic() - edit.began)
                edits.remove(edit)
        if not edits:
            del pending[key]


def _mark_in(path: str, seen: dict[str, tuple[tuple[int, int], int]]) -> int:
    try:
        status = os.stat(path)  # noqa: PTH116 - thousands of times a second
    except FileNotFoundError:
        return -1
    signature = (status.st_ino, status.st_mtime_ns)
    if path not in seen or seen[path][0] != signature:
        found = MARK.search(Path(path).read_bytes())
        seen[path] = (signature, int(found[1]) if found else -1)
    return seen[path][1]


def _at_rest(daemon: Daemon, at_s: float) -> list[Sample]:
    """Samples from when nothing is under way any more: what is open for a moment, as a folder or a watcher that is
    about to be replaced, is nothing that piles up."""
    samples = [_sample(daemon, at_s)]
    while len({each.descriptors for each in samples[-3:]}) > 1 or len(samples) < 3:
        if len(samples) * REST_S > PATIENCE_S:
            break
        time.sleep(REST_S)
        samples.append(_sample(daemon, at_s + len(samples) * REST_S))
    return samples[-3:]


def _sample(daemon: Daemon, at_s: float) -> Sample:
    return Sample(at_s, daemon.resident(), daemon.descriptors(), daemon.processor_s())


def main() -> int:
    """Run it in full, print the figures, keep them, and say in the exit code whether they are good enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--rate", type=float, default=100.0, help="edits a second, in all projects together")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within", default="/tmp", metavar="DIR", help="where it takes place; its path must be short")
    given = parser.parse_args()
    with ground(given.within) as folder:
        outcome = run(folder, projects=given.projects, rate=given.rate, seconds=given.seconds, seed=given.seed)
    figures = {
        "sweep": "load",
        "within": given.within,
        "projects": given.projects,
        "rate": given.rate,
        **outcome.to_json(),
    }
    print(json.dumps(figures, indent=2))
    growth, more = outcome.growth
    good = (
        not outcome.missed
        and not outcome.complaints
        and outcome.percentile(0.99) <= 1.0
        and growth <= 16 * 2**20
        and more <= 8
    )
    write_result("load", {**figures, "passed": good})
    print(
        f"load: {outcome.edits} edits in {given.projects} projects, {len(outcome.missed)} missed, "
        f"p99 {figures['p99_ms']} ms: {'passed' if good else 'FAILED'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
