"""The decisions about outputs that are whole: links and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from shlex import quote

from harnesssync_orchestrator.core.desired import Address, FileOutput, LinkOutput, Output, Wanted, link_hash, short_hash
from harnesssync_orchestrator.core.drift import Choice, Drift, Resolution, classify
from harnesssync_orchestrator.core.items import ItemId, Scope, Source
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import (
    Missing,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    Obstructed,
    PathState,
    Unusable,
)
from harnesssync_orchestrator.core.plan import Conflict, ConflictKind, Kept, MakeLink, Operation, Remove, WriteFile


@dataclass
class Decision:
    """What has been decided so far, for a plan in the making. `resolution` is what to do about drift."""

    resolution: Resolution = field(default_factory=Resolution)
    scope: Scope = Scope.PROJECT
    operations: list[Operation] = field(default_factory=list)
    adopt: dict[Address, Entry] = field(default_factory=dict)
    forget: list[Address] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    unchanged: int = 0
    tracked: frozenset[str] = frozenset()

    def keep(
        self, address: Address, entry: Entry | None, now: Entry, ledger: Ledger, *, wanted: str | None = None
    ) -> None:
        """The output is as wanted: count it, and let the ledger say so. `wanted` is the digest that we would have given
        it, if that is another one than `now.digest` (of a link that leads to the right place in other words).

        What we find as wanted without having recorded it is a person's, unless an unfinished sync of ours was about to
        write just this. Where we made an output before, it stays ours when it comes to say what we would write by
        another hand: git switched to a branch where it was in step, or a person took an edit of it into the source.
        And when the ledger was lost, what nobody has given to git is taken for ours: else it would stay for ever.
        """
        if entry is not None and not entry.kept and _same(entry, now):
            self.unchanged += 1
            return
        ours = (
            ledger.pending.get(address) == now.digest
            or (entry is not None and entry.kept)  # which a person takes back just now
            or (entry is not None and entry.created and now.digest in (entry.digest, wanted or now.digest))
            or (ledger.lost and address.path not in self.tracked)
        )
        self.adopt[address] = replace(now, created=ours)

    def conflict(
        self,
        kind: ConflictKind,
        address: Address,
        wish: Wanted[Output],
        message: str,
        hint: str,
        *,
        state: Drift,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        """Leave an output alone, and say so."""
        self.conflicts.append(
            Conflict(
                kind=kind,
                address=address,
                owners=wish.owners,
                message=f"{address}: {message}",
                hint=f"{hint}, or {self.command(address)}" if choices else hint,
                items=wish.output.items,
                state=state,
                choices=choices,
            )
        )

    def command(self, address: Address) -> str:
        """What to type to be asked about an output."""
        return f"harnesssync resolve {'--user ' if self.scope is Scope.USER else ''}{quote(str(address))}"

    def leave_kept(self, address: Address, wish: Wanted[Output], entry: Entry) -> None:
        """A person decided before that it is theirs."""
        self.kept.append(Kept(address=address, owners=wish.owners, items=wish.output.items))
        if frozenset(entry.owners) != frozenset(wish.owners):
            self.adopt[address] = replace(entry, owners=wish.owners)

    def let_keep(self, address: Address, wish: Wanted[Output], now: Entry) -> None:
        """A person decides now that it is theirs: `now` is what is there."""
        self.kept.append(Kept(address=address, owners=wish.owners, items=wish.output.items))
        self.adopt[address] = replace(now, owners=wish.owners, created=False, kept=True)


def _same(entry: Entry, now: Entry) -> bool:
    """Does the ledger say what is true? The order of owners is that of the targets, which may change."""
    known, true = ((each.digest, each.source_digest, frozenset(each.owners)) for each in (entry, now))
    return known == true


def link_text(path: str, source: str, root: str, scope: Scope) -> str:
    """What a link at `path` says: relative for a source inside a project, so that the tree can move."""
    inside = source.startswith(root.rstrip("/") + "/")
    if scope is Scope.USER or not inside:
        return source
    target = PurePosixPath(source[len(root.rstrip("/")) + 1 :])
    return "/".join(way(PurePosixPath(path).parent.parts, target.parts))


def way(folder: Sequence[str], target: Sequence[str]) -> list[str]:
    """The parts of the path that leads from a folder to a target, both given by their parts below one root."""
    shared = 0
    while shared < min(len(folder), len(target)) and folder[shared] == target[shared]:
        shared += 1
    return [*[".."] * (len(folder) - shared), *target[shared:]]


def link_decision(
    decision: Decision,
    wish: Wanted[Output],
    output: LinkOutput,
    state: PathState,
    entry: Entry | None,
    ledger: Ledger,
    source: Source,
) -> None:
    """Decide about a link. One that leads to the right place stays, however it says so."""
    address, text = output.address, link_text(output.path, output.source, source.root, source.scope)
    method = entry.method if entry is not None else Method.SYMLINK
    if isinstance(state, Obstructed) and state.resolved == output.source:
        decision.unchanged += 1  # a folder above is itself linked to where the source is: already there
    elif isinstance(state, ObservedLink) and (state.text == text or state.resolved == output.source):
        now = Entry(
            method=method,
            digest=link_hash(state.text),
            timestamp="",
            owners=wish.owners,
            source=output.source,
        )
        decision.keep(address, entry, now, ledger, wanted=link_hash(text))
    elif entry is not None and _is_current_copy(state, entry, output):
        now = replace(entry, digest=digest_of(state) or "", owners=wish.owners, source_digest=output.digest)
        decision.keep(address, entry, now, ledger)
    elif drift := _replaceable(decision, wish, state, entry, wanted=_link_digest(output, text, entry), method=method):
        decision.operations.append(
            MakeLink(
                path=output.path,
                owners=wish.owners,
                items=output.items,
                expected=digest_of(state),
                state=drift,
                source=output.source,
                text=text,
                directory=output.directory,
                digest=output.digest,
                delicate=output.private,
            )
        )


def _link_digest(output: LinkOutput, text: str, entry: Entry | None) -> str:
    """The digest that an output in step would have: that of the link as we made it, in whatever words, or of a copy."""
    if entry is not None and entry.method is Method.COPY:
        return entry.digest if entry.source_digest == output.digest else link_hash(text)
    return entry.digest if entry is not None and entry.source == output.source else link_hash(text)


def _is_current_copy(state: PathState, entry: Entry, output: LinkOutput) -> bool:
    """Is it the copy that we made of what the source says now, or has it come to say the same by another hand?"""
    there = digest_of(state)
    ours = there == entry.digest and entry.source_digest == output.digest
    return entry.method is Method.COPY and (ours or there == output.digest)


def file_decision(
    decision: Decision, wish: Wanted[Output], output: FileOutput, state: PathState, entry: Entry | None, ledger: Ledger
) -> None:
    """Decide about a file of our own."""
    digest = short_hash(output.content)
    if isinstance(state, ObservedFile) and state.digest == digest:
        now = Entry(method=Method.WRITE, digest=digest, timestamp="", owners=wish.owners)
        decision.keep(output.address, entry, now, ledger)
    elif drift := _replaceable(decision, wish, state, entry, wanted=digest, method=Method.WRITE):
        decision.operations.append(
            WriteFile(
                path=output.path,
                owners=wish.owners,
                items=output.items,
                expected=digest_of(state),
                state=drift,
                content=output.content,
                executable=output.executable,
                delicate=output.private or bool(output.secrets),
                secret=bool(output.secrets),
            )
        )


def removal_decision(decision: Decision, address: Address, entry: Entry, state: PathState) -> None:
    """Decide about an output whose item is gone: it goes too, if it is still exactly what we wrote, or a person says
    so (`restore` what would be there without us: nothing)."""
    choice = decision.resolution.of(address, entry.owners, Drift.ORPHAN)
    if not entry.created or is_gone(state) or choice is Choice.KEEP:
        decision.forget.append(address)
    elif _is_ours(state, entry) or (choice is Choice.RESTORE and _can_go(state)):
        decision.operations.append(
            Remove(
                path=address.path,
                owners=entry.owners,
                expected=digest_of(state),
                state=Drift.ORPHAN,
                method=entry.method,
            )
        )
    elif isinstance(state, Obstructed):
        reason = f"{state.parent} above it is a link or no folder by now, and nothing is removed through it"
        decision.conflicts.append(orphan(decision, address, entry, ConflictKind.OBSTRUCTED, reason))
    else:
        choices = (Choice.RESTORE, Choice.KEEP) if _can_go(state) else (Choice.KEEP,)
        decision.conflicts.append(orphan(decision, address, entry, choices=choices))


def is_gone(state: PathState) -> bool:
    """Is there nothing, and nothing that could come back, where an output was?"""
    return isinstance(state, Missing) or (isinstance(state, Obstructed) and state.resolved is None)


def orphan(
    decision: Decision,
    address: Address,
    entry: Entry,
    kind: ConflictKind = ConflictKind.DRIFT,
    reason: str = "it was edited since we wrote it",
    choices: tuple[Choice, ...] = (),
) -> Conflict:
    """An output that nobody wants any more, its item or its target gone, and that can't just be removed."""
    hint = "Keep what you need of it elsewhere and delete it, or bring back the item and the target that it was for"
    return Conflict(
        kind=kind,
        address=address,
        owners=entry.owners,
        message=f"{address}: it is not wanted any more, but {reason}",
        hint=f"{hint}, or {decision.command(address)}" if choices else hint,
        items=(ItemId("output", str(address)),),
        state=Drift.ORPHAN,
        choices=choices,
    )


def digest_of(state: PathState) -> str | None:
    """The digest by which the ledger would know what is there; None for nothing."""
    if isinstance(state, ObservedLink):
        return link_hash(state.text)
    if isinstance(state, (ObservedFile, ObservedTree)):
        return state.digest
    return None


def _is_ours(state: PathState, entry: Entry | None) -> bool:
    """We made it, and it is just as we left it."""
    if entry is None or not entry.created or digest_of(state) != entry.digest:
        return False
    if isinstance(state, ObservedTree):
        return entry.method is Method.COPY and state.marker
    if isinstance(state, ObservedLink):
        return entry.method in (Method.SYMLINK, Method.JUNCTION)
    return entry.method in (Method.WRITE, Method.COPY)


def _can_go(state: PathState) -> bool:
    """Can what is there be replaced or removed with nothing lost? A folder may hold more than its digest tells."""
    return isinstance(state, (ObservedFile, ObservedLink))


def _replaceable(
    decision: Decision, wish: Wanted[Output], state: PathState, entry: Entry | None, *, wanted: str, method: Method
) -> Drift | None:
    """The state of an output that is to be made here; None if what is there stays, which is then told.

    `wanted` is the digest that it would have, `method` how a person's own is recorded if it is to be kept.
    """
    address = wish.output.address
    there = _UNKNOWN if isinstance(state, (Obstructed, Unusable)) else digest_of(state)
    drift = classify(wanted=wanted, there=there, wrote=written(entry, there))
    if isinstance(state, Missing):
        return drift
    if _is_ours(state, entry):
        return Drift.SOURCE_CHANGED
    if drift in {Drift.IN_STEP, Drift.SOURCE_CHANGED}:
        drift = Drift.OUTPUT_EDITED  # a copy without its marker, say: it has the digest, but is not what we made
    choice = decision.resolution.of(address, wish.owners, drift)
    if choice is Choice.RESTORE and (_can_go(state) or _is_known_copy(state, entry)):
        return drift
    if choice is Choice.KEEP and not isinstance(state, (Obstructed, Unusable)):
        now = Entry(method=method, digest=digest_of(state) or "", timestamp="", owners=wish.owners)
        decision.let_keep(address, wish, now)
    else:
        _leave_alone(decision, wish, state, entry, drift)
    return None


def written(entry: Entry | None, there: str | None) -> str | None:
    """The digest that we last wrote. What a person owns counts only when it is gone: then it is missing, not new."""
    return entry.digest if entry is not None and (entry.created or there is None) else None


_UNKNOWN = "?"
"""In place of the digest of what can't be looked at: it is nobody's."""


def _is_known_copy(state: PathState, entry: Entry | None) -> bool:
    """Is it a folder that we copied, with the digest of what a person made of it?"""
    is_copy = entry is not None and entry.created and entry.method is Method.COPY
    return is_copy and isinstance(state, ObservedTree) and state.marker and bool(state.digest)


def _leave_alone(decision: Decision, wish: Wanted[Output], state: PathState, entry: Entry | None, drift: Drift) -> None:
    """Say why an output can't be made here, and what to do."""
    address = wish.output.address
    if isinstance(state, Obstructed):
        decision.conflict(
            ConflictKind.OBSTRUCTED,
            address,
            wish,
            f"{state.parent} above it is a link or no folder, and nothing is written through it",
            f"Replace {state.parent} by a folder, or leave this target out",
            state=drift,
        )
        return
    if isinstance(state, Unusable):
        hint = "Move it away, then sync again"
        decision.conflict(ConflictKind.UNUSABLE, address, wish, state.reason, hint, state=drift)
        return
    replaceable = _can_go(state) or _is_known_copy(state, entry)
    choices = (Choice.RESTORE, Choice.KEEP) if replaceable else (Choice.KEEP,)
    if entry is not None and entry.created:
        both = drift is Drift.BOTH
        decision.conflict(
            ConflictKind.DRIFT,
            address,
            wish,
            "it was edited since we wrote it" + (", and its source has changed too" if both else ""),
            "Take your edit into the source and delete the output, then sync again",
            state=drift,
            choices=choices if both else (*choices, Choice.ADOPT),
        )
    else:
        decision.conflict(
            ConflictKind.FOREIGN,
            address,
            wish,
            "something of yours is already there",
            "Move it into the source or delete it, then sync again",
            state=drift,
            choices=choices,
        )
