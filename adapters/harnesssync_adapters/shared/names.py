"""Names of items as names of files, and what keeps an output out of git."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence

from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Agent, Command, Item, Scope, Skill
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.core.targets import View

_NOT_SLUG = re.compile(r"[^a-z0-9_-]+")


def is_private(view: View, *items: Item) -> bool:
    """Must an output made of these items stay out of what a team commits? In a home directory nothing is shared."""
    return view.scope is Scope.PROJECT and True in [item.origin.private for item in items]


def found_at(view: View, item: Item) -> str:
    """The absolute path by which whoever reads Claude Code's own files finds an item: a skill's folder, else a file.
    What a linked worktree only inherits is linked to where Claude Code looks for it."""
    if item.origin.absent is not None:
        return posixpath.join(view.root, item.origin.absent.path)
    return item.source if isinstance(item, (Agent, Command, Skill)) else item.origin.file


def unsafe(view: View, item: Item, names: Iterable[str]) -> Loss | None:
    """The loss of an item whose name can't be that of a file, None if all `names` can."""
    for name in names:
        if (reason := why_unsafe(name)) is not None:
            return loss(view, item, f"{item.id.kind} {name!r}", f"{name!r} can't be the name of a file: {reason}")
    return None


def loss(view: View, item: Item, what: str, why: str, *, security: bool = False) -> Loss:
    """A loss of this target."""
    return Loss(target=view.target, item=item.id, what=what, why=why, security=security)


def ignored(view: View, item: Item, metadata: Mapping[str, object], keys: Sequence[str], harness: str) -> list[Loss]:
    """A loss for each of these settings of an item that has a value which says something."""
    return [
        loss(view, item, f"{key}: {_brief(metadata[key])}", f"{harness} has no such setting")
        for key in keys
        if metadata.get(key) not in (None, False, "", [], {})
    ]


def _brief(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def slug(name: str) -> str:
    """A name of lower-case letters, digits, `-` and `_`; empty if nothing is left of it."""
    return _NOT_SLUG.sub("-", name.lower()).strip("-")


def has_skill(view: View, name: str) -> bool:
    """Is there a skill of that name? It then stands before a command of the same name, in Claude Code too."""
    return view.has_skill(name)
