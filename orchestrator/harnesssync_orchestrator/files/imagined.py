"""Looking at files as they would be after a change that has not been made."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.files.reading import MAX_TEXT_BYTES, Looked


class Imagined(Looked):
    """Reads what is there, but for files that are said to have other contents, by real path."""

    __slots__ = ("contents",)

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        super().__init__()
        self.contents = contents

    def digests(self) -> dict[str, str]:
        """The content hashes of those files."""
        return {path: short_hash(content) for path, content in self.contents.items()}

    def read(self, path: str, limit: int = MAX_TEXT_BYTES, *, within: Collection[str] = ()) -> bytes:
        content = super().read(path, limit, within=within)  # whether it may be read at all does not change
        return self.contents.get(os.path.realpath(path), content) if self.contents else content
