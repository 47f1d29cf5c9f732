"""Skills, agents and commands: what several folders have of them, put together by name as Claude Code does."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from harnesssync_orchestrator.core.items import Agent, Command, Item, Skill
from harnesssync_orchestrator.files.discovery.agents import read_agents
from harnesssync_orchestrator.files.discovery.commands import read_commands
from harnesssync_orchestrator.files.discovery.inheritance import FALLEN_BACK_ON, Inheritance
from harnesssync_orchestrator.files.discovery.plugin_items import (
    read_plugin_agents,
    read_plugin_commands,
    read_plugin_skills,
)
from harnesssync_orchestrator.files.discovery.plugins import Plugin
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.discovery.settings import LayeredSettings, switched_off_skills
from harnesssync_orchestrator.files.discovery.skills import read_skills

_Named = TypeVar("_Named", Skill, Agent, Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A folder with `skills`, `agents` and `commands` in it, and the layer that it is. `kinds` are those that count."""

    folder: Path
    ground: Ground
    kinds: Container[str] = frozenset({"skills", "agents", "commands"})


def project_bases(root: Path, shared: Ground, inheritance: Inheritance | None) -> tuple[tuple[Base, ...], ...]:
    """Where a worktree's skills, agents and commands are: its own, and behind them those that it only inherits.

    Of a kind for which it has no folder it has those of its main checkout, as Claude Code does.
    """
    here = Base(folder=root / ".claude", ground=shared)
    if inheritance is None:
        return ((here, here, here),)
    main = Path(inheritance.main.path, ".claude")
    here = Base(folder=here.folder, ground=shared, kinds=inheritance.own)
    inherited = frozenset(kind for kind in inheritance.own if inheritance.has(f".claude/{kind}/"))
    there = Base(folder=main, ground=inheritance.parts, kinds=inherited)
    whole = Base(folder=main, ground=inheritance.whole, kinds=frozenset(FALLEN_BACK_ON) - inheritance.own)
    # Of several with one name the first skill and command counts, and the last agent.
    return ((here, there, here), (there, here, there), (whole, whole, whole))


def read_named(
    bases: Iterable[tuple[Base, ...]], plugins: tuple[Plugin, ...], settings: LayeredSettings, reader: Reader
) -> Iterator[Item]:
    """Skills, agents and commands of plugins and bases. Each of `bases` says where to look for the three kinds.

    Of several with one name the first base's skill or command, and the last base's agent, is the one that Claude Code
    uses: an administrator's skill is before the user's.
    """
    off = switched_off_skills((settings,))
    skills: dict[str, Skill] = {}
    agents: dict[str, Agent] = {}
    commands: dict[str, Command] = {}
    for plugin in plugins:
        for skill in read_plugin_skills(plugin, reader):
            _add_skill(skill, skills)
        agents.update((agent.name, agent) for agent in read_plugin_agents(plugin, reader))
    folders: set[str] = set()
    grounds = tuple(bases)
    for skill_base, agent_base, _ in grounds:
        for skill in _of_base(read_skills, "skills", skill_base, reader, switched_off=off):
            if skill.folder not in folders:
                folders.add(skill.folder)
                _add_skill(skill, skills)
        for agent in _of_base(read_agents, "agents", agent_base, reader):
            agents[agent.name] = agent
    plugin_skills = {f"{plugin.name}:{skill.folder}" for plugin in plugins for skill in skills.values()}
    for plugin in plugins:
        for command in read_plugin_commands(plugin, reader, plugin_skills & set(skills)):
            commands.setdefault(command.name, command)
    for _, _, command_base in grounds:
        for command in _of_base(read_commands, "commands", command_base, reader, hidden=folders):
            commands.setdefault(command.name, command)
    yield from skills.values()
    yield from agents.values()
    yield from commands.values()


def _of_base(
    read: Callable[..., Iterable[_Named]], kind: str, base: Base, reader: Reader, **more: Container[str]
) -> Iterable[_Named]:
    return read(str(base.folder / kind), base.ground, reader, **more) if kind in base.kinds else ()


def _add_skill(skill: Skill, skills: dict[str, Skill]) -> None:
    """Two folders may give one name in their front matter; Claude Code goes by the folder, so both stay."""
    if skill.name in skills:
        namespace, colon, _ = skill.name.rpartition(":")
        skill = replace(skill, name=f"{namespace}{colon}{skill.folder}")
    skills.setdefault(skill.name, skill)
