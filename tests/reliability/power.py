"""The sweep `power`: the power fails at each call that changes something, and right after the command has ended.

The world stands on a file system of its own, in an image that is mounted through a loop device. The cut is the ioctl
by which ext4 and XFS test themselves: from that moment on nothing reaches the disk, the journal is not written out,
and the process is killed. The next mount replays the journal. Then nothing may be torn, empty or lost, what the
command reported as done must be there, and the next run must put everything right.

`ext4-late` allocates late and without ext4's own care for files that are renamed over others (`noauto_da_alloc`).
Needs root and loop devices.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from tests.reliability import injection
from tests.reliability.injection import CHANGES, Action, Runner
from tests.reliability.scenes import SCENES
from tests.reliability.stage import Scene, Stage
from tests.reliability.sweeping import MEMORY, MISSED, Case, Sweep, main

_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN, which XFS calls XFS_IOC_GOINGDOWN
_NO_LOG_FLUSH = 2
_IMAGE_BYTES = 320 * 1024 * 1024  # the least that mkfs.xfs takes; sparse


@dataclass(frozen=True)
class FileSystem:
    """How one is made and mounted. Journals are not written out by the clock: `commit` is in seconds."""

    make: tuple[str, ...]
    options: str


FILE_SYSTEMS: Mapping[str, FileSystem] = {
    "ext4": FileSystem(("mkfs.ext4", "-q", "-F"), "commit=300"),
    "ext4-late": FileSystem(("mkfs.ext4", "-q", "-F"), "commit=300,noauto_da_alloc"),
    "xfs": FileSystem(("mkfs.xfs", "-q", "-f"), "defaults"),
}
_PLAYED = ("first", "change", "removal", "copies-change", "undo-change", "unlink", "add", "remove")
SCENES_ON_DISK = tuple(
    replace(scene, name=f"{name}/{scene.name}") for name in FILE_SYSTEMS for scene in SCENES if scene.name in _PLAYED
)


def missing(name: str = "ext4") -> str | None:
    """Why the power can't be cut on this machine; None if it can."""
    if reason := injection.missing():
        return reason
    if os.geteuid() != 0:
        return "mounting a file system needs root"
    tool = FILE_SYSTEMS[name].make[0]
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    try:
        with tempfile.TemporaryDirectory() as folder, Volume(Path(folder), name):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no file system can be mounted through a loop device: {error}"


@final
class Volume:
    """A file system in an image, mounted at `mount` while the `with` lasts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.mount = folder / "mount"
        self._image = folder / "image"
        self._device = ""
        self._file_system = FILE_SYSTEMS[name]

    def __enter__(self) -> Volume:
        self.mount.mkdir()
        with self._image.open("wb") as image:
            image.truncate(_IMAGE_BYTES)
        _run(*self._file_system.make, str(self._image))
        # One device throughout: its number is part of what a folder is known by.
        self._device = _run("losetup", "--find", "--show", str(self._image)).strip()
        try:
            self._mount()
        except BaseException:
            _run("losetup", "--detach", self._device)
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        try:
            _run("umount", str(self.mount))
        finally:
            _run("losetup", "--detach", self._device)

    def _mount(self) -> None:
        _run("mount", "-o", self._file_system.options, self._device, str(self.mount))

    def sync(self) -> None:
        """Bring everything to the disk."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
                raise OSError(ctypes.get_errno(), "syncfs")
        finally:
            os.close(descriptor)

    def cut(self) -> None:
        """Cut the power."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def restart(self) -> None:
        """Switch the power on again: what is on the disk, with the journal replayed."""
        _run("umount", str(self.mount))
        self._mount()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


_volumes: dict[Path, Volume] = {}


@contextmanager
def staged(scene: Scene, runner: Runner) -> Generator[Stage]:
    """A stage on a file system of its own."""
    folder = MEMORY if os.access(MEMORY, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="harnesssync-power-", dir=folder) as place,
        Volume(Path(place), scene.name.partition("/")[0]) as volume,
    ):
        root = volume.mount / "world"
        root.mkdir()
        _volumes[root] = volume
        try:
            yield Stage.make(scene, root, runner)
        finally:
            del _volumes[root]


def cases(stage: Stage) -> Sequence[Case]:
    """A cut before each call, and three after the end."""
    name = stage.scene.name
    return [
        *(Case(name, "cut", at) for at in range(1, len(stage.calls[CHANGES]) + 1)),
        *(Case(name, "end", number) for number in range(3)),
    ]


def check(stage: Stage, case: Case) -> list[str]:
    """Cut the power, switch it on again, and look."""
    volume = _volumes[stage.world.root]
    volume.sync()
    if case.fault == "end":
        ran = stage.run()
        volume.cut()
    else:
        ran = stage.run(action=Action.CUT, at=case.at, device=str(volume.mount))
    volume.restart()
    if case.fault == "cut" and ran.acted == 0:
        return MISSED
    wrong = stage.harm()
    if case.fault == "end" and not stage.is_done():
        wrong += [f"reported as done, and lost: {line}" for line in stage.strays()]
    wrong += stage.unsettled()
    return [f"at {ran.what} {ran.where}: {line}" for line in wrong]


POWER = Sweep(name="power", cases=cases, check=check, scenes=SCENES_ON_DISK, staged=staged)


def run() -> int:
    """Run the sweep on those file systems that this machine can make."""
    reasons = {name: missing(name) for name in FILE_SYSTEMS}
    for name, reason in reasons.items():
        if reason:
            print(f"sweep power: not on {name}: {reason}")
    able = tuple(scene for scene in POWER.scenes if not reasons[scene.name.partition("/")[0]])
    return main(replace(POWER, scenes=able), least=600 if len(able) == len(POWER.scenes) else 0) if able else 0


if __name__ == "__main__":
    sys.exit(run())
