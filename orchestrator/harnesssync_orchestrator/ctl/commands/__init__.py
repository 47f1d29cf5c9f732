"""One file per command, each with a `COMMAND` (what it takes) and a `run` (what it does, giving the exit code)."""

from __future__ import annotations

NAMES = (
    *("status", "sync", "diff", "resolve", "undo", "trust", "pause", "resume"),
    *("add", "remove", "list", "prune", "ping", "stop"),
)
"""Every command of `harnesssync ctl`, in the order of its help. A module of that name (`list_` for `list`) has it."""
