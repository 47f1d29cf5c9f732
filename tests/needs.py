"""What tests need of the file system that they run on, beyond files and folders with ordinary names.

A test says so by `@pytest.mark.needs("links")`, and runs all the same: it fails where that is missing. Only who says
`--lacking links` has such tests skipped, as the sweep `filesystems` does on kinds of which it has first shown that.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.swap import rename_exclusively


def _links(folder: Path) -> bool:
    (folder / "link").symlink_to("x")
    return (folder / "link").is_symlink()


def _hard_links(folder: Path) -> bool:
    (folder / "file").touch()
    (folder / "other").hardlink_to(folder / "file")
    return (folder / "other").samefile(folder / "file")


def _exclusive_renames(folder: Path) -> bool:
    (folder / "from").touch()
    opened = Folder.root(folder)
    try:
        return rename_exclusively("from", "to", dir_fd=opened.fd)
    finally:
        opened.close()


def _modes(folder: Path) -> bool:
    (folder / "file").touch()
    (folder / "file").chmod(0o640)
    return stat.S_IMODE((folder / "file").stat().st_mode) == 0o640


def _pipes(folder: Path) -> bool:
    os.mkfifo(folder / "pipe")
    return (folder / "pipe").is_fifo()


def _named(name: str) -> Callable[[Path], bool]:
    def probe(folder: Path) -> bool:
        (folder / name).touch()
        return os.listdir(folder) == [name]  # noqa: PTH208 - pathlib would give it back as it got it

    return probe


NEEDS: Mapping[str, Callable[[Path], bool]] = {
    "links": _links,
    "hard links": _hard_links,
    "exclusive renames": lambda folder: _either(folder, _exclusive_renames, _hard_links),
    "modes": _modes,
    "pipes": _pipes,
    "odd names": _named("a*b\\\t\n"),
    "final spaces": _named("a "),
    "names of bytes": _named("\udcff"),
}
"""By the names of what tests need: does it work in an empty folder? `exclusive renames` never replace anything, by the
system or by a second name; `modes` stand for owners, too."""


def lacking_here(missing: Collection[str]) -> str:
    """The reason for which a test is skipped that needs all of these."""
    return f"no {', no '.join(sorted(missing))}"


def works(need: str, place: Path) -> bool:
    """Is it there, below a folder?"""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        try:
            return NEEDS[need](Path(folder))
        except OSError:
            return False


def _either(folder: Path, *probes: Callable[[Path], bool]) -> bool:
    for number, probe in enumerate(probes):
        inner = folder / str(number)
        inner.mkdir()
        try:
            if probe(inner):
                return True
        except OSError:
            continue
    return False
