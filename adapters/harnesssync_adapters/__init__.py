"""The targets: one file each, which declares what the harness takes of every kind of item, and renders it.

To add one: write its file, name it here, and run the tests with `HARNESSSYNC_UPDATE_GOLDEN=1` to make its tree.
"""

from __future__ import annotations

from harnesssync_adapters import (
    aider,
    amp,
    antigravity,
    auggie,
    claude_code,
    cline,
    codex,
    continue_dev,
    copilot,
    crush,
    cursor,
    droid,
    gemini_cli,
    goose,
    junie,
    kilo,
    kimi,
    kiro,
    neovim,
    opencode,
    openhands,
    pi,
    qwen,
    roo,
    vibe,
    warp,
    windsurf,
    zed,
)
from harnesssync_orchestrator.core.targets import Target

TARGETS: tuple[Target, ...] = (
    codex.TARGET,
    gemini_cli.TARGET,
    opencode.TARGET,
    cursor.TARGET,
    copilot.TARGET,
    qwen.TARGET,
    crush.TARGET,
    amp.TARGET,
    cline.TARGET,
    kilo.TARGET,
    droid.TARGET,
    pi.TARGET,
    continue_dev.TARGET,
    auggie.TARGET,
    antigravity.TARGET,
    windsurf.TARGET,
    zed.TARGET,
    goose.TARGET,
    kiro.TARGET,
    junie.TARGET,
    roo.TARGET,
    warp.TARGET,
    vibe.TARGET,
    openhands.TARGET,
    kimi.TARGET,
    aider.TARGET,
    neovim.TARGET,
    claude_code.TARGET,
)
"""All targets, in the order in which they are named to people."""
