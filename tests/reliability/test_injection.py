"""The faults themselves: a sweep in which no fault happens would find nothing wrong."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reliability import injection
from tests.reliability.injection import CHANGES, FOR_EVER, LOOKS, Action, Fault, Ran, Runner
from tests.reliability.saving import Saved
from tests.reliability.stage import ONE_AT_A_TIME
from tests.reliability.world import World, differences, picture

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """One server of runs for all tests here."""
    with Runner() as made:
        yield made


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A registered project that was never synced."""
    return _world(tmp_path)


def _sync(runner: Runner, world: World, **fault: object) -> Ran:
    settings = Fault(prefix=str(world.root), **fault)  # type: ignore[arg-type]
    return runner.run(["sync"], cwd=world.project, environ=world.environ, fault=settings)


def test_a_run_without_a_fault_does_what_the_command_does(runner: Runner, world: World) -> None:
    """The exit code, the output and the files of a real sync."""
    before = picture(world.project)
    ran = _sync(runner, world)
    assert (ran.code, ran.err, ran.acted) == (0, "", 0)
    assert "synced" in ran.out
    assert differences(before, picture(world.project))
    assert world.run("check").returncode == 0


def test_every_call_that_changes_something_is_counted_over_all_threads(runner: Runner, world: World) -> None:
    """Each path that a sync made or changed appears in the log of its calls."""
    before = picture(world.root)
    calls = [line.split(" ", 2) for line in _sync(runner, world, log=True).calls]
    touched = {path for _, _, path in calls}
    moved = tuple(f"{path}/" for _, name, path in calls if name == "rename")  # with all that was in them
    made = [line.split(": ")[1] for line in differences(before, picture(world.root)) if line.startswith("new: ")]
    paths = [str(world.root / path) for path in made]
    assert not [path for path in paths if path not in touched and not path.startswith(moved)]


def test_a_process_dies_at_the_very_call(runner: Runner, world: World) -> None:
    """Before it the call is not made, after it it is."""
    names = [line.split(" ", 2) for line in _sync(runner, world, log=True).calls]
    at = next(int(number) for number, name, path in names if name == "rename" and path.endswith("AGENTS.md"))
    for after in (False, True):
        again = _world(world.root / f"again-{after}")
        ran = _sync(runner, again, action=Action.KILL, at=at, after=after)
        assert (ran.code, ran.what, ran.where) == (-9, "rename", str(again.project / "AGENTS.md"))
        assert (again.project / "AGENTS.md").exists() is after


def test_a_call_fails_with_the_error_that_was_asked_for(runner: Runner, world: World) -> None:
    """And the command says what it is."""
    ran = _sync(runner, world, action=Action.FAIL, error=errno.ENOSPC, times=FOR_EVER, at=1)
    assert ran.acted > 0
    assert ran.code == 4
    assert "No space left" in ran.err + ran.out or "disk is full" in ran.err + ran.out


def test_calls_that_only_look_can_fail_as_well(runner: Runner, world: World) -> None:
    """They are counted apart from those that change something."""
    assert _sync(runner, world, classes=LOOKS).seen > _sync(runner, world, classes=CHANGES).seen
    ran = _sync(runner, world, classes=LOOKS, action=Action.FAIL, error=errno.EIO, times=FOR_EVER, at=1)
    assert ran.acted > 0
    assert ran.code not in {0, 1}


def test_a_run_that_is_stopped_waits_for_what_somebody_does(runner: Runner, world: World) -> None:
    """It is stopped once, before the call, and then goes on to its end."""
    names = [line.split(" ", 2) for line in _sync(runner, world, log=True).calls]
    at = next(int(number) for number, name, path in names if name == "rename" and path.endswith("AGENTS.md"))
    again = _world(world.root / "again")
    seen = []

    def meanwhile() -> None:
        seen.append((again.project / "AGENTS.md").exists())
        (again.project / "AGENTS.md").write_text("mine\n")

    stop = Fault(prefix=str(again.root), action=Action.STOP, at=at)
    ran = runner.run(["sync"], cwd=again.project, environ=again.environ, fault=stop, meanwhile=meanwhile)
    assert (seen, ran.code, (again.project / "AGENTS.md").read_text()) == ([False], 4, "mine\n")


def test_half_of_a_write_is_written(runner: Runner, world: World) -> None:
    """What is written is complete all the same: the product writes the rest."""
    calls = _sync(runner, _world(world.root / "whole"), log=True).calls
    at = next(int(line.split()[0]) for line in calls if line.split()[1] == "write")
    ran = _sync(runner, world, action=Action.SHORTEN, at=at)
    assert (ran.code, ran.acted, ran.what, ran.seen) == (0, 1, "write", len(calls) + 1)


def test_a_file_system_can_be_without_links(runner: Runner, world: World) -> None:
    """Skills are copied then."""
    _sync(runner, world, without_links=True)
    assert (world.project / ".agents/skills/pdf").is_dir()
    assert not (world.project / ".agents/skills/pdf").is_symlink()


def test_a_world_is_brought_back_as_it_was(runner: Runner, world: World) -> None:
    """Byte for byte, and what did not change keeps its inode."""
    before = Saved.of(world.root)
    _sync(runner, world)
    (world.project / "README.md").unlink()
    before.restore()
    now = Saved.of(world.root)
    assert differences(before.paths, now.paths) == []
    assert now.times == before.times
    kept = "project/CLAUDE.md"
    assert before.paths[kept].stamp == now.paths[kept].stamp


def _world(folder: Path) -> World:
    folder.mkdir(exist_ok=True)
    world = World.make(folder)
    (world.home / ".harnesssync/config.toml").write_text(ONE_AT_A_TIME)
    return world
