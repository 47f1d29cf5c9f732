"""How losses are told: each once, not too many of one item, and no credential in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from harnesssync_orchestrator.core.credentials import Credential
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import ItemId
from harnesssync_orchestrator.core.secrets import redact

MAX_LOSSES = 100
"""Losses of one item for one target that are told each; of the others, how many there are."""


def not_too_many(losses: Iterable[Loss]) -> Iterator[Loss]:
    """Each loss once, and of an item with very many only the first."""
    more: dict[tuple[str, ItemId], list[Loss]] = defaultdict(list)
    counts: Counter[tuple[str, ItemId]] = Counter()
    for loss in dict.fromkeys(losses):
        counts[loss.target, loss.item] += 1
        if counts[loss.target, loss.item] <= MAX_LOSSES:
            yield loss
        else:
            more[loss.target, loss.item].append(loss)
    for left in more.values():
        yield replace(left[0], what=f"{len(left)} more", security=any(loss.security for loss in left))


def redacted(losses: Iterable[Loss], written_out: Mapping[ItemId, tuple[Credential, ...]]) -> Iterator[Loss]:
    """A loss tells what of an item is lost, but no credential. Most say the same of other items, or for other targets,
    and are looked at once."""
    harmless: set[str] = set()
    for loss in losses:
        if loss.what in harmless and loss.why in harmless and loss.item not in written_out:
            yield loss
            continue
        known = [credential.value for credential in written_out.get(loss.item, ())]
        what, why = redact(loss.what, known), redact(loss.why, known)
        if (what, why) == (loss.what, loss.why):
            harmless |= {what, why}
            yield loss
        else:
            yield replace(loss, what=what, why=why)
