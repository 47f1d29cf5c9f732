"""The worked example in CONTRIBUTING.md: whoever follows it gets an adapter that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.desired import Address, Desired
from harnesssync_orchestrator.core.items import Command, Hook, Layer, Origin, Rule, Scope, Skill
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


@pytest.fixture
def heron() -> Target:
    """The target that the example declares, made by running the example."""
    [example] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    module: dict[str, object] = {"__name__": "heron"}
    exec(compile(example, "heron.py", "exec"), module)  # noqa: S102 - running it is the point
    target = module["TARGET"]
    assert isinstance(target, Target)
    return target


@pytest.fixture
def desired(heron: Target) -> Desired:
    """What it wants for a project with a rule, a skill, a command and a hook."""
    origin = Origin(layer=Layer.PROJECT, file="/project/CLAUDE.md")
    items = (
        Rule(name="CLAUDE.md", origin=origin, source="/project/CLAUDE.md", text="Be kind.\n", expanded="Be kind.\n"),
        Skill(
            name="greet",
            origin=origin,
            folder="greet",
            description="Greets.",
            source="/project/.claude/skills/greet",
            digest="0" * 16,
            metadata={"description": "Greets."},
        ),
        Command(
            name="release:notes",
            origin=origin,
            path=("release", "notes"),
            prompt="Write the notes.\n",
            source="/project/.claude/commands/release/notes.md",
            model="opus",
        ),
        Hook(name="Stop[]#1", origin=origin, event="Stop", matcher="", type="command", command="make lint"),
    )
    return desired_state([heron], Source(scope=Scope.PROJECT, root="/project", items=items))


def test_the_example_writes_rules_skills_and_commands(desired: Desired) -> None:
    """One output each, where Heron reads it."""
    assert set(desired.wanted) == {
        Address("AGENTS.md"),
        Address(".agents/skills/greet"),
        Address(".heron/commands/release-notes.md"),
    }


def test_the_example_tells_what_it_cannot_express(desired: Desired) -> None:
    """The model of the command and the whole hook are losses; nothing is lost in silence."""
    assert "model: opus" in {loss.what for loss in desired.losses}
    assert {loss.item.kind for loss in desired.losses} == {"command", "hook"}
