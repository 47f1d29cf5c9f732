"""What a discovery gives: the source, still without the digests of its skills, which only hashing can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import HASH_DIGITS
from harnesssync_orchestrator.core.items import Item, Skill
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.files.reading import Signature
from harnesssync_orchestrator.files.tree import TreeListing, tree_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """`source` has every item, but `digest` is empty in it and in its skills. `trees` maps each skill's folder
    (`Skill.source`) to what is in it. `reaches` says what leads out of the project, by the mark that allows it."""

    source: Source
    trees: Mapping[str, TreeListing] = field(default_factory=dict)
    reaches: Mapping[str, str] = field(default_factory=dict)

    @property
    def contents(self) -> dict[str, Signature]:
        """Every file that must be hashed for `complete`, and its signature."""
        return {path: signature for tree in self.trees.values() for path, signature in tree.contents.items()}

    def complete(self, digests: Mapping[str, str]) -> Source:
        """The source with all digests. `digests` gives the content hash of each file that `trees` list."""
        items = tuple(
            replace(item, digest=tree_digest(self.trees[item.source], digests)) if isinstance(item, Skill) else item
            for item in self.source.items
        )
        return replace(self.source, items=items, digest=digest_items(items))


def digest_items(items: tuple[Item, ...]) -> str:
    """A hash over everything that the items say, in their order: every field of theirs is a plain value."""
    total = hashlib.sha256()
    for item in items:
        total.update(repr(item).encode("utf-8", "surrogatepass"))
        total.update(b"\0")
    return total.hexdigest()[:HASH_DIGITS]
