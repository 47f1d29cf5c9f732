"""The names of markers: the files beside copies that say what each is a copy of."""

from __future__ import annotations

_PREFIX = ".harnesssync-source-"
_SUFFIX = ".txt"


def marker_name(name: str) -> str:
    """The name of the marker beside a copy called `name`."""
    return f"{_PREFIX}{name}{_SUFFIX}"


def marker_path(path: str) -> str:
    """The same for a copy at a path with `/`."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + marker_name(name)


def marked_name(name: str) -> str | None:
    """The inverse: the name of the copy that a marker speaks of, None if this is no name of a marker."""
    marked = name[len(_PREFIX) : -len(_SUFFIX)]
    return marked if marked and name == marker_name(marked) else None
