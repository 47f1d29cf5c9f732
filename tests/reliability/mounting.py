"""File systems of many kinds, each mounted for the length of a `with`, and what a machine lacks for it.

Linux, as root: images stand in a temporary folder and are mounted by loop devices, or by FUSE.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_S = 10.0
_CAP_SYS_ADMIN = 21
_IMAGES = {"ext4": "64M", "xfs": "320M", "btrfs": "320M", "exfat": "64M", "vfat": "64M", "ntfs": "64M"}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`kernel` is what the kernel calls it, `needs` are programs, `modules` Python packages, `fuse` says whether it is
    mounted by FUSE. `mount` gets an empty folder for what it needs and the place to mount at, and a stack for what has
    to be undone.

    `lacks` is what tests can't have there, by the names of `tests.needs`. `folds`: names that differ in case are the
    same. `normalises`: so are those in other forms of Unicode.
    """

    name: str
    mount: Callable[[Path, Path, ExitStack], None]
    kernel: str = ""
    needs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    fuse: bool = False
    lacks: tuple[str, ...] = ()
    folds: bool = False
    normalises: bool = False

    @property
    def links(self) -> bool:
        return "links" not in self.lacks

    @property
    def modes(self) -> bool:
        return "modes" not in self.lacks

    def missing(self) -> str | None:
        """What this machine lacks, None if nothing."""
        if sys.platform != "linux":
            return "file systems are mounted on Linux alone"
        if os.geteuid() != 0 or not _may_mount():
            return "only root may mount"
        if not self.is_known():
            return f"the kernel has no {self.kernel}"
        if lacking := [name for name in self.needs if shutil.which(name) is None]:
            return f"not installed: {', '.join(lacking)}"
        if lacking := [name for name in self.modules if importlib.util.find_spec(name) is None]:
            return f"not installed in this Python: {', '.join(lacking)}"
        if self.fuse and not Path("/dev/fuse").exists():
            return "/dev/fuse is not there"
        return None

    def is_known(self) -> bool:
        """Can the kernel mount it, or is it none of the kernel's?"""
        return not self.kernel or f"\t{self.kernel}\n" in Path("/proc/filesystems").read_text()

    @contextmanager
    def mounted(self) -> Iterator[Path]:
        """The root of a new file system. Raises OSError, or CalledProcessError with what the mount said."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harnesssync-mount-"))).resolve()
            place = folder / "mounted"
            place.mkdir()
            self.mount(folder, place, stack)
            if not place.is_mount():
                raise OSError(f"{self.name} was not mounted")
            yield place


def _may_mount() -> bool:
    """The root of a container may often not."""
    told = Path("/proc/self/status").read_text()
    [capabilities] = [line.split()[1] for line in told.splitlines() if line.startswith("CapEff:")]
    return bool(int(capabilities, 16) >> _CAP_SYS_ADMIN & 1)


def run(*command: str | Path) -> str:
    """Run a program; what it printed. Raises CalledProcessError with it as notes."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout.strip()


def _unmount(place: Path) -> None:
    for command in (["umount"], ["fusermount3", "-u"], ["umount", "-l"]):
        deadline = time.monotonic() + (_PATIENCE_S if command == ["umount"] else 0)
        while place.is_mount():
            with contextlib.suppress(OSError):
                run(*command, place)
            if time.monotonic() >= deadline:
                break


def make_image(kind: str, folder: Path) -> Path:
    """A new file system in a file."""
    image = folder / "image"
    image.touch()
    os.truncate(image, int(_IMAGES[kind][:-1]) << 20)
    inodes = ["-N", "65536"]  # for folders that all tests leave
    options = {"ext4": ["-q", "-F", *inodes], "xfs": ["-q", "-f"], "btrfs": ["-q", "-f"], "ntfs": ["-F", "-f", "-q"]}
    run(f"mkfs.{kind}", *options.get(kind, []), image)
    return image


def _device(image: Path, stack: ExitStack) -> str:
    device = run("losetup", "--find", "--show", image)
    stack.callback(run, "losetup", "--detach", device)
    return device


@contextmanager
def attached(kind: str, image: Path, place: Path, *options: str) -> Iterator[None]:
    """The file system in an image, mounted at an empty folder by the first loop device that is free."""
    with ExitStack() as stack:
        run("mount", "-t", kind, *options, _device(image, stack), place)
        stack.callback(_unmount, place)
        yield


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """The first loop device that is free is not free any more: what is attached now gets another number."""
    with ExitStack() as stack:
        other = folder / "other"
        other.write_bytes(bytes(4096))
        _device(other, stack)
        yield


def _of_kernel(kind: str, *options: str) -> Callable[[Path, Path, ExitStack], None]:
    def mount(folder: Path, place: Path, stack: ExitStack) -> None:
        stack.enter_context(attached(kind, make_image(kind, folder), place, *options))

    return mount


def _tmpfs(folder: Path, place: Path, stack: ExitStack) -> None:
    run("mount", "-t", "tmpfs", "none", place)
    stack.callback(_unmount, place)


def _overlay(folder: Path, place: Path, stack: ExitStack) -> None:
    """What lies below stays as it is; what is written is copied up first, with a new inode."""
    layers = folder / "layers"
    layers.mkdir()
    run("mount", "-t", "tmpfs", "none", layers)
    stack.callback(_unmount, layers)
    for name in ("lower", "upper", "work"):
        (layers / name).mkdir()
    options = ",".join(f"{name}dir={layers / name}" for name in ("lower", "upper", "work"))
    run("mount", "-t", "overlay", "overlay", "-o", options, place)
    stack.callback(_unmount, place)


def _by_fuse(kind: str, *command: str) -> Callable[[Path, Path, ExitStack], None]:
    def mount(folder: Path, place: Path, stack: ExitStack) -> None:
        run(*command, _device(make_image(kind, folder), stack), place)
        stack.callback(_unmount, place)
        _await(place)

    return mount


def _over_folder(*command: str) -> Callable[[Path, Path, ExitStack], None]:
    def mount(folder: Path, place: Path, stack: ExitStack) -> None:
        (folder / "behind").mkdir()
        run(*command, folder / "behind", place)
        stack.callback(_unmount, place)
        _await(place)

    return mount


def _folding(folder: Path, place: Path, stack: ExitStack) -> None:
    (folder / "behind").mkdir()
    program = Path(__file__).with_name("folding.py")
    process = subprocess.Popen([sys.executable, str(program), str(folder / "behind"), str(place)])
    stack.callback(process.wait)
    stack.callback(_unmount, place)
    _await(place, process)


def _await(place: Path, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not place.is_mount():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise OSError(f"nothing was mounted at {place}")
        time.sleep(0.01)


_NO_MODES = ("modes", "names of bytes")
_OF_FAT = (*_NO_MODES, "links", "hard links", "pipes", "odd names")

# FAT by FUSE (fusefat) is no substitute for the kernel's: it loses what is in a folder when that is renamed.
KINDS = (
    Kind(name="ext4", mount=_of_kernel("ext4"), kernel="ext4", needs=("mkfs.ext4", "losetup")),
    Kind(name="xfs", mount=_of_kernel("xfs"), kernel="xfs", needs=("mkfs.xfs", "losetup")),
    Kind(name="btrfs", mount=_of_kernel("btrfs"), kernel="btrfs", needs=("mkfs.btrfs", "losetup")),
    Kind(name="tmpfs", mount=_tmpfs),
    Kind(name="overlay", mount=_overlay, kernel="overlay"),
    Kind(
        name="exfat",
        mount=_by_fuse("exfat", "mount.exfat-fuse", "-o", "umask=022"),
        needs=("mkfs.exfat", "mount.exfat-fuse", "losetup"),
        fuse=True,
        lacks=(*_OF_FAT, "exclusive renames"),
        folds=True,
    ),
    Kind(
        name="vfat",
        mount=_of_kernel("vfat", "-o", "utf8"),
        kernel="vfat",
        needs=("mkfs.vfat", "losetup"),
        lacks=(*_OF_FAT, "final spaces"),
        folds=True,
    ),
    Kind(
        name="ntfs",
        mount=_by_fuse("ntfs", "lowntfs-3g", "-o", "umask=022"),
        needs=("mkfs.ntfs", "lowntfs-3g", "losetup"),
        fuse=True,
        lacks=_NO_MODES,
    ),
    Kind(name="bindfs", mount=_over_folder("bindfs"), needs=("bindfs",), fuse=True),
    Kind(
        name="shuffled",
        mount=_over_folder("disorderfs", "--shuffle-dirents=yes"),
        needs=("disorderfs",),
        fuse=True,
    ),
    Kind(
        name="folding",
        mount=_folding,
        needs=("fusermount3",),
        modules=("mfusepy",),
        fuse=True,
        folds=True,
        normalises=True,
    ),
)
"""Each kind that a project may stand on."""
