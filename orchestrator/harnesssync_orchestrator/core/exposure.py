"""What a team could get, and what git could destroy: when something may be private, and when it may be hidden from git.

git treats what it ignores as expendable, and replaces it without a word when it switches to a branch that has such a
file. So only what is ours, and can be made again, is ever hidden; and only what is hidden may hold anything private, or
a credential.
"""

from __future__ import annotations

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    ElementOutput,
    KeyOutput,
    Output,
    value_hash,
)
from harnesssync_orchestrator.core.documents import Gap, residue, value_of
from harnesssync_orchestrator.core.ledger import CONTAINER, Ledger
from harnesssync_orchestrator.core.observed import Document, Missing, Observed


class WhollyOurs:
    """Which merged files hold nothing but what we put there. A comment is not seen here. A private key is ours also
    when somebody has edited it: to show it to git for that would give away the rest of it."""

    def __init__(self, desired: Desired, observed: Observed, ledger: Ledger) -> None:
        self._observed = observed
        self._made = ledger.made.union(address for address, digest in ledger.pending.items() if digest == CONTAINER)
        # A sync that was killed before it came to a value leaves there what the ledger says, else what it was to write.
        wishes = desired.wanted.items()
        self._private = {at for at, wish in wishes if at.pointer and (wish.output.private or wish.output.secrets)}
        entries = ledger.entries.items()
        ours = [(at, entry.digest) for at, entry in entries if entry.created or (entry.kept and at in self._private)]
        ours += [(address, digest) for address, digest in ledger.pending.items() if digest != CONTAINER]
        if ledger.lost:  # what is as we would write it is taken over
            outputs = (wish.output for wish in desired.wanted.values())
            merged = [one for one in outputs if isinstance(one, (KeyOutput, ElementOutput))]
            ours += [(output.address, value_hash(output.value)) for output in merged]
            self._made |= {container for output in merged for container in containers_of(output.address)}
        self._ours = tuple(dict.fromkeys(ours))
        self._known: dict[str, bool] = {}

    def __contains__(self, path: str) -> bool:
        if path not in self._known:
            self._known[path] = self._is_ours(path)
        return self._known[path]

    def _is_ours(self, path: str) -> bool:
        if isinstance(self._observed.paths.get(path), Missing):
            return True
        document = self._observed.documents.get(path)
        if Address(path) not in self._made or not isinstance(document, Document):
            return False
        ours = [
            (address, _as_it_is(document, address) if address in self._private else digest)
            for address, digest in self._ours
            if address.path == path and address.pointer
        ]
        return not residue(document.values, ours, [address for address in self._made if address.path == path])


def _as_it_is(document: Document, address: Address) -> str:
    value = value_of(document.values, address)
    return "" if isinstance(value, Gap) else value_hash(value)


def containers_of(address: Address) -> tuple[Address, ...]:
    """The merged file, and the objects and arrays in it, around a key or an element."""
    depths = range(len(address.pointer) + (1 if address.element else 0))
    return tuple(Address(address.path, address.pointer[:depth]) for depth in depths)


def why_exposed(output: Output, observed: Observed, whole: WhollyOurs) -> str:
    """Why git could get a private output or a credential, and with it a team; empty for all others."""
    if not (output.private or output.secrets) or not (reason := why_seen(output, observed, whole)):
        return ""
    if not output.secrets:
        return f"it is private, and {reason}"
    place = output.secrets[0]
    return f"{place} is a credential, written out, and {reason}. Write ${{NAME}} there, and set that variable"


def why_seen(output: Output, observed: Observed, whole: WhollyOurs) -> str:
    """Why git could get an output, whatever is in it; empty if it is hidden, or will be."""
    path = output.path
    if path in observed.tracked:
        return f"{path} is tracked by git: a team would get it"
    if path in observed.unasked:
        return f"git could not be asked about {path}"
    if output.hidden_by:
        return ""
    if output.hidden_by is not None and path not in observed.ignored:
        return f"{path} is not hidden from git: name it in .gitignore, or in info/exclude yourself"
    if path in observed.shown:
        return f"{path} is not hidden from git"
    if path in observed.ignored:
        return ""
    if isinstance(output, (KeyOutput, ElementOutput)) and path not in whole:
        return f"{path} holds things of yours as well, which must not be hidden from git"
    return ""
