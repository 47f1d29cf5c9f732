"""What a person has taken out of the registry, and what would find it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def was_found(row: object) -> bool:
    """Did nobody add it: is it a worktree of a repository that was?"""
    return isinstance(row, dict) and row.get("found") is True


def was_scanned(row: object) -> bool:
    """Did nobody add it: was it found in a folder that a person named?"""
    return isinstance(row, dict) and bool(row.get("root"))


def let_go_with(document: dict[str, Any], gone: object) -> None:
    """After a project was forgotten: it stays out, where another one of its repository, or a scan, would find it again.
    With the last one of a repository that was not found for another's sake go those that were."""
    if not isinstance(gone, dict) or not (common := gone.get("common_dir")):
        return
    if common == f"{gone['path']}/.git" or was_scanned(gone):
        document["left_out"] = sorted({*left_out(document), gone["path"]})
    if (added := let_go_followers(document, common)) is not None:
        known = [path for row in (gone, added) for path in row.get("left_out") or () if isinstance(path, str)]
        added["left_out"] = sorted({*known, gone["path"]})


def let_go_followers(document: dict[str, Any], common: object) -> dict[str, Any] | None:
    """Forget the worktrees that were found for the sake of a repository, if there is none left that was not; else one
    of these."""
    rows = {each: row for each, row in document["projects"].items() if isinstance(row, dict)}
    same = {each: row for each, row in rows.items() if row.get("common_dir") == common}
    added = [row for row in same.values() if not was_found(row)]
    if added:
        return added[0]
    for each in same:
        del document["projects"][each]
    return None


def keep_roots(document: dict[str, Any], roots: Collection[str]) -> None:
    """Forget what was found in other folders than these."""
    for each, row in list(document["projects"].items()):
        if was_scanned(row) and row["root"] not in roots:
            del document["projects"][each]
            let_go_followers(document, row.get("common_dir"))


def take_in_again(document: dict[str, Any], path: str) -> None:
    """A person has added it: it is left out no more."""
    for row in (document, *document["projects"].values()):
        if isinstance(row, dict) and isinstance(row.get("left_out"), list) and path in row["left_out"]:
            others = [each for each in row["left_out"] if each != path]
            if others:
                row["left_out"] = others
            else:  # as if nobody had ever taken anything out
                del row["left_out"]


def left_out(document: Mapping[str, Any]) -> frozenset[str]:
    """The repositories that a person took out: nothing, if what a file says is no list of paths."""
    paths = document.get("left_out")
    return frozenset(path for path in paths if isinstance(path, str)) if isinstance(paths, list) else frozenset()
