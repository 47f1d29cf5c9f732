"""An importer from a declaration, for harnesses that keep each rule, skill, agent and command in a file of its own.

What differs between them is where that is (`Kept`), and how little of it is to be read differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.rule_files import glob_rule
from harnesssync_adapters.importing.servers import Tongue, servers
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Scope

Reader = Callable[[str, str, texts.Parted], Iterable[New | Lost]]
"""What becomes of one Markdown file: by its path, the folder in which all of its kind are, and its parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where a harness keeps what, in one scope.

    `instructions` are files with rules for all, each with the place in Claude Code's layout; `nested` is what a file
    is called that holds for its folder, besides `AGENTS.md`. `rules`, `agents` and `commands` are folders with
    Markdown files; a pattern behind the folder says which, all below it otherwise. `servers` are files, each with the
    keys that lead to the table of servers. `more` are patterns of what else has to be seen.
    """

    agents_md: bool = True
    nested: str = ""
    instructions: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    skills: tuple[str, ...] = ()
    agents: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    more: tuple[str, ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        folders = {**self.rules, **self.agents, **self.commands}
        return (
            *([f"**/{texts.AGENTS}"] if self.agents_md else []),
            *([f"**/{self.nested}"] if self.nested else []),
            *self.instructions,
            *(f"{folder}/{pattern}" for folder, pattern in folders.items()),
            *texts.skill_patterns(*self.skills),
            *self.servers,
            *self.more,
        )


def importer(
    project: Kept,
    user: Kept,
    *,
    rule: Reader | None = None,
    agent: Reader | None = None,
    command: Reader | None = None,
    tongue: Tongue | None = None,
    server: Callable[[Mapping[str, Any]], tuple[dict[str, Any], dict[str, str]]] | None = None,
    more: Callable[[Documents], Iterable[New | Lost]] | None = None,
    formats: Mapping[str, str] | None = None,
) -> Importer:
    """What reads all that is `Kept`, each kind by its reader; `more` yields what else there is."""
    readers = {"rules": rule or plain_rule, "agents": agent, "commands": command or plain_command}

    def read(documents: Documents) -> Iterator[New | Lost]:
        kept = project if documents.scope is Scope.PROJECT else user
        if kept.nested:
            yield from texts.beside_agents_md(documents, kept.nested, both=kept.agents_md)
        elif kept.agents_md:
            yield from texts.agents_md(documents)
        for path, to in kept.instructions.items():
            if path in documents.files:
                yield from texts.instructions(documents, path, to)
        yield from texts.skills(documents, *kept.skills)
        for kind, folders in (("rules", kept.rules), ("agents", kept.agents), ("commands", kept.commands)):
            for folder, pattern in folders.items():
                if (reader := readers[kind]) is not None:
                    yield from texts.each_text(documents, [f"{folder}/{pattern}"], _in(folder, reader))
        for path, pointer in kept.servers.items():
            assert tongue is not None, "servers take a tongue"  # noqa: S101 - said by the same declaration
            yield from servers(documents, path, pointer, tongue, server)
        if more is not None:
            yield from more(documents)

    return Importer(project=project.patterns, user=user.patterns, read=read, formats=formats or {})


def _in(folder: str, reader: Reader) -> texts.TextReader:
    return lambda path, parted: reader(path, folder, parted)


_NO_SETTING = "Claude Code has no such setting of a command"


def plain_command(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """A text behind which is put what was typed, as Claude Code does; nothing in it is replaced."""
    yield from said_command(path, folder, parted, texts.without_arguments(parted.body))


def said_command(
    path: str, folder: str, parted: texts.Parted, prompt: str, known: Iterable[str] = ()
) -> Iterator[New | Lost]:
    """A command whose text is Claude Code's by now."""
    front = {key: parted.front.get(key) for key in ("description", "argument-hint")}
    said = {key: str(value) for key, value in front.items() if value}
    yield texts.command(path, texts.stems(path, folder, ".md"), said, prompt)
    yield from texts.unsaid(path, parted.front, (*front, "name", *known), _NO_SETTING)


def plain_rule(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """A rule that always holds."""
    yield from conditional_rule(path, folder, parted, ())
    yield from texts.unsaid(path, parted.front, ("name", "description"), "Claude Code has no such setting of a rule")


def conditional_rule(path: str, folder: str, parted: texts.Parted, globs: Iterable[str]) -> Iterator[New | Lost]:
    """A rule for some files, or for all if there are no `globs`."""
    yield from glob_rule(path, "/".join(texts.stems(path, folder, ".md", ".txt")), tuple(globs), parted.body)


ASKED = "it holds when the model asks for it, or a person: write a skill for that"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentForm:
    """How a harness says what an agent is. `tools` has Claude Code's for each name in its list of tools; `server` gives
    that of a server's tool, None if it is none. `kept` are members that Claude Code has by the same name."""

    tools: Mapping[str, tuple[str, ...]]
    server: Callable[[str], str | None] = lambda _: None
    kept: tuple[str, ...] = ()

    def read(self, path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
        """A reader of agents. What it does not know in a list of tools is left out; a list of which nothing is left
        would give all of them."""
        name = str(parted.front.get("name") or texts.stems(path, folder, ".md")[-1])
        front: dict[str, str | int] = {"description": str(parted.front.get("description") or "")}
        known = {"name", "description", *self.kept}
        for key in ("tools", "disallowedTools"):
            if key not in parted.front:
                continue
            known.add(key)
            found = {each: self._claudes(each) for each in texts.texts(parted.front[key])}
            if listed := list(dict.fromkeys(tool for tools in found.values() for tool in tools)):
                front[key] = ", ".join(listed)
            elif key == "tools":
                yield Lost(source=path, key=key, why="the agent gets all tools in Claude Code", security=True)
            for each in (each for each, tools in found.items() if not tools):
                is_denied = key == "disallowedTools"
                yield Lost(source=path, key=f"{key}: {each}", why="Claude Code has no such tool", security=is_denied)
        front |= {key: value for key in self.kept if isinstance(value := parted.front.get(key), (str, int))}
        if parted.front.get("model") == "inherit":
            known.add("model")
        yield texts.agent(path, name, front, parted.body)
        yield from texts.unsaid(
            path, parted.front, known, "Claude Code has no such setting of an agent, or other values"
        )

    def _claudes(self, tool: str) -> tuple[str, ...]:
        server = self.server(tool)
        return (server,) if server is not None else self.tools.get(tool, ())
