"""Finding what a repository holds that needs a person's approval, showing it, and approving just that.

Everything here blocks. What is shown, and what is kept of an approval so that a later change can be shown line by line,
has no credentials in it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.fingerprints import canonical, files_of, fingerprint, lines
from harnesssync_orchestrator.core.items import Item, Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.secrets import redact_value
from harnesssync_orchestrator.core.trust import Approval, Everything, Standing, Trust, Why
from harnesssync_orchestrator.errors import UsageError
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.git import bare_repository, repository, worktrees
from harnesssync_orchestrator.files.identity import identify, trust_of, writable_by_others
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.files.store import read_json, to_json, write_atomic
from harnesssync_orchestrator.files.whereabouts import moved_from, take_over_shown

UNSHOWN = "  (what changed is not shown, since it looks like a credential)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What needs approval in a project now: the items, the links and imports that lead out of it (`Discovery.reaches`),
    and what an approval of all of them says.

    A folder of another user is `foreign`: a person has to say of it by itself that it may be read.
    """

    items: tuple[Item, ...]
    reaches: Mapping[str, str]
    approval: Approval
    foreign: bool

    @property
    def shown(self) -> dict[str, tuple[str, ...]]:
        """What all of it is, line by line, by name."""
        items = {str(item.id): _shown(item) for item in self.items}
        return {**items, **{_link(reach): _led(reach) for reach in self.reaches.values()}}

    @property
    def names(self) -> list[str]:
        return list(self.shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One item that needs approval. `lines` is what it executes or allows, `why` the reason why it is held back, None
    if it is approved. `difference` are the lines of what was approved under its name and of what is there now, each
    after `-`, `+` or a space. `file` is below the project's root, or absolute."""

    item: str
    file: str
    lines: tuple[str, ...]
    why: Why | None
    difference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How a project stands with a person's approval. `gone` are items that were approved and are not there now."""

    project: Project
    registered: bool
    standing: Standing
    foreign: bool
    items: tuple[Examined, ...]
    gone: tuple[str, ...] = ()

    @property
    def approved(self) -> tuple[Examined, ...]:
        return tuple(item for item in self.items if item.why is None)

    @property
    def waiting(self) -> tuple[Examined, ...]:
        return tuple(item for item in self.items if item.why is not None)


def find(root: Path, places: Places) -> Found:
    """Read the source of a worktree, which is resolved. Raises OSError if it is not there."""
    identity = identify(root)
    # What lies beyond a link that leads out is read for this once: it may hold imports that lead on.
    discovery = discover(Scope.PROJECT, root, places, Looked(), allowed=Everything())
    items = tuple(Trust(root=str(root)).bound(discovery.source))
    marks = [*discovery.reaches, *(mark for item in items if (mark := fingerprint(item)))]
    return Found(
        items=items,
        reaches=discovery.reaches,
        approval=identity.approving(marks),
        foreign=identity.is_foreign,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """What is asked of approvals. Paths are resolved. All raise UsageError for a folder that is not there, and
    LockTimeoutError or StateError when the registry can't be used."""

    registry: Registry
    layout: Layout
    places: Places

    def add(self, root: Path, *, targets: Sequence[str] = ()) -> tuple[str, Found | None]:
        """Register a project, and approve everything that is there now; but nothing of another user's folder, which is
        not even read. Its id, and what was approved."""
        if bare_repository(root) is not None:
            return self._add_repository(root, targets)
        found = None if _is_foreign(root) else find(root, self.places)
        approval = found.approval if found else None
        before = moved_from(self.layout, str(root))
        identifier = self.registry.register(
            root, scope=Scope.PROJECT, targets=targets, approval=approval, before=before
        )
        if before:
            take_over_shown(self.layout, before, str(root))
        if found:
            self._remember(found)
        return identifier, found

    def _add_repository(self, root: Path, targets: Sequence[str]) -> tuple[str, Found | None]:
        """The same of a bare one: what its worktrees hold now, as far as they are not another user's."""
        identifier = self.registry.register(root, scope=Scope.PROJECT, targets=targets, trusted=True)
        if _is_foreign(root):
            return identifier, None
        items: list[Item] = []
        reaches: dict[str, str] = {}
        for each in worktrees(root):
            if not each.is_dir() or repository(each) != root or _is_foreign(each):
                continue
            found = find(each, self.places)
            self.registry.approve(each, found.approval)
            self._remember(found)
            items += found.items
            reaches |= found.reaches
        return identifier, Found(
            items=tuple(items), reaches=reaches, approval=identify(root).approving(()), foreign=False
        )

    def review(self, root: Path) -> Review:
        """What is approved, what is not, and what has changed since."""
        project = self.registry.project(root)
        return self._review(project, _found(project, self.places))

    def approve(self, root: Path) -> tuple[Review, tuple[str, ...]]:
        """Approve what is there now; then how the project stands, and the items that were not approved before."""
        project = self.registry.project(root)
        if project.scope is Scope.USER:
            return self.review(root), ()
        found = _found(project, self.places)
        before = self._review(project, found)
        self.registry.approve(root, found.approval)
        after = self._review(self.registry.project(root), found)
        self._remember(found)
        return after, tuple(item.item for item in before.waiting if item.why is not Why.WRITABLE)

    def revoke(self, root: Path) -> tuple[Review, bool]:
        """Take back every approval, from all worktrees of the repository; then how the project stands, and whether
        there was any."""
        folders = self.registry.folders(root)
        revoked = self.registry.revoke(root)
        for folder in folders:
            with suppress(FileNotFoundError):
                self.layout.approved_file(Path(folder)).unlink()
        if root.is_dir():
            return self.review(root), revoked
        project = self.registry.project(root)
        return Review(project=project, registered=True, standing=Standing.UNAPPROVED, foreign=False, items=()), revoked

    def _review(self, project: Project, found: Found) -> Review:
        trust = trust_of(project)
        files = {file for item in found.items for file in files_of(item)}
        trust = trust.despite(writable_by_others(files, project.path, Looked()))
        known = self._remembered(found.approval.folder)
        items = (
            *(_examined(item, trust, known) for item in found.items),
            *(_examined_link(mark, reach, trust) for mark, reach in found.reaches.items()),
        )
        return Review(
            project=project,
            registered=any(entry.path == project.path for entry in self.registry.load().projects.values()),
            standing=trust.standing,
            foreign=found.foreign,
            items=items,
            gone=tuple(sorted(known.keys() - {item.item for item in items})),
        )

    def _remember(self, found: Found) -> None:
        """Keep what was approved as it was shown, under the names of the items: once the registry says so, since it is
        the sign that there was one."""
        if not found.shown:
            return
        known = self._remembered(found.approval.folder)
        document = {"folder": found.approval.folder, "items": {**known, **found.shown}}
        write_atomic(self.layout.approved_file(Path(found.approval.folder)), to_json(document, indent=2))

    def _remembered(self, folder: str) -> Mapping[str, list[str]]:
        document, _ = read_json(self.layout.approved_file(Path(folder)), {})
        items = document.get("items") if isinstance(document, dict) else None
        rows = items.items() if isinstance(items, dict) else ()
        return {name: [str(line) for line in shown] for name, shown in rows if isinstance(shown, list)}


def _found(project: Project, places: Places) -> Found:
    root = Path(project.path)
    try:
        if project.scope is Scope.USER:
            return Found(items=(), reaches={}, approval=identify(root).approving(()), foreign=False)
        return find(root, places)
    except OSError as error:
        raise UsageError(error.strerror or str(error), path=project.path) from error


def _is_foreign(root: Path) -> bool:
    try:
        return identify(root).is_foreign
    except OSError as error:
        raise UsageError(error.strerror or str(error), path=str(root)) from error


def _examined(item: Item, trust: Trust, known: Mapping[str, list[str]]) -> Examined:
    shown, why = _shown(item), trust.why_held(item)
    difference: tuple[str, ...] = ()
    if why is not None and (before := known.get(str(item.id))) is not None:
        difference = tuple(difflib.ndiff(before, shown, charjunk=None))
        difference = tuple(line for line in difference if not line.startswith("?"))
        if why is Why.CHANGED and list(shown) == before:
            difference = (*difference, UNSHOWN)
    file = item.origin.file.removeprefix(f"{trust.root}/")
    return Examined(item=str(item.id), file=file, lines=shown, why=why, difference=difference)


def _examined_link(mark: str, reach: str, trust: Trust) -> Examined:
    where = reach.partition(" -> ")[0]
    return Examined(item=_link(reach), file=where, lines=_led(reach), why=trust.why_out_of_reach(mark))


def _link(reach: str) -> str:
    return f"link {reach.partition(' -> ')[0]}"


def _led(reach: str) -> tuple[str, ...]:
    return (f"leads out to: {reach.partition(' -> ')[2]}",)


def _shown(item: Item) -> tuple[str, ...]:
    """What an item executes or allows, with `***` for credentials."""
    form = canonical(item) or {}
    if form.get("kind") == "environment":
        return lines({**form, "value": redact_value(form["value"], str(form["name"]))})
    try:
        return lines({name: redact_value(value, name) for name, value in form.items()})
    except RecursionError:
        return ("(nested too deeply to be shown)",)


def review_to_json(review: Review) -> dict[str, Any]:
    """The stable, documented form (docs/json.md)."""
    return {
        "id": review.project.id,
        "path": review.project.path,
        "scope": review.project.scope.value,
        "registered": review.registered,
        "standing": review.standing.value,
        "foreign": review.foreign,
        "approved": [_row(item) for item in review.approved],
        "waiting": [_row(item) for item in review.waiting],
        "gone": list(review.gone),
    }


def _row(item: Examined) -> dict[str, Any]:
    return {
        "item": item.item,
        "file": item.file,
        "lines": list(item.lines),
        "why": item.why.value if item.why else None,
        "difference": list(item.difference),
    }
