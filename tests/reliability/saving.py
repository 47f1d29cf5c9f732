"""Trees as they were: brought back in place, and compared without what may differ between two runs alike."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.reliability.world import Pictured, differences, picture

OURS = "home/.harnesssync"
"""Where our own files are, below the world."""

_TIMES = frozenset({"timestamp", "last_sync", "last_active", "time", "transaction", "origin"})
_CHOICES = frozenset({"paused"})  # an undo pauses the project, and may be killed before it comes to that
_MEMORIES = re.compile(r".*\.msgpack")


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A tree as it was, to be brought back."""

    root: Path
    paths: Mapping[str, Pictured]
    times: Mapping[str, int]

    @classmethod
    def of(cls, root: Path) -> Saved:
        paths = picture(root)
        return cls(root=root, paths=paths, times={path: one.stamp[1] for path, one in paths.items()})

    def differences(self) -> list[str]:
        """How the tree differs by now."""
        return differences(self.paths, picture(self.root))

    def restore(self) -> None:
        """Bring the tree back; what is as it was is not touched, and keeps its inode."""
        now = picture(self.root)
        for path in sorted(now.keys() - self.paths.keys(), reverse=True):
            _remove(self.root / path)
        for path, wanted in sorted(self.paths.items()):
            there = now.get(path)
            if there != wanted:
                _make(self.root / path, wanted, there)
        for path, wanted in sorted(self.paths.items(), reverse=True):
            if wanted.kind != "link":
                full, time = self.root / path, self.times[path]
                if full.stat().st_mtime_ns != time:
                    os.utime(full, ns=(time, time))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _make(path: Path, wanted: Pictured, there: Pictured | None) -> None:
    if there is not None and there.kind != wanted.kind:
        _remove(path)
    if wanted.kind == "folder":
        path.mkdir(exist_ok=True)
        path.chmod(wanted.mode)
    elif wanted.kind == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(os.fsdecode(wanted.content))
    else:
        path.write_bytes(wanted.content)
        path.chmod(wanted.mode)


def changes(wanted: Mapping[str, Pictured], now: Mapping[str, Pictured]) -> Iterator[str]:
    """Where two pictures differ, one line each, as `change` tells it."""
    for path in sorted(wanted.keys() | now.keys()):
        if wanted.get(path) != now.get(path):
            yield f"{path}: {change(wanted.get(path), now.get(path))}"


def change(wanted: Pictured | None, now: Pictured | None) -> str:
    """In few words how something differs; of contents the lines that do."""
    if wanted is None or now is None:
        return "gone" if now is None else f"a {now.kind} that should not be there"
    if (wanted.kind, wanted.mode) != (now.kind, now.mode):
        return f"{now.kind} {now.mode:o} instead of {wanted.kind} {wanted.mode:o}"
    lines = [each.content.decode("utf-8", "replace").splitlines() for each in (wanted, now)]
    return " ".join(line for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:3] not in {"---", "+++"})


def normal(paths: Mapping[str, Pictured]) -> dict[str, Pictured]:
    """A picture without what may differ between two runs alike: times in our records, and memories that only save
    time."""
    found = {}
    for path, one in paths.items():
        if path.startswith(OURS + "/"):
            if _MEMORIES.fullmatch(path) or "/history" in path:
                continue
            if path.endswith(".json") and one.kind == "file":
                one = replace(one, content=_without_times(one.content))  # noqa: PLW2901 - the same, simplified
        found[path] = one
    return found


def _without_times(content: bytes) -> bytes:
    try:
        return json.dumps(_blanked(json.loads(content)), sort_keys=True, indent=1).encode()
    except ValueError:
        return content


def _blanked(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if key not in _CHOICES}
        return {key: "" if key in _TIMES and inner else _blanked(inner) for key, inner in kept.items()}
    return [_blanked(inner) for inner in value] if isinstance(value, list) else value
