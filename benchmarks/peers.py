"""Other tools for the same job, from the npm registry, on the same content in the layouts that they read.

They do other things than we do: none of them looks at several projects, keeps what it replaces, or links a skill
instead of copying it; some generate for harnesses in ways of their own. Their figures say what people wait today.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.fleet import make_fleet, register
from benchmarks.ground import Ground, Ran, ground
from benchmarks.layouts import for_dotagents, for_ruler, for_rulesync, for_skills
from benchmarks.measure import Row, in_turns
from benchmarks.workloads import LARGE, SMALL, make_project

CACHE = Path(__file__).resolve().parents[1] / ".cache/peers"
BAR = 50.0
"""So many times as long takes the fastest of them with nothing changed, on the large workload."""
ROUNDS = 3
PROJECTS = 10
"""A part of the fleet: none of the peers has a mode for several projects, so they are run in one after another."""
SKILLS = ".agents/skills"
"""Where all of them put what they make of the skills, besides elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool: its `package` and the `version` that is measured, what it runs, and how its sources are laid out."""

    package: str
    version: str
    command: tuple[str, ...]
    lay_out: Callable[[Path, Path], None]

    @property
    def name(self) -> str:
        return self.command[0]


PEERS = (
    Peer(
        package="rulesync",
        version="17.0.0",
        command=(
            *("rulesync", "generate", "--targets", "codexcli,antigravity-ide,opencode"),
            *("--features", "rules,skills,subagents,commands,mcp", "--silent"),
        ),
        lay_out=for_rulesync,
    ),
    Peer(
        package="@intellectronica/ruler",
        version="0.3.44",
        command=("ruler", "apply", "--agents", "codex,gemini-cli,opencode", "--no-backup", "--local-only"),
        lay_out=for_ruler,
    ),
    Peer(
        package="@sentry/dotagents",
        version="1.19.0",
        command=("dotagents", "install"),
        lay_out=for_dotagents,
    ),
    Peer(
        package="skills",
        version="1.7.4",
        command=("skills", "add", "./sources", "--skill", "*", "-a", "codex", "gemini-cli", "opencode", "--yes"),
        lay_out=for_skills,
    ),
)
NODE = f"node-linux-{'arm64' if platform.machine() in {'aarch64', 'arm64'} else 'x64'}"
NODE_VERSION = "22.23.3"
"""What they all run on, from the same registry: some of them need a newer one than a system may have."""
LEFT_OUT: Mapping[str, str] = {
    "@dallay/agentsync": "its program needs glibc 2.39, and makes links alone",
}
"""Others that people use, and why they are not measured."""


def measure(*, quick: bool) -> Iterator[Row]:
    """For the first time, and with nothing changed: three targets, 20 skills, a part of the fleet, and 2,000 skills."""
    if shutil.which("npm") is None:
        raise RuntimeError("the peers come from the npm registry, and npm is not installed")
    programs = _installed()
    yield from _one("small", SMALL, programs, bar=None)
    yield from _fleet(2 if quick else PROJECTS, programs)
    if not quick:
        yield from _one("large", LARGE, programs, bar=BAR)


def _one(name: str, workload: Mapping[str, int], programs: Path, *, bar: float | None) -> Iterator[Row]:
    """All in turns, each on a tree of its own."""
    with ground() as place:
        origin = make_project(place.folder / "origin", **workload)
        place.add(origin)
        work: dict[str, Callable[[], Ran]] = {
            "ours": lambda: place.measured("harnesssync", "sync", "--project", origin),
            **{
                f"{peer.package} {peer.version}": partial(_run, place, programs, peer, root)
                for peer in PEERS
                for [root] in [_laid_out(place, peer, [origin])]
            },
        }
        first = {who: run() for who, run in work.items()}
        _require_skills(place, [origin])
        again = in_turns(work, ROUNDS)
        seconds = {who: statistics.median(ran.seconds for ran in each) for who, each in again.items()}
        for who in work:
            yield Row(f"{name}: {who}, first time", first[who].seconds, "s")
            yield Row(f"{name}: {who}, nothing changed", seconds[who], "s")
            yield Row(f"{name}: {who}, peak memory", max(ran.peak_mib for ran in [first[who], *again[who]]), "MiB")
        fastest = min(taken for who, taken in seconds.items() if who != "ours") / seconds["ours"]
        yield Row(f"{name}: the fastest of them / ours, nothing changed", fastest, "x")
        if bar is not None:
            yield Row(f"{name}: {bar:g} / that", bar / fastest, "x", 1.0)


def _fleet(count: int, programs: Path) -> Iterator[Row]:
    """Ours as the supervisor does it, theirs in a loop."""
    with ground() as place:
        projects = make_fleet(place.folder / "ours", count)
        roots = {peer.name: _laid_out(place, peer, projects) for peer in PEERS}
        with place.supervisor():
            register(place, projects)
            work: dict[str, Callable[[], float]] = {
                "ours": lambda: place.measured("harnesssync", "ctl", "sync", "--all", "--wait").seconds,
                **{peer.name: partial(_loop, place, programs, peer, roots[peer.name]) for peer in PEERS},
            }
            for run in work.values():
                run()
            _require_skills(place, projects)
            again = in_turns(work, ROUNDS)
        seconds = {who: statistics.median(each) for who, each in again.items()}
        for who, taken in seconds.items():
            yield Row(f"{count} of the fleet: {who}, nothing changed", taken, "s")
        fastest = min(taken for who, taken in seconds.items() if who != "ours")
        yield Row(
            "ours / the fastest of them, a part of the fleet, nothing changed", seconds["ours"] / fastest, "x", 1.0
        )


def _laid_out(place: Ground, peer: Peer, origins: Sequence[Path]) -> list[Path]:
    """The same content where one peer has its sources, a folder for each."""
    roots = [place.folder / peer.name / str(number) for number in range(len(origins))]
    for origin, root in zip(origins, roots, strict=True):
        peer.lay_out(origin, root)
    return roots


def _require_skills(place: Ground, origins: Sequence[Path]) -> None:
    """Raise RuntimeError when a peer has left out a skill: then it did nothing, and that is no measure."""
    for peer in PEERS:
        for number, origin in enumerate(origins):
            made = {each.name for each in (place.folder / peer.name / str(number) / SKILLS).iterdir()}
            if missing := {each.name for each in (origin / ".claude/skills").iterdir()} - made:
                raise RuntimeError(f"{peer.name} has made nothing of {len(missing)} skills")


def _loop(place: Ground, programs: Path, peer: Peer, roots: Sequence[Path]) -> float:
    return sum(_run(place, programs, peer, root).seconds for root in roots)


def _installed() -> Path:
    """The folder of their programs. Installed once, with just these versions."""
    wanted = {NODE: NODE_VERSION, **{peer.package: peer.version for peer in PEERS}}
    about = CACHE / "package.json"
    document = json.dumps({"private": True, "dependencies": wanted}, indent=2)
    if not about.exists() or about.read_text(encoding="utf-8") != document:
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(CACHE)]
        versions = [f"{package}@{version}" for package, version in wanted.items()]
        subprocess.run([*command, *versions], check=True, cwd=CACHE)
        about.write_text(document, encoding="utf-8")
    return CACHE / "node_modules/.bin"


def _run(place: Ground, programs: Path, peer: Peer, root: Path) -> Ran:
    path = f"{CACHE / 'node_modules' / NODE / 'bin'}{os.pathsep}{place.environ['PATH']}"
    environ = {"PATH": path, "DISABLE_TELEMETRY": "1", "CI": "1"}
    return place.measured(programs / peer.command[0], *peer.command[1:], cwd=root, environ=environ)
