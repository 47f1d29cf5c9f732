"""A plan in the making: what it is made from, what has been decided so far, and the words for what is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from shlex import quote

from harnesssync_orchestrator.core.desired import Address, Output, Wanted
from harnesssync_orchestrator.core.drift import Choice, Drift, Resolution
from harnesssync_orchestrator.core.items import ItemId, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger
from harnesssync_orchestrator.core.observed import Observed, PathState
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, Kept, Operation


@dataclass
class Draft:
    """`observed` covers every path that is decided about. `resolution` is what to do about drift. `asked` are targets
    that were named for this sync alone: what a person is told to type names them too.

    The rest is as in a `Plan`, which it becomes.
    """

    observed: Observed
    ledger: Ledger
    scope: Scope
    resolution: Resolution = field(default_factory=Resolution)
    asked: Sequence[str] = ()
    operations: list[Operation] = field(default_factory=list)
    adopt: dict[Address, Entry] = field(default_factory=dict)
    forget: list[Address] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    unchanged: int = 0
    waiting: list[Operation] = field(default_factory=list)

    def state(self, address: Address) -> PathState:
        """What is on disk at the path of an output."""
        return self.observed.paths[address.path]

    def entry(self, address: Address) -> Entry | None:
        """What the ledger knows of an output."""
        return self.ledger.entries.get(address)

    def give_up(self, address: Address) -> None:
        """What stands there has taken the place of what we filled a gap with, if we did: it is a person's."""
        if self.entry(address) is not None:
            self.forget.append(address)

    def is_tracked(self, address: Address) -> bool:
        """Does git have something in the place of an output that is whole? Files that are merged may well be its."""
        return not address.pointer and address.path in self.observed.tracked

    # --- what is in step, and what is a person's

    def in_step(self, address: Address, now: Entry, *, wanted: str | None = None, may_be_ours: bool = True) -> None:
        """The output is as wanted: count it, and let the ledger say `now`. `wanted` is the digest that we would have
        given it, if that is another one than `now.digest` (of a link that leads to the right place in other words).

        What we find as wanted without having recorded it is a person's, unless an unfinished sync of ours was about to
        write just this. Where we made an output before, it stays ours when it comes to say what we would write by
        another hand: git switched to a branch where it was in step, or a person took an edit of it into the source.
        And when the ledger was lost, what nobody has given to git is taken for ours: else it would stay for ever.
        """
        entry = self.entry(address)
        if entry is not None and not entry.kept and _same(entry, now):
            self.unchanged += 1
            return
        ours = (
            self.ledger.pending.get(address) == now.digest
            or (entry is not None and entry.kept)  # which a person takes back just now
            or (entry is not None and entry.created and now.digest in (entry.digest, wanted or now.digest))
            or (self.ledger.lost and address.path not in self.observed.tracked)
        )
        self.adopt[address] = replace(now, created=ours and may_be_ours)

    def leave_kept(self, address: Address, wish: Wanted[Output], entry: Entry) -> None:
        """A person decided before that it is theirs."""
        self.kept.append(Kept(address=address, owners=wish.owners, items=wish.output.items))
        if frozenset(entry.owners) != frozenset(wish.owners):
            self.adopt[address] = replace(entry, owners=wish.owners)

    def let_keep(self, address: Address, wish: Wanted[Output], now: Entry) -> None:
        """A person decides now that it is theirs: `now` is what is there."""
        self.kept.append(Kept(address=address, owners=wish.owners, items=wish.output.items))
        self.adopt[address] = replace(now, owners=wish.owners, created=False, kept=True)

    # --- what is left alone

    def leave(
        self,
        kind: ConflictKind,
        wish: Wanted[Output],
        message: str,
        hint: str,
        *,
        state: Drift,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        """Leave an output alone, and say so."""
        address = wish.output.address
        self._conflict(kind, address, wish.owners, wish.output.items, message, hint, state, choices)

    def leave_edited(self, wish: Wanted[Output], what: str, state: Drift, choices: tuple[Choice, ...]) -> None:
        """Leave what a person made of an output of ours. To take it into the source is a choice too, unless that has
        changed as well. `what` would have to be deleted. Of what git tracks nobody can say that a person edited it."""
        both, tracked = state is Drift.BOTH, self.is_tracked(wish.output.address)
        reason = "git tracks something else there" if tracked else "it was edited since we wrote it"
        take_in = "Take what it says" if tracked else "Take your edit"
        self.leave(
            ConflictKind.DRIFT,
            wish,
            reason + (", and its source has changed too" if both else ""),
            f"{take_in} into the source and delete {what}, then sync again",
            state=state,
            choices=choices if both else (*choices, Choice.ADOPT),
        )

    def leave_orphan(
        self,
        address: Address,
        entry: Entry,
        kind: ConflictKind = ConflictKind.DRIFT,
        reason: str = "it was edited since we wrote it",
        choices: tuple[Choice, ...] = (),
    ) -> None:
        """Leave an output that nobody wants any more, its item or its target gone, and that can't just be removed."""
        items = (ItemId("output", str(address)),)
        message = f"it is not wanted any more, but {reason}"
        hint = "Keep what you need of it elsewhere and delete it, or bring back the item and the target that it was for"
        self._conflict(kind, address, entry.owners, items, message, hint, Drift.ORPHAN, choices)

    def _conflict(
        self,
        kind: ConflictKind,
        address: Address,
        owners: tuple[str, ...],
        items: tuple[ItemId, ...],
        message: str,
        hint: str,
        state: Drift,
        choices: tuple[Choice, ...],
    ) -> None:
        flags = [*(["--user"] if self.scope is Scope.USER else []), *(f"--target {each}" for each in self.asked)]
        command = " ".join(["harnesssync resolve", *flags, quote(str(address))])
        self.conflicts.append(
            Conflict(
                kind=kind,
                address=address,
                owners=owners,
                message=f"{address}: {message}",
                hint=f"{hint}, or {command}" if choices else hint,
                items=items,
                state=state,
                choices=choices,
                tracked=self.is_tracked(address),
            )
        )


def _same(entry: Entry, now: Entry) -> bool:
    """Does the ledger say what is true? The order of owners is that of the targets, which may change."""
    known, true = ((each.digest, each.source_digest, frozenset(each.owners)) for each in (entry, now))
    return known == true


def written(entry: Entry | None, there: str | None) -> str | None:
    """The digest that we last wrote. What a person owns counts only when it is gone: then it is missing, not new."""
    return entry.digest if entry is not None and (entry.created or there is None) else None
