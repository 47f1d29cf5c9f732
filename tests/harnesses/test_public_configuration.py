"""Plugins that people have published, as the layers of a project, a user and plugins of both.

`HARNESSSYNC_REAL_CONFIG` names a folder in which plugins lie, at any depth: folders with `.claude-plugin/plugin.json`.
Without it, this file is not collected.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesses import comparison
from harnesses.configuration import make_repository, write
from harnesses.conftest import Arrange, Keep, Situation

pytestmark = pytest.mark.harnesses

FOLDER = Path(os.environ["HARNESSSYNC_REAL_CONFIG"])
PLUGINS = sorted(path.parents[1] for path in FOLDER.rglob(".claude-plugin/plugin.json"))
assert PLUGINS, f"no plugin below {FOLDER}"
KINDS = ("skills", "agents", "commands")


@pytest.fixture(params=PLUGINS, ids=lambda path: path.name)
def public(
    request: pytest.FixtureRequest, keep: Keep, look: Arrange, places: Callable[[str], tuple[Path, Path]]
) -> Situation:
    """One plugin's files as the project's own, the next one's as the user's, and two enabled as plugins."""

    def arrange() -> Situation:
        project, home = places("public")
        _build(project, home, PLUGINS.index(request.param))
        return look(project, home, call_commands=True)

    return keep(str(request.param), arrange)


def _build(project: Path, home: Path, start: int) -> None:
    own, users, enabled, personal = (PLUGINS[(start + step) % len(PLUGINS)] for step in range(4))
    for plugin, folder in ((own, project / ".claude"), (users, home / ".claude")):
        for kind in KINDS:
            if (plugin / kind).is_dir():
                shutil.copytree(plugin / kind, folder / kind)
    if (own / "CLAUDE.md").exists():
        shutil.copy(own / "CLAUDE.md", project / "CLAUDE.md")
    installed = {}
    for plugin, settings in ((enabled, project / ".claude"), (personal, home / ".claude")):
        if plugin in (own, users):
            continue  # everything would be there twice in Claude Code too
        root = home / ".claude/plugins/cache/public" / plugin.name / "1"
        shutil.copytree(plugin, root)
        installed[f"{plugin.name}@public"] = [{"scope": "user", "installPath": str(root)}]
        write(settings / "settings.json", {"enabledPlugins": {f"{plugin.name}@public": True}})
    write(home / ".claude/plugins/installed_plugins.json", {"version": 2, "plugins": installed})
    make_repository(project)


def test_public_configuration_arrives(public: Situation, harness: str) -> None:
    """Every skill, agent, command and rule, once, or declared as a loss; and no complaint of the program."""
    expected, seen, losses = public.expected, public.seen(harness), public.losses(harness)
    kinds = (comparison.servers, comparison.skills, comparison.agents, comparison.commands, comparison.rules)
    assert [difference for kind in kinds for difference in kind(expected, seen, losses)] == []
    assert (seen.errors, seen.warnings) == ((), ())
