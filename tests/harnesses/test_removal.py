"""What is gone from the source is gone from the programs' view after the next sync."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harnesses import comparison
from harnesses.configuration import build_full, sync, write
from harnesses.conftest import Arrange, Keep, Situation
from harnesses.seen import Seen

pytestmark = pytest.mark.harnesses


@pytest.fixture
def thinned(keep: Keep, look: Arrange, company: Sequence[str], places: Callable[[str], tuple[Path, Path]]) -> Situation:
    """The full configuration, synced, and synced again after one item of each kind and layer is gone."""

    def arrange() -> Situation:
        project, home = places("station")
        build_full(project, home)
        sync(project, home, company)
        _remove(project, home)
        return look(project, home, call_commands=True)

    return keep("thinned", arrange)


def _remove(project: Path, home: Path) -> None:
    shutil.rmtree(project / ".claude/skills/timetables")
    shutil.rmtree(home / ".claude/skills/diary")
    (project / ".claude/agents/signal-inspector.md").unlink()
    (project / ".claude/commands/yard/couple.md").unlink()
    (home / ".claude/commands/standup.md").unlink()
    (project / ".claude/rules/signals.md").unlink()
    (project / "packages/api/CLAUDE.md").unlink()
    (project / "CLAUDE.local.md").unlink()
    _change(project / ".mcp.json", lambda document: document["mcpServers"].pop("docs"))
    _change(home / ".claude.json", lambda document: document["mcpServers"].pop("journal"))
    _change(project / ".claude/settings.json", lambda document: document["hooks"].pop("Stop"))
    _change(project / ".claude/settings.local.json", lambda document: document["enabledPlugins"].pop("desk@yard"))


def _change(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    write(path, document)


GONE = (
    "timetables",
    "diary",
    "signal-inspector",
    "couple",
    "standup",
    "docs",
    "journal",
    "desk-checks",
    "plugin_desk_store",
    "project Stop",
)
"""Parts of names of what is gone."""


def test_removed_items_are_gone_from_the_view(thinned: Situation, harness: str) -> None:
    """No list, server or hook names them any more."""
    seen = thinned.seen(harness)
    assert [name for name in _names(seen) if any(gone in name for gone in GONE)] == []


def test_removed_instructions_are_not_told_any_more(thinned: Situation, harness: str) -> None:
    """Neither a rule, nor a folder's instructions, nor a person's own."""
    seen = thinned.seen(harness)
    lines = ("Signals fail to red.", "The interface answers in local time.", "The person at this desk")
    assert [line for line in lines if seen.times(line)] == []


def test_everything_else_is_still_there(thinned: Situation, harness: str) -> None:
    """A removal takes nothing with it."""
    expected, seen, losses = thinned.expected, thinned.seen(harness), thinned.losses(harness)
    kinds = (comparison.servers, comparison.skills, comparison.agents, comparison.commands, comparison.rules)
    assert [difference for kind in kinds for difference in kind(expected, seen, losses)] == []
    assert (seen.errors, seen.warnings) == ((), ())


def _names(seen: Seen) -> Iterator[str]:
    for listed in (*seen.skills, *seen.agents, *seen.commands):
        yield listed.name
    yield from (server.name for server in seen.servers)
    yield from (*seen.listed_servers, *seen.called, *seen.hooks)
