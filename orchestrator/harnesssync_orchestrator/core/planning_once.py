"""The decisions about files that a worktree only begins with: written where nothing is, and then a person's."""

from __future__ import annotations

from dataclasses import replace

from harnesssync_orchestrator.core.desired import Address, Desired, FileOutput, Output, Wanted, short_hash
from harnesssync_orchestrator.core.draft import Draft
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Missing, Observed, digest_of
from harnesssync_orchestrator.core.plan import WriteFile


def without_taken(desired: Desired, observed: Observed, ledger: Ledger) -> Desired:
    """Without those in whose place something stands that we did not write. Nobody has to be told: it is theirs."""
    wanted = {
        address: wish
        for address, wish in desired.wanted.items()
        if not (isinstance(wish.output, FileOutput) and wish.output.once) or _is_open(wish.output, observed, ledger)
    }
    return desired if len(wanted) == len(desired.wanted) else replace(desired, wanted=wanted)


def _is_open(output: FileOutput, observed: Observed, ledger: Ledger) -> bool:
    if output.path in observed.tracked:
        return False
    state = observed.paths[output.path]
    pending = ledger.pending.get(output.address)
    return output.address in ledger.entries or isinstance(state, Missing) or pending == digest_of(state)


def lasts(address: Address, ledger: Ledger, observed: Observed) -> bool:
    """Does it stay ours to take back, though nobody wants it any more? Not if a branch has it by now."""
    return ledger.entries[address].once and address.path not in observed.tracked


def decide_once(draft: Draft, wish: Wanted[Output], output: FileOutput) -> None:
    """Write it, unless that was done before: then it stays as it is, also if it was deleted."""
    address, digest = output.address, short_hash(output.content)
    if draft.entry(address) is not None:
        draft.unchanged += 1
    elif isinstance(draft.state(address), Missing):
        operation = WriteFile(
            path=output.path,
            owners=wish.owners,
            items=output.items,
            content=output.content,
            executable=output.executable,
            once=True,
            yields=output.yields,
            delicate=output.private,
            secret=output.closed,
        )
        draft.operations.append(operation)
    else:
        draft.adopt[address] = Entry(
            method=Method.WRITE,
            digest=draft.ledger.pending.get(address, digest),
            timestamp="",
            owners=wish.owners,
            yields=output.yields,
            once=True,
        )
