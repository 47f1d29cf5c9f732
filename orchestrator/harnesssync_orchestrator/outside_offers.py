"""Whether any installed package may offer targets, without `importlib.metadata`, which takes longer to import than an
unchanged sync takes.

Only the files are searched in which a package names its entry points, by the core metadata specifications
(`*.dist-info/entry_points.txt`, and of older ones `*.egg-info`), for the name of the group.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

GROUP = "harnesssync.targets"
_FOLDERS = (".dist-info", ".egg-info")


def may_be_there(paths: Iterable[str]) -> bool:
    """Is there, on a search path for modules, a package that may offer a target? What can't be read may."""
    return any(_may_be_in(path or os.curdir) for path in paths)


def _may_be_in(path: str) -> bool:
    if path.lower().endswith(".egg"):
        return True
    try:
        names = os.listdir(path)  # noqa: PTH208 - before every command, and pathlib takes longer to import
    except FileNotFoundError:
        return False
    except OSError:
        return True  # such as an archive of packages
    return any(
        name.lower().endswith(".egg")
        or (name.lower().endswith(_FOLDERS) and _names_the_group(f"{path}/{name}/entry_points.txt"))
        for name in names
    )


def _names_the_group(file: str) -> bool:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 - as above
            return GROUP.encode() in opened.read()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
