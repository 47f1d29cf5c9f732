"""A file system that answers no more, under some of the projects: the others are served, and can be asked about."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reliability.mounting import KINDS
from tests.reliability.processes import Daemon, ask, eventually
from tests.reliability.world import World

HUNG = 6
"""More than there are threads, and places for syncs, by default."""
PATIENCE_S = 60.0
CACHED_S = 1.5
"""So long the kernel remembers what it knows of a mount's folders."""


@contextlib.contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that does nothing meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def serving(place: Path) -> int:
    """The process that a mount by FUSE is asked of."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[0].endswith(b"bindfs") and os.fsencode(place) in words:
                    return int(entry.name)
    raise AssertionError(f"nobody serves {place}")


@pytest.mark.slow
def test_projects_on_a_mount_that_hangs_hold_up_nobody_else() -> None:
    """An edit elsewhere arrives, a list of all of them is given, and all goes on when the mount is back."""
    [kind] = [kind for kind in KINDS if kind.name == "bindfs"]
    if (reason := kind.missing()) is not None:
        pytest.skip(reason)
    # A short path, for the socket.
    with tempfile.TemporaryDirectory() as folder, kind.mounted() as place:
        world = World.make(Path(folder))
        hung = [place.resolve() / f"hung-{number}" for number in range(HUNG)]
        for root in hung:
            subprocess.run(["git", "init", "-q", str(root)], check=True, env=dict(world.environ))
            (root / "CLAUDE.md").write_text("Rules.\n")
            world.run("ctl", "add", str(root), "--target=codex", check=True)
        with Daemon(world.home, Path(folder, "log")) as daemon:
            world.run("ctl", "sync", "--all", "--wait", check=True)
            with stopped(serving(place)):
                time.sleep(CACHED_S)
                for root in hung:
                    ask(daemon.socket, "sync", project=str(root), wait=False)
                agent = world.project / ".claude/agents/new.md"
                agent.write_text("---\nname: new\ndescription: New\n---\nText.\n")
                made = world.project / ".codex/agents/new.toml"
                eventually(made.exists, PATIENCE_S, "an edit beside them")
                listed = world.run("ctl", "status", "--all")
                assert listed.returncode in {0, 1}, listed.stderr
                assert all(str(root) in listed.stdout for root in [world.project, *hung])
                assert "stale" not in listed.stdout
            (hung[0] / "CLAUDE.md").unlink()
            (hung[0] / ".claude").mkdir()
            (hung[0] / ".claude/CLAUDE.md").write_text("Moved.\n")
            world.run("ctl", "sync", "--all", "--wait", check=True)
            assert (hung[0] / "AGENTS.md").read_text() == "Moved.\n"
