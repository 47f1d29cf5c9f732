"""The decisions about outputs that are whole: links and files."""

from __future__ import annotations

from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, FileOutput, LinkOutput, Output, Wanted, link_hash, short_hash
from harnesssync_orchestrator.core.draft import Draft, written
from harnesssync_orchestrator.core.drift import UNKNOWN, Choice, Drift, classify
from harnesssync_orchestrator.core.ledger import Entry, Method
from harnesssync_orchestrator.core.links import link_text
from harnesssync_orchestrator.core.observed import (
    Missing,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    Obstructed,
    PathState,
    Unusable,
    digest_of,
    is_gone,
)
from harnesssync_orchestrator.core.plan import ConflictKind, MakeLink, Remove, WriteFile


def decide_link(draft: Draft, wish: Wanted[Output], output: LinkOutput, root: str) -> None:
    """Decide about a link below `root`. One that leads to the right place stays, however it says so."""
    address, text = output.address, link_text(output.path, output.source, root, draft.scope)
    if output.yields and draft.is_tracked(address):
        draft.give_up(address)
        return
    state, entry = draft.state(address), draft.entry(address)
    method = entry.method if entry is not None else Method.COPY if output.copied else Method.SYMLINK
    leads_there = isinstance(state, ObservedLink) and (state.text == text or state.resolved == output.source)
    if isinstance(state, Obstructed) and state.resolved == output.source:
        draft.unchanged += 1  # it is the source, or a folder above is linked to where that is: already there
    elif isinstance(state, ObservedLink) and leads_there and not output.copied:
        now = Entry(
            method=method,
            digest=link_hash(state.text),
            timestamp="",
            owners=wish.owners,
            source=output.source,
            yields=output.yields,
            unlisted=output.hidden_by is not None,
        )
        draft.in_step(address, now, wanted=link_hash(text))
    elif entry is not None and _is_current_copy(state, entry, output):
        now = replace(
            entry,
            digest=digest_of(state) or "",
            owners=wish.owners,
            source=output.source,
            source_digest=output.digest,
            yields=output.yields,
            unlisted=output.hidden_by is not None,
        )
        draft.in_step(address, now)
    elif isinstance(state, ObservedTree) and state.digest == output.digest and not output.yields:
        # What an import left, say, or what was put where our link stood: it is a person's, and says the same. Copies of
        # ours have a marker beside them.
        now = Entry(
            method=Method.COPY,
            digest=state.digest,
            timestamp="",
            owners=wish.owners,
            source=output.source,
            source_digest=output.digest,
            unlisted=output.hidden_by is not None,
        )
        draft.in_step(address, now, may_be_ours=state.marker)
    elif drift := _replaceable(draft, wish, wanted=_link_digest(output, text, entry), method=method):
        draft.operations.append(
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
                copied=output.copied,
                yields=output.yields,
                unlisted=output.hidden_by is not None,
                delicate=output.private,
            )
        )


def _link_digest(output: LinkOutput, text: str, entry: Entry | None) -> str:
    """The digest that an output in step would have: that of the link as we made it, in whatever words, or of a copy."""
    if output.copied and entry is None:
        return output.digest
    if entry is not None and entry.method is Method.COPY:
        return entry.digest if entry.source_digest == output.digest else link_hash(text)
    return entry.digest if entry is not None and entry.source == output.source else link_hash(text)


def _is_current_copy(state: PathState, entry: Entry, output: LinkOutput) -> bool:
    """Is it the copy that we made of what the source says now, or has it come to say the same by another hand?"""
    there = digest_of(state)
    ours = there == entry.digest and entry.source_digest == output.digest
    return entry.method is Method.COPY and (ours or there == output.digest)


def decide_file(draft: Draft, wish: Wanted[Output], output: FileOutput) -> None:
    """Decide about a file of our own."""
    if output.yields and draft.is_tracked(output.address):
        draft.give_up(output.address)
        return
    digest, state = short_hash(output.content), draft.state(output.address)
    if isinstance(state, ObservedFile) and state.digest == digest:
        now = Entry(
            method=Method.WRITE,
            digest=digest,
            timestamp="",
            owners=wish.owners,
            yields=output.yields,
            unlisted=output.hidden_by is not None,
        )
        draft.in_step(output.address, now)
    elif drift := _replaceable(draft, wish, wanted=digest, method=Method.WRITE):
        draft.operations.append(
            WriteFile(
                path=output.path,
                owners=wish.owners,
                items=output.items,
                expected=digest_of(state),
                state=drift,
                content=output.content,
                executable=output.executable,
                yields=output.yields,
                unlisted=output.hidden_by is not None,
                delicate=output.private or bool(output.secrets),
                secret=bool(output.secrets),
            )
        )


def decide_removal(draft: Draft, address: Address, entry: Entry) -> None:
    """Decide about an output whose item is gone: it goes too, if it is still exactly what we wrote, or a person says
    so (`restore` what would be there without us: nothing)."""
    state, choice = draft.state(address), draft.resolution.of(address, entry.owners, Drift.ORPHAN)
    is_a_branchs = (entry.once or entry.yields) and address.path in draft.observed.tracked
    if not entry.created or is_gone(state) or choice is Choice.KEEP or _gave_way(state, entry) or is_a_branchs:
        draft.forget.append(address)
    elif _is_ours(state, entry) or (choice is Choice.RESTORE and _can_go(state)):
        draft.operations.append(
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
        draft.leave_orphan(address, entry, ConflictKind.OBSTRUCTED, reason)
    else:
        choices = (Choice.RESTORE, Choice.KEEP) if _can_go(state) else (Choice.KEEP,)
        draft.leave_orphan(address, entry, choices=choices)


def _gave_way(state: PathState, entry: Entry) -> bool:
    """Does something of a person's stand where we only filled a gap? What can't be looked at may still be ours."""
    return entry.yields and not isinstance(state, (Obstructed, Unusable)) and not _is_ours(state, entry)


def _replaceable(draft: Draft, wish: Wanted[Output], *, wanted: str, method: Method) -> Drift | None:
    """The state of an output that is to be made; None if what is there stays, which is then told.

    `wanted` is the digest that it would have, `method` how a person's own is recorded if it is to be kept.
    """
    address = wish.output.address
    state, entry = draft.state(address), draft.entry(address)
    there = UNKNOWN if isinstance(state, (Obstructed, Unusable)) else digest_of(state)
    drift = classify(wanted=wanted, there=there, wrote=written(entry, there))
    if isinstance(state, Missing):
        return drift
    if _is_ours(state, entry):
        return Drift.SOURCE_CHANGED
    if wish.output.yields and not isinstance(state, (Obstructed, Unusable)):
        draft.give_up(address)
        return None
    if drift in {Drift.IN_STEP, Drift.SOURCE_CHANGED}:
        drift = Drift.OUTPUT_EDITED  # a copy without its marker, say: it has the digest, but is not what we made
    choice = draft.resolution.of(address, wish.owners, drift, tracked=draft.is_tracked(address))
    if choice is Choice.RESTORE and (_can_go(state) or _is_known_copy(state, entry)):
        return drift
    if choice is Choice.KEEP and not isinstance(state, (Obstructed, Unusable)):
        draft.let_keep(address, wish, Entry(method=method, digest=there or "", timestamp="", owners=wish.owners))
    else:
        _leave(draft, wish, state, entry, drift)
    return None


def _leave(draft: Draft, wish: Wanted[Output], state: PathState, entry: Entry | None, drift: Drift) -> None:
    """Say why an output can't be made here, and what to do."""
    choices = (Choice.RESTORE, Choice.KEEP) if _can_go(state) or _is_known_copy(state, entry) else (Choice.KEEP,)
    if isinstance(state, Obstructed):
        message = f"{state.parent} above it is a link or no folder, and nothing is written through it"
        hint = f"Replace {state.parent} by a folder, or leave this target out"
        draft.leave(ConflictKind.OBSTRUCTED, wish, message, hint, state=drift)
    elif isinstance(state, Unusable):
        remedy = "Give yourself the right to read it" if state.closed else "Move it away"
        draft.leave(ConflictKind.UNUSABLE, wish, state.reason, f"{remedy}, then sync again", state=drift)
    elif entry is not None and entry.created:
        draft.leave_edited(wish, "the output", drift, choices)
    elif entry is not None and entry.method is Method.COPY:
        message, hint = "a folder of yours said the same until its source changed", "Delete it, then sync again"
        draft.leave(ConflictKind.FOREIGN, wish, message, hint, state=drift, choices=choices)
    else:
        message, hint = "something of yours is already there", "Move it into the source or delete it, then sync again"
        draft.leave(ConflictKind.FOREIGN, wish, message, hint, state=drift, choices=choices)


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


def _is_known_copy(state: PathState, entry: Entry | None) -> bool:
    """Is it a folder that we copied, with the digest of what a person made of it?"""
    is_copy = entry is not None and entry.created and entry.method is Method.COPY
    return is_copy and isinstance(state, ObservedTree) and state.marker and bool(state.digest)
