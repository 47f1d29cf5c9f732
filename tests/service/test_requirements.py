"""What the whole tool promises, for a person whose configuration has every layer: links, records, drift, a summary."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.approved import approved

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.console import Console
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State, to_json
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.hashing import hash_file
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.state import detect_drift, get_hash, load_ledger
from harnesssync_orchestrator.service.sync import Engine, Options, sync

pytestmark = pytest.mark.anyio

TARGETS_HERE = ("codex", "gemini", "opencode")
NOBODY = 65534


def skill(name: str) -> str:
    return f"---\nname: {name}\ndescription: About {name}.\n---\n\nDo {name}.\n"


def agent(name: str) -> str:
    return f"---\nname: {name}\ndescription: Helps with {name}.\n---\n\nYou help with {name}.\n"


def write(folder: Path, files: dict[str, Any]) -> None:
    """Files by path; a value that is no text is written as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


class World(NamedTuple):
    """A home and a project, and the engine that syncs both."""

    engine: Engine
    home: Path
    project: Project
    user: Project

    @property
    def root(self) -> Path:
        return Path(self.project.path)

    async def sync(self, scope: Scope = Scope.PROJECT, **options: Any) -> Report:
        project = self.project if scope is Scope.PROJECT else self.user
        return (await sync(approved(project, self.engine.places), self.engine, Options(**options))).report

    def ledger(self, scope: Scope = Scope.PROJECT) -> Ledger:
        ledger, problems = load_ledger(
            self.engine.layout.ledger_file(self.project if scope is Scope.PROJECT else self.user)
        )
        assert problems == []
        return ledger


@pytest.fixture
async def world(home: Path, tmp_path: Path, git: Any, readable_log: Any) -> World:
    """Something in every layer: managed, user, plugin, project and local."""
    home, root, managed = home.resolve(), tmp_path.resolve() / "project", tmp_path.resolve() / "managed"
    root.mkdir()
    git("init", "-q", cwd=root)
    write(managed, {"CLAUDE.md": "Managed rules.\n", ".claude/skills/managed-skill/SKILL.md": skill("managed-skill")})
    plugin = ".claude/plugins/cache/market/helper/1"
    write(
        home,
        {
            ".claude/CLAUDE.md": "Rules of the user.\n",
            ".claude/skills/user-skill/SKILL.md": skill("user-skill"),
            f"{plugin}/skills/plugin-skill/SKILL.md": skill("plugin-skill"),
            ".claude/plugins/installed_plugins.json": {
                "version": 2,
                "plugins": {"helper@market": [{"scope": "user", "installPath": str(home / plugin)}]},
            },
            ".claude.json": {"projects": {str(root): {"mcpServers": {"local-server": {"command": "local"}}}}},
        },
    )
    write(
        root,
        {
            "CLAUDE.md": "Rules of the project.\n",
            ".claude/settings.json": {"enabledPlugins": {"helper@market": True}},
            ".claude/settings.local.json": {"permissions": {"deny": ["Read(secrets/**)"]}},
            ".claude/skills/project-skill/SKILL.md": skill("project-skill"),
            ".claude/agents/reviewer.md": agent("reviewer"),
            ".mcp.json": {"mcpServers": {"project-server": {"command": "project"}}},
        },
    )
    engine = Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=replace(Places.from_environment({}, home), managed_dir=managed),
        layout=Layout.from_environment({}, home),
        environ={},
        log=readable_log.log,
    )
    return World(
        engine=engine,
        home=home,
        project=Project(path=str(root), targets=TARGETS_HERE),
        user=Project(path=str(home), scope=Scope.USER, targets=TARGETS_HERE),
    )


async def test_core_01_links_lead_from_every_layer_to_its_source(world: World) -> None:
    """Inside the project they are relative, so that it can move; what is elsewhere is linked by its whole path."""
    assert (await world.sync()).state is State.IN_STEP
    assert (await world.sync(Scope.USER)).state is State.IN_STEP
    ours, theirs = world.root / ".agents/skills", world.home / ".agents/skills"
    assert str((ours / "project-skill").readlink()) == "../../.claude/skills/project-skill"
    for folder, name in [(ours, "project-skill"), (theirs, "user-skill"), (theirs, "managed-skill")]:
        assert (folder / name / "SKILL.md").read_text(encoding="utf-8") == skill(name)
    for name in ("user-skill", "managed-skill"):
        assert (theirs / name).readlink().is_absolute()
    [from_plugin] = [path for path in ours.iterdir() if "plugin-skill" in path.name]
    assert "Do plugin-skill." in (from_plugin / "SKILL.md").read_text(encoding="utf-8")
    assert str((world.root / "AGENTS.md").readlink()) == "CLAUDE.md"


async def test_core_02_state_holds_hash_and_time_of_every_output_by_target(world: World) -> None:
    """Each target has its entries, also for outputs that targets share; times have an offset, hashes sixteen digits."""
    await world.sync()
    file = world.engine.layout.ledger_file(world.project)
    document = json.loads(file.read_bytes())
    assert document["version"] == "1.0"
    assert set(document["targets"]) == set(TARGETS_HERE)
    sharing = [target for target, rows in document["targets"].items() if ".agents/skills/project-skill" in rows]
    assert len(sharing) > 1
    rows = [row for rows in document["targets"].values() for row in rows.values()]
    assert {len(row["hash"]) for row in rows} == {16}
    assert {datetime.fromisoformat(row["timestamp"]).utcoffset() for row in rows} == {timedelta(0)}
    assert datetime.fromisoformat(document["last_sync"]).utcoffset() == timedelta(0)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_core_03_drift_of_an_output_is_found_by_its_hash(world: World) -> None:
    """Somebody's edit is told, by the ledger and by the report, and stays; what was put back is no drift any more."""
    await world.sync()
    address, output = Address(".codex/agents/reviewer.toml"), world.root / ".codex/agents/reviewer.toml"
    ledger, written = world.ledger(), output.read_bytes()
    assert get_hash(ledger, "codex", address) == hash_file(output)
    assert not detect_drift(ledger, "codex", address, hash_file(output))
    output.write_bytes(written + b"# mine\n")
    assert detect_drift(ledger, "codex", address, hash_file(output))
    assert [str(conflict.address) for conflict in (await world.sync()).conflicts] == [str(address)]
    assert output.read_bytes() == written + b"# mine\n"
    output.write_bytes(written)
    assert (await world.sync()).state is State.IN_STEP


async def test_core_04_summary_counts_what_was_done(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Synced, cleaned, and nothing at last: the numbers of the report in one line for people."""
    first = await world.sync()
    (world.root / ".claude/agents/reviewer.md").unlink()
    second, third = await world.sync(), await world.sync()
    for report in (first, second, third):
        rendering.synced(Console(environ={}), to_json(report))
    summaries = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert f"{first.counts.synced} synced" in summaries
    assert f"{second.counts.cleaned} cleaned" in summaries
    assert (second.counts.cleaned, summaries[-1]) == (len(TARGETS_HERE), "nothing to do")


async def test_core_05_everything_of_ours_is_in_one_folder(world: World) -> None:
    """In a home there is `.harnesssync` and what was written for the harnesses, all of it on record; no older name."""
    before = {path.name for path in world.home.iterdir()}
    await world.sync()
    assert {path.name for path in world.home.iterdir()} - before == {".harnesssync"}
    await world.sync(Scope.USER)
    ledger = world.ledger(Scope.USER)
    recorded = {address.path.split("/")[0] for address in (*ledger.entries, *ledger.made)}
    assert {path.name for path in world.home.iterdir()} - before == {".harnesssync", *recorded} - before
    assert world.engine.layout.ledger_file(world.user) == world.home / ".harnesssync/state.json"
    assert Method.SYMLINK in {entry.method for entry in ledger.entries.values()}


@pytest.fixture
def public_root(git: Any) -> Iterator[Path]:
    """A worktree that every user may enter and change, unlike those of `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="harnesssync-test-")).resolve()
    root = folder / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    write(root, {"CLAUDE.md": "# Rules\n", ".claude/agents/reviewer.md": agent("reviewer")})
    (root / ".gemini").mkdir()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)
    yield root
    (root / ".gemini").chmod(0o777)
    shutil.rmtree(folder)


async def test_a_folder_without_permission_costs_its_own_outputs_only(world: World, public_root: Path) -> None:
    """The state is partial, each failure names its output and what to do, and the other targets are in step."""
    (public_root / ".gemini").chmod(0o555)
    engine = replace(
        world.engine,
        layout=Layout(root=public_root.parent / "root"),
        places=replace(world.engine.places, home=public_root.parent),
    )
    project = replace(world.project, path=str(public_root))
    user = os.geteuid()
    if user == 0:  # whom no permission stops
        os.seteuid(NOBODY)
    try:
        report = (await sync(project, engine)).report
    finally:
        os.seteuid(user)
    assert (report.state, report.exit_code) == (State.PARTIAL, 4)
    assert {(failure.code, failure.target) for failure in report.failures} == {("not_writable", "gemini")}
    assert all(failure.path.startswith(".gemini/") and failure.hint for failure in report.failures)
    assert (public_root / ".codex/agents/reviewer.toml").exists()
    assert (public_root / ".opencode/agents/reviewer.md").exists()
    assert list((public_root / ".gemini").iterdir()) == []


async def test_perf_small_fifty_links_are_flushed_as_seldom_as_five_and_their_ledgers_are_small(
    world: World, tmp_path: Path, git: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a link costs does not add up: waiting for the disk is what takes time. `python -m benchmarks small` says
    how long, and 100 KB of state is what each of ten projects may keep."""
    flushes = 0

    def counting(descriptor: int, flush: Callable[[int], None] = os.fsync) -> None:
        nonlocal flushes
        flushes += 1
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", counting)

    async def first_sync(name: str, skills: int) -> int:
        """How often a first sync of `skills` skills flushes."""
        nonlocal flushes
        root = tmp_path / name
        root.mkdir()
        git("init", "-q", cwd=root)
        write(root, {f".claude/skills/s{each}/SKILL.md": skill(f"s{each}") for each in range(skills)})
        project = replace(world.project, path=str(root.resolve()))
        flushes = 0
        report = (await sync(project, world.engine)).report
        assert report.methods == {"symlink": skills}
        assert world.engine.layout.ledger_file(project).stat().st_size < 100_000
        return flushes

    await first_sync("warm", 1)  # makes the folders of the state
    few = await first_sync("few", 5)
    assert few > 0
    assert [await first_sync(f"p{number}", 50) for number in range(10)] == [few] * 10
