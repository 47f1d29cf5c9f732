"""The targets: one file each, which declares what the harness takes of every kind of item, and renders it.

To add one: write its file, name it here, and run the tests with `HARNESSSYNC_UPDATE_GOLDEN=1` to make its tree.
"""

from __future__ import annotations

from harnesssync_adapters import (
    codex,
    copilot,
    crush,
    cursor,
    droid,
    gemini_cli,
    kilo,
    opencode,
    pi,
    qwen,
)
from harnesssync_orchestrator.core.targets import Target

TARGETS: tuple[Target, ...] = (
    codex.TARGET,
    gemini_cli.TARGET,
    opencode.TARGET,
    qwen.TARGET,
    droid.TARGET,
    kilo.TARGET,
    copilot.TARGET,
    pi.TARGET,
    crush.TARGET,
    cursor.TARGET,
)
"""All targets, in the order in which they are named to people."""
