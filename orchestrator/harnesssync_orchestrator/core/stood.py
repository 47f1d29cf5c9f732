"""What stood at a path before something else was put there: all that is needed to put it back."""

from __future__ import annotations

from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import link_hash


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing stood there."""

    @property
    def digest(self) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodFile:
    """A regular file. `digest` is the short hash of its bytes, `mode` its permission bits, `mtime_ns` when it was
    modified (since 1970). `marker` is the source that a marker beside it names: then it was a copy of ours. `marked`
    is the digest that the marker names, where that is another one: then the copy was edited."""

    digest: str
    mode: int
    mtime_ns: int
    marker: str = ""
    marked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodLink:
    """A symbolic link that says `text`. `directory` matters on Windows alone."""

    text: str
    directory: bool = False

    @property
    def digest(self) -> str:
        return link_hash(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoodTree:
    """A folder. `digest` is its tree hash; `marker` and `marked` are as of a file."""

    digest: str
    marker: str = ""
    marked: str = ""


def copy_of(stood: StoodFile | StoodTree) -> str:
    """The source that a marker says it is a copy of, and rightly; "" if there is none."""
    return "" if stood.marked else stood.marker


Stood = Nothing | StoodFile | StoodLink | StoodTree
"""`digest` of each is what the ledger and `Operation.expected` know it by; None for nothing."""
