"""One watcher of the system's, over a fixed set of folders."""

from __future__ import annotations

import threading
from typing import Protocol

# Documented for direct use: https://watchfiles.helpmanual.io/api/rust_backend/
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError


class Notifier(Protocol):
    """What is used of `RustNotify`: `watch` blocks until something changed and returns it, or a word why not."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: threading.Event | None
    ) -> set[tuple[int, str]] | str: ...

    def close(self) -> None: ...


def open_notifier(folders: list[str], *, polling: bool, poll_ms: int) -> Notifier:
    """Watch these folders. Raises FileNotFoundError when one is gone, other OSErrors when watches run out."""
    return RustNotify(folders, False, polling, poll_ms, False, True)


__all__ = ["Notifier", "WatchfilesRustInternalError", "open_notifier"]
