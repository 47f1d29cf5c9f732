"""How a harness declares what it can take: a `Target`, with one `Support` for every kind of item in each scope.

An adapter is such a declaration plus pure renderers in the same file. Every kind must appear, so that a gap
is data and shows in `harnesssync targets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from harnesssync_orchestrator.core.desired import Address, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Item, Kind, LocalFile, Rule, Scope
from harnesssync_orchestrator.core.source import Source

if TYPE_CHECKING:
    from harnesssync_orchestrator.core.importing import Importer


class View:
    """What a renderer may look at besides its items: the rest of the source, and for whom it renders.

    `looked` are the kinds that were looked at: what was rendered holds until an item of them changes. If it looked
    `around`, at the company in which it is rendered, it holds until that changes too.
    """

    __slots__ = ("_company", "_source", "around", "looked", "target")

    def __init__(self, *, target: str, source: Source, company: Sequence[Target] = ()) -> None:
        self.target = target
        self.looked: set[Kind] = set()
        self.around = False
        self._source = source
        self._company = company

    @property
    def company(self) -> Sequence[Target]:
        """All targets of the project, this one among them."""
        self.around = True
        return self._company

    @property
    def scope(self) -> Scope:
        return self._source.scope

    @property
    def root(self) -> str:
        return self._source.root

    @property
    def files(self) -> tuple[LocalFile, ...]:
        """What a linked worktree is to begin with."""
        return self._source.files

    def of(self, kind: Kind) -> tuple[Item, ...]:
        """The items of another kind."""
        self.looked.add(kind)
        return self._source.of(kind)

    def has_skill(self, name: str) -> bool:
        """Is a skill called by that name?"""
        self.looked.add(Kind.SKILL)
        return name in self._source.skill_names


Renderer = Callable[[View, tuple[Any, ...]], Iterable[Output | Loss]]
"""All items of one kind in, outputs and losses out. Pure: same items, same bytes."""


@dataclass(frozen=True, slots=True)
class Native:
    """The harness reads Claude Code's own files: nothing is written. Losses may still be told by `render`."""

    why: str
    render: Renderer | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Linked: the harness reads the very files that Claude Code reads. `loss` sums up what it ignores."""

    render: Renderer
    loss: str = ""


@dataclass(frozen=True, slots=True)
class Render:
    """Rewritten into files of our own in the harness's format. `loss` sums up what can be lost."""

    render: Renderer
    loss: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Merged key by key into a file that people also edit. `loss` sums up what can be lost."""

    render: Renderer
    loss: str = ""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The harness has no such thing here; each item becomes a loss with this reason."""

    why: str
    security: bool = False


Support = Native | Link | Render | Merge | Unsupported


class Apart(Enum):
    """How a harness can be told a rule for certain files anywhere but in the file that several share."""

    NOT = "not"
    ALWAYS = "always"  # in a file of its own, which is always loaded
    CONDITIONAL = "conditional"  # in a file of its own, which is loaded once such a file is worked on


@dataclass(frozen=True, slots=True)
class SharedRules:
    """What a harness makes of the file in which several find the rules of a project, `AGENTS.md`.

    It reads that of the root, and those `below` it unless it is said not to. `apart` says of a rule for certain files
    where else it can be told: where all who share the file can do without it, and one can say for which files it holds,
    it stands in none that is shared.
    """

    below: bool = True
    apart: Callable[[Rule], Apart] = lambda _rule: Apart.NOT


@dataclass(frozen=True, slots=True)
class Besides:
    """Where a harness looks besides `place`, in which it has an item: whatever is there too is there twice for it.

    `{}` stands for the same path in all of them, relative to the scope's root. `place` is that of an output, or where
    what an output is made of stands in Claude Code's layout; a `native` one the harness reads itself. Where it may well
    be something else of the same name, it counts only if it is `alike`. Without a `scope` it holds in both.
    """

    place: str
    others: tuple[str, ...]
    native: bool = False
    alike: bool = False
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A harness that we write for.

    `programs` are its executables, `project_signs`/`user_signs` the paths (below a worktree, below home) and
    `extensions` the identifiers of what it is in an editor like VS Code, that show it is in use. `home` is its folder
    below the home directory, and `home_variable` the environment variable that moves it. `consent` says what a person
    must still agree to in the harness itself, and how. `importer` gives what says how a configuration that was kept
    for it becomes Claude Code's, None if it can't be brought over: a function, since nothing else has to import that.
    One that has outputs `only_linked` fills the gaps of linked worktrees: it is in use in each of them, and nowhere
    else. Such a one `carries` local files there. What it reads `besides` the places of its outputs is told where
    something of a person's stands there. `shared` is None for one that needs no `AGENTS.md`.
    """

    id: str
    name: str
    programs: tuple[str, ...]
    project_signs: tuple[str, ...]
    user_signs: tuple[str, ...]
    home: str
    project: Mapping[Kind, Support]
    user: Mapping[Kind, Support]
    home_variable: str | None = None
    consent: tuple[str, ...] = ()
    importer: Callable[[], Importer] | None = None
    only_linked: bool = False
    carries: Callable[[View], Iterable[Output]] | None = None
    besides: tuple[Besides, ...] = ()
    extensions: tuple[str, ...] = ()
    shared: SharedRules | None = SharedRules()

    def __post_init__(self) -> None:
        for scope, supports in (("project", self.project), ("user", self.user)):
            missing = sorted(kind.value for kind in set(Kind) - set(supports))
            if missing:
                raise ValueError(f"target {self.id}: the {scope} scope declares nothing for {', '.join(missing)}")

    def support(self, scope: Scope, kind: Kind) -> Support:
        return (self.project if scope is Scope.PROJECT else self.user)[kind]


@dataclass(frozen=True, slots=True)
class SetKey:
    """Give the key at `pointer` a value; missing containers above it are made."""

    pointer: tuple[str, ...]
    value: JsonValue


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """Take the key at `pointer` away, with the text that belongs to it alone."""

    pointer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddElement:
    """Append a value to the array at `pointer`, or put it `first`, which JSON alone knows; a missing array is made."""

    pointer: tuple[str, ...]
    value: JsonValue
    first: bool = False


@dataclass(frozen=True, slots=True)
class RemoveElement:
    """Take away the first element of the array at `pointer` whose `value_hash` is `element`."""

    pointer: tuple[str, ...]
    element: str


Edit = SetKey | RemoveKey | AddElement | RemoveElement


class DocumentError(ValueError):
    """A document can't be parsed, or an edit doesn't fit it. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class DocumentFormat(Protocol):
    """A format of files that people also edit, read as plain values and edited without losing a byte.

    Implementations are pure and hold no state.
    """

    @property
    def empty(self) -> bytes:
        """The content of a new document with nothing in it."""
        ...

    def parse(self, content: bytes) -> JsonValue:
        """The whole document as plain values (a mapping at the top). Raises `DocumentError`."""
        ...

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        """The document after the edits, in order. Everything that no edit names stays byte for byte: comments,
        order, indentation, line endings, byte order mark. Removing what an edit added gives the earlier bytes
        back. Containers are made as needed, but never removed: a `RemoveKey` for them does that.
        Raises `DocumentError`, also when a parent of a pointer is not a container."""
        ...


__all__ = [
    "AddElement",
    "Address",
    "Apart",
    "Besides",
    "DocumentError",
    "DocumentFormat",
    "Edit",
    "Link",
    "Merge",
    "Native",
    "RemoveElement",
    "RemoveKey",
    "Render",
    "Renderer",
    "SetKey",
    "SharedRules",
    "Support",
    "Target",
    "Unsupported",
    "View",
]
