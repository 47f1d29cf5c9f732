"""How much longer an edit of a small project takes while a project with 50,000 files is synced for the first time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import register
from benchmarks.ground import Ground, ground
from benchmarks.measure import Row
from benchmarks.workloads import make_project
from harnesssync_orchestrator.ctl import client

SMALL = 20
FILES = 50_000
AT_ONCE = 4
"""As many large projects as may be synced at the same time by default."""
BAR_MS = 1000.0
TIMEOUT_S = 60.0
REST_S = 0.05


def measure(*, quick: bool) -> Iterator[Row]:
    """Twenty small projects are edited in turn: alone, then beside one large, then beside four that share its files."""
    with ground() as place:
        small = [make_project(place.folder / f"small-{number:02}", skills=5, files=2) for number in range(SMALL)]
        for project in small:
            place.add(project)
        files = FILES // 10 if quick else FILES
        large = [_large(place.folder / "large", files)]
        large += [_large(place.folder / f"large-{number}", files // AT_ONCE) for number in range(AT_ONCE)]
        with place.supervisor():
            place.run("harnesssync", "ctl", "sync", "--all", "--wait")
            edits = Edits(small)
            alone = [edits.next() for _ in range(SMALL)]
            usual = statistics.median(alone)
            yield Row("edit of a small project alone, median", usual, "ms")
            for name, projects in (("one large", large[:1]), ("four large", large[1:])):
                began = time.perf_counter()
                beside = _beside(place, projects, edits)
                took_s = time.perf_counter() - began
                yield Row(f"first sync of {name} meanwhile", took_s * 1000, "ms")
                yield Row(f"edit beside {name}, median of {len(beside)}", statistics.median(beside), "ms")
                yield Row(f"edit beside {name}, slowest, beyond the median alone", max(beside) - usual, "ms", BAR_MS)


class Edits:
    """Edits of small projects in turn, each waited for."""

    def __init__(self, projects: list[Path]) -> None:
        self._projects = projects
        self._number = 0

    def next(self) -> float:
        """Milliseconds from the end of the write to the moment when all three outputs hold it."""
        project = self._projects[self._number % len(self._projects)]
        self._number += 1
        mark = f"mark-{self._number}-"
        source = project / ".claude/agents/agent-000.md"
        text = source.read_text(encoding="utf-8").split("\nmark-")[0]
        source.write_text(f"{text}\n{mark}\n", encoding="utf-8")
        began = time.perf_counter()
        outputs = [project / name for name in _OUTPUTS]
        while not all(mark in output.read_text(encoding="utf-8") for output in outputs):
            if time.perf_counter() - began > TIMEOUT_S:
                raise RuntimeError(f"the edit did not arrive within {TIMEOUT_S:g} s")
            time.sleep(0.002)
        return (time.perf_counter() - began) * 1000


def _beside(place: Ground, projects: list[Path], edits: Edits) -> list[float]:
    """Latencies of edits while these projects are registered, approved and synced for the first time."""
    register(place, projects)
    latencies: list[float] = []
    while not latencies or not all(_is_synced(place, project) for project in projects):
        latencies.append(edits.next())
        time.sleep(REST_S)
    return latencies


def _is_synced(place: Ground, project: Path) -> bool:
    [report] = client.ask(place.environ, "status", {"project": str(project), "brief": True}, works=True)["projects"]
    if report["state"] not in {"in step", "never synced"}:
        raise RuntimeError(f"not synced: {report['state']}")
    return bool(report["state"] == "in step")


def _large(root: Path, files: int) -> Path:
    """A project of skills with 25 small files each."""
    make_project(root, skills=20, files=1)
    for number in range(files // 25):
        folder = root / f".claude/skills/large-{number:04}"
        (folder / "references").mkdir(parents=True)
        head = f"---\nname: large-{number:04}\ndescription: Use it for number {number}.\n---\n"
        (folder / "SKILL.md").write_text(head, encoding="utf-8")
        for other in range(24):
            text = f"Part {other} of skill {number}.\n" * (5 + other * 5)
            (folder / f"references/part-{other:02}.md").write_text(text, encoding="utf-8")
    return root


_OUTPUTS = (".codex/agents/agent-000.toml", ".gemini/agents/agent-000.md", ".opencode/agents/agent-000.md")
