"""The difference between what should be, what is, and what we last wrote: operations, conflicts and losses."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import Address, Loss, link_hash, short_hash
from harnesssync_orchestrator.core.drift import Choice, Drift, worst
from harnesssync_orchestrator.core.halts import HaltReason, Waits
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.ledger import CONTAINER, Entry, Method
from harnesssync_orchestrator.core.stood import Stood
from harnesssync_orchestrator.core.targets import Edit
from harnesssync_orchestrator.core.trust import Why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """`owners` are the targets that want it; the first performs it. `expected` is the digest of what stands
    at the path now (a link's, a file's, a tree's), None if nothing does: anything else there at the moment of
    writing is somebody's edit, and the operation fails instead. `state` says why it is to be done. What is `delicate`
    (private, or with a credential in it) is only done when git is kept from seeing it; `secret` files are for their
    owner alone. What `yields` only fills a gap; what is `unlisted` stays out of `info/exclude`."""

    path: str
    owners: tuple[str, ...]
    items: tuple[ItemId, ...] = ()
    expected: str | None = None
    state: Drift = Drift.SOURCE_CHANGED
    delicate: bool = False
    secret: bool = False
    yields: bool = False
    unlisted: bool = False

    @property
    def states(self) -> Mapping[Address, Drift]:
        """The state of each output that it concerns."""
        return {Address(self.path): self.state}


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLink(_Operation):
    """Link `path` to `source` (absolute path), or copy it there if `copied`. `text` is what the link says: relative to
    its folder for a source inside the project, else absolute. `digest` is the source's content hash."""

    source: str
    text: str
    directory: bool
    digest: str
    copied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile(_Operation):
    """Write a whole file. A file that is replaced keeps its mode, save for the executable bit. `once` as in outputs."""

    content: bytes
    executable: bool
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDocument(_Operation):
    """Edit a merged file in one atomic write. When it succeeds, `record`, `forget`, `made` and `unmade` happen to
    the ledger (entries carry an empty timestamp until then). With `remove_when_empty` a file that we made
    goes when the edits leave nothing in it, not even a comment. `found` has the states of its keys and elements. `mode`
    are the permissions that the file gets back, 0 if it keeps those that it has (`core.modes`)."""

    format: str
    edits: tuple[Edit, ...]
    record: Mapping[Address, Entry]
    forget: tuple[Address, ...] = ()
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()
    remove_when_empty: bool = False
    found: Mapping[Address, Drift] = field(default_factory=dict)
    mode: int = 0

    @property
    def states(self) -> Mapping[Address, Drift]:
        return self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(_Operation):
    """Remove an output that is still exactly what we wrote, or that a person gives up: a link, a file, or a copy with
    its marker."""

    method: Method

    @property
    def address(self) -> Address:
        return Address(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSource(_Operation):
    """Take a person's edit of an output into the file of the source that it comes from, which keeps its mode; or what
    was kept for another harness into a new one.

    `path` is that of the source, below the root; `addresses` are the outputs whose edits it takes in. The file stays
    the person's: the ledger does not learn of it, but of folders that have to be made.
    """

    content: bytes
    addresses: tuple[Address, ...]
    executable: bool = False

    @property
    def states(self) -> Mapping[Address, Drift]:
        return dict.fromkeys(self.addresses, self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore(_Operation):
    """Put back what stood at `path` before the transaction whose record in the history is called `origin`.

    When it succeeds, `record`, `forget`, `made` and `unmade` happen to the ledger, as with an `EditDocument`; entries
    keep their time stamps. `folders` are the modes of folders above it, by path, for those that have to be made anew.
    """

    origin: str
    before: Stood
    record: Mapping[Address, Entry] = field(default_factory=dict)
    forget: tuple[Address, ...] = ()
    made: tuple[Address, ...] = ()
    unmade: tuple[Address, ...] = ()
    folders: Mapping[str, int] = field(default_factory=dict)


Operation = MakeLink | WriteFile | EditDocument | Remove | UpdateSource | Restore


def state_of(operation: Operation) -> Drift:
    """Why an operation is to be done: of several outputs, the reason that matters most."""
    return worst(tuple(operation.states.values()))


class ConflictKind(enum.Enum):
    """Why an output is left alone."""

    FOREIGN = "foreign"
    DRIFT = "drift"
    OBSTRUCTED = "obstructed"
    UNPARSABLE = "unparsable"
    UNUSABLE = "unusable"
    CLASH = "clash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A change that would overwrite what is not ours, or an edit of an output of ours: reported, left alone.

    `state` is None where no hashes were compared, in a clash. `choices` are those that a person has; none means that
    only what the hint says helps. What is `tracked` is a link or file that git has in the place of a whole output.
    """

    kind: ConflictKind
    address: Address
    owners: tuple[str, ...]
    message: str
    hint: str
    items: tuple[ItemId, ...] = ()
    state: Drift | None = None
    choices: tuple[Choice, ...] = ()
    tracked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An output that a person decided to keep as theirs: ours is not written there."""

    address: Address
    owners: tuple[str, ...]
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An output that a harness would execute or obey, held back for want of a person's approval. One that `stays` was
    written by an earlier sync, and is left as it is until a person has answered."""

    address: Address
    owners: tuple[str, ...]
    items: tuple[ItemId, ...]
    why: Why = Why.UNAPPROVED
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one sync of one project would do. All of it is known before the first write.

    `adopt` are entries to record without touching anything, `made` containers that an unfinished sync made for them,
    `forget` addresses that are gone anyway. `unchanged` counts outputs as they should be. What is `waiting` would be
    done, and what is `stuck` removed, if all of the source could be read; of these `unsure` wait for that also when a
    person confirms. `halt` says why it does less, `halt_message` so to people. `exclude` are the paths of ours that git
    does not track and should not show, `private` those that nobody may see, `theirs` what is not ours.
    """

    operations: tuple[Operation, ...] = ()
    adopt: Mapping[Address, Entry] = field(default_factory=dict)
    made: tuple[Address, ...] = ()
    forget: tuple[Address, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    losses: tuple[Loss, ...] = ()
    held: tuple[Held, ...] = ()
    kept: tuple[Kept, ...] = ()
    exclude: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    unchanged: int = 0
    stuck: tuple[Address, ...] = ()
    waiting: tuple[Operation, ...] = ()
    unsure: frozenset[Address] = frozenset()
    halt: HaltReason | None = None
    halt_message: str = ""

    @property
    def stops(self) -> bool:
        """Is nothing to be done at all?"""
        return self.halt is not None and self.halt.stops

    @property
    def is_empty(self) -> bool:
        """Would a sync change nothing, on disk or in the ledger?"""
        return not (self.operations or self.adopt or self.forget)

    @property
    def removes(self) -> bool:
        """Does something go, so that folders of ours may be left empty?"""
        return any(isinstance(operation, (Remove, EditDocument, Restore)) for operation in self.operations) or bool(
            self.forget
        )

    @property
    def drift(self) -> dict[Drift, int]:
        """How many outputs are in each state, as found before anything is done. Every state is there."""
        planned = (*self.operations, *self.waiting)
        found = Counter(state for operation in planned for state in operation.states.values())
        found.update(conflict.state for conflict in self.conflicts if conflict.state is not None)
        found[Drift.KEPT] += len(self.kept)
        found[Drift.IN_STEP] += self.unchanged + sum(not entry.kept for entry in self.adopt.values())
        return {state: found[state] for state in Drift}

    @property
    def intent(self) -> dict[Address, str]:
        """The digests that the operations are about to write, by address: what `Ledger.pending` keeps for a crash.

        Folders are not among them: which are missing is only known to whoever makes them.
        """
        digests: dict[Address, str] = {}
        for operation in self.operations:
            if isinstance(operation, MakeLink):
                digests[Address(operation.path)] = link_hash(operation.text)
            elif isinstance(operation, WriteFile):
                digests[Address(operation.path)] = short_hash(operation.content)
            elif isinstance(operation, EditDocument):
                digests.update((address, entry.digest) for address, entry in operation.record.items())
                digests.update((address, CONTAINER) for address in operation.made)
                if operation.expected is None:
                    digests[Address(operation.path)] = CONTAINER
            elif isinstance(operation, Restore):  # a person's own things do not become ours by coming back
                restored = operation.record.items()
                digests.update((address, entry.digest) for address, entry in restored if entry.created)
        return digests

    def for_target(self, target: str) -> tuple[Operation, ...]:
        """The operations that the linker of one target performs."""
        return tuple(operation for operation in self.operations if operation.owners[0] == target)

    def without_delicate(self) -> Plan:
        """The part of the plan that git may see."""
        return replace(self, operations=tuple(operation for operation in self.operations if not operation.delicate))

    @property
    def waits(self) -> Waits:
        """What waits until all of the source can be read, in numbers."""
        addresses = {*self.stuck, *(Address(operation.path) for operation in self.waiting)}
        confirmable = bool(addresses - self.unsure)
        return Waits(removals=len(self.stuck), changes=len(self.waiting), confirmable=confirmable)

    def halted_by_what_waits(self) -> Plan:
        """The plan as it stands, and halted if something waits."""
        if self.stops:
            return self
        halted = self.waits.halt
        reason, message = (halted.reason, halted.message) if halted is not None else (None, "")
        return self if reason is self.halt is None else replace(self, halt=reason, halt_message=message)
