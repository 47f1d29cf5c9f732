"""Removing the folders that we made, once nothing is left in them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below


@dataclass(frozen=True, slots=True)
class Pruned:
    """Folders that are `gone`, and those that are empty and could not be removed, with the reason."""

    gone: tuple[Address, ...]
    failed: tuple[tuple[Address, ApplyError], ...]


def prune(root: Path, made: Iterable[Address]) -> Pruned:
    """Remove those of our folders (`Address("x/")`) that are empty now, the deepest first.

    A folder in which anything is left stays, and stays ours. Raises ApplyError if the root can't be opened.
    """
    gone: list[Address] = []
    failed: list[tuple[Address, ApplyError]] = []
    folders = [address for address in made if address.path.endswith("/") and not address.pointer]
    try:
        with Below(root) as below:
            for address in sorted(folders, key=lambda address: (-address.path.count("/"), address.path)):
                try:
                    if below.rmdir(address.path):
                        gone.append(address)
                except ApplyError as error:  # not readable, or no folder any more: then it is not ours to remove
                    if error.code != "obstructed" and _is_empty(root / address.path):
                        failed.append((address, error))
    except ApplyError as error:
        if not gone:
            raise
        failed.extend((address, error) for address in gone)  # whether they are gone for good is not known
    return Pruned(tuple(gone), tuple(failed))


def _is_empty(folder: Path) -> bool:
    with suppress(OSError):
        return not folder.is_symlink() and not any(folder.iterdir())
    return False
