"""Keeping outputs out of `git status` by a project's own `.gitignore`, for whoever asks for that: a block in it.

    # >>> harnesssync (added): outputs of ours; do not edit this block
    .harnesssync-*.tmp
    /.agents/skills/pdf-tools
    # <<< harnesssync

It stands at the top, after a byte order mark, so that what a person's own patterns say of a path counts more. People
commit the file, hence nothing in it tells of a machine or a worktree, and nothing private is hidden by it alone: that
is in `info/exclude` (`files.exclude`). The word in brackets is `created` where the file is there for the block alone.

A block may have come with a clone, or by a switch of branches. It is ours to take away if a note of ours says so, in
the project's state: what stood in its place when we first wrote it, which comes back then. All else of the file stays
byte for byte.
"""

from __future__ import annotations

from pathlib import Path

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.exclude import clear_away_temporaries
from harnesssync_orchestrator.files.exclude_block import ATTEMPTS, unusable
from harnesssync_orchestrator.files.gitignore_block import NAME, Gitignore
from harnesssync_orchestrator.files.store import write_atomic


def update_gitignore(root: Path, lines: frozenset[bytes], *, note: Path) -> None:
    """Let the block of a project's `.gitignore` have just these lines; without any it goes, if it is ours.

    `note` is `Layout.gitignore_note`: it is there while the block is ours. Where the file says so already nothing is
    written. To be called under the project's lock. Raises StateError if the file can't be read or written, is a link,
    or was damaged.
    """
    is_ours = note.exists()
    if not lines and not is_ours:
        return
    clear_away_temporaries(root)
    for left in reversed(range(ATTEMPTS)):
        before = Gitignore.read(root)
        try:
            if lines and before.lines != lines:
                if before.block is None or not is_ours:
                    write_atomic(note, before.block[0] if before.block else b"")
                    is_ours = True
                _replace(root, before, before.saying(lines))
            elif not lines and before.block is not None:
                _replace(root, before, before.without(note.read_bytes()))
        except ApplyError as error:
            if error.code != "changed_underneath" or not left:
                raise unusable(root / NAME, f"it can't be written: {error.message}") from error
        except OSError as error:
            raise unusable(root / NAME, f"it can't be written: {error.strerror or error}") from error
        else:
            break
    if not lines:
        note.unlink(missing_ok=True)


def _replace(root: Path, before: Gitignore, after: bytes | None) -> None:
    """Write the file anew, or remove it. What somebody saves meanwhile stays: then this raises ApplyError."""
    expected = short_hash(before.content) if before.content is not None else None
    with Below(root) as below:
        if after is None and expected is not None:
            below.remove(NAME, expected)
        else:
            below.write(NAME, after or b"", mode=0o644, expected=expected)
