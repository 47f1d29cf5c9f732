"""Configuration as people publish it: plugin repositories with skills, agents, commands and hooks.

One is written here in their manner. `HARNESSSYNC_REAL_CONFIG` may name a folder of checked-out plugin repositories,
which are then read as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Agent, Command, Hook, Scope, Skill
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.reading import Looked

REVIEWER = """---
name: release-reviewer
description: |
  Use this agent when a release is about to be cut. Examples: <example>Context: the changelog is done. user: "Ship it"
  assistant: "I'll have the release-reviewer look first" <commentary>A release is irreversible: review.</commentary>
  </example>
tools: Read, Grep, Glob, Bash(git diff:*), Bash(git log:*)
model: inherit
color: blue
---

You review releases. Look at `git log` since the last tag.
"""

PLANNER = """---
name: release-planning
description: "Plan a release: versions, notes, owners. Use when the user says \\"release\\" or \\"cut a version\\"."
license: MIT
allowed-tools:
  - Read
  - Write
metadata:
  version: 1.10
  tags: [release, planning]
---

# Release planning

1. Read `references/checklist.md`.

```yaml
---
name: not-a-skill
---
```
"""

LONG = """---
name: flaky-tests
description: >-
  Find the cause of tests that fail now and then, before changing them; timing, order, shared state — and say so.
when_to_use: The user says "flaky", 'sometimes red', or a test passed on retry
---

Overview
========

Never add a sleep.
"""


@pytest.fixture
def published(world: Any) -> Path:
    """A repository with one plugin in the usual layout."""
    root = Path(world.home, "repositories", "release-kit")
    hook = {"type": "command", "command": '"${CLAUDE_PLUGIN_ROOT}/hooks/start.sh"', "timeout": 10}
    files: dict[str, Any] = {
        ".claude-plugin/plugin.json": {
            "name": "release-kit",
            "description": "Releases without surprises",
            "version": "2.3.1",
            "author": {"name": "A. Author"},
            "keywords": ["release"],
        },
        "agents/release-reviewer.md": REVIEWER,
        "skills/release-planning/SKILL.md": PLANNER.replace("\n", "\r\n"),
        "skills/release-planning/references/checklist.md": "- [ ] notes\n",
        "skills/release-planning/scripts/bump.py": "print('bump')\n",
        "skills/flaky-tests/SKILL.md": "\ufeff" + LONG,
        "commands/notes.md": "---\ndescription: Write notes\nargument-hint: [from] [to]\n---\nNotes from $1 to $2\n",
        "hooks/hooks.json": {"hooks": {"SessionStart": [{"matcher": "startup|resume", "hooks": [hook]}]}},
        "README.md": "# Release kit\n",
    }
    for name, content in files.items():
        world.in_home({f"repositories/release-kit/{name}": content})
    return root


def read_plugin(world: Any, root: Path) -> Any:
    """Enable the plugin in `root` for the user, and read the user scope."""
    name = root.name
    installed = {"version": 2, "plugins": {f"{name}@here": [{"scope": "user", "installPath": str(root)}]}}
    world.in_home(
        {
            ".claude/plugins/installed_plugins.json": installed,
            ".claude/settings.json": {"enabledPlugins": {f"{name}@here": True}},
        }
    )
    return world.read(Scope.USER)


def test_a_published_plugin_is_read_completely(world: Any, published: Path) -> None:
    """With all spellings of YAML that occur."""
    source = read_plugin(world, published)
    assert source.problems == ()
    items = {type(item): item for item in source.items if not isinstance(item, Skill)}
    skills = {item.folder: item for item in source.items if isinstance(item, Skill)}
    assert skills["release-planning"].description.endswith('says "release" or "cut a version".')
    assert skills["release-planning"].metadata["metadata"] == {"version": 1.1, "tags": ["release", "planning"]}
    assert skills["flaky-tests"].name == "release-kit:flaky-tests"
    assert "order, shared state — and say so." in skills["flaky-tests"].description
    reviewer = items[Agent]
    assert isinstance(reviewer, Agent)
    assert reviewer.tools == ("Read", "Grep", "Glob", "Bash(git diff:*)", "Bash(git log:*)")
    assert reviewer.prompt.startswith("You review releases.")
    command = items[Command]
    assert isinstance(command, Command)
    assert (command.name, command.argument_hint) == ("release-kit:notes", "[from] [to]")
    hook = items[Hook]
    assert isinstance(hook, Hook)
    assert (hook.matcher, hook.timeout_s, hook.command) == ("startup|resume", 10, f'"{published}/hooks/start.sh"')


def repositories() -> list[Path]:
    """Every plugin below the folder that the environment names, and below none if it names none."""
    folder = os.environ.get("HARNESSSYNC_REAL_CONFIG")
    manifests = Path(folder).resolve().rglob(".claude-plugin/plugin.json") if folder else ()
    return sorted(manifest.parent.parent for manifest in manifests)


PLUGINS = repositories()  # before the tests' environment is emptied


def test_every_plugin_at_hand_is_read_without_loss(world: Any, published: Path) -> None:
    """Each skill, agent and command that lies there becomes an item, and nothing is a problem."""
    for root in (published, *PLUGINS):
        source = read_plugin(world, root)
        assert source.problems == ()
        for kind, pattern in ((Skill, "skills/*/SKILL.md"), (Agent, "agents/**/*.md"), (Command, "commands/**/*.md")):
            written = {str(path) for path in root.glob(pattern)}
            read = {item.origin.file for item in source.items if isinstance(item, kind)}
            assert read == written
        assert all(item.description for item in source.items if isinstance(item, Skill | Agent | Command))


def test_a_published_plugin_works_as_a_project(published: Path) -> None:
    """Its folders may as well lie in `.claude`."""
    claude = published / ".claude"
    claude.mkdir()
    for kind in ("skills", "agents", "commands"):
        (claude / kind).symlink_to(f"../{kind}")
    source = discover(Scope.PROJECT, published, Places.from_environment({}, published / "home"), Looked()).source
    assert source.problems == ()
    assert [str(item.id) for item in source.items] == [
        "skill flaky-tests",
        "skill release-planning",
        "agent release-reviewer",
        "command notes",
    ]
