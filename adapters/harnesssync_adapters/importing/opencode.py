"""What was kept for OpenCode: `AGENTS.md`, skills, agents, commands, servers and permissions.

The files are those of the adapter (`harnesssync_adapters.opencode`). Of permissions the last word wins there, and the
strictest in Claude Code: they are brought over only where both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.servers import Tongue, brace_references, servers
from harnesssync_adapters.importing.settings import permission
from harnesssync_adapters.shared.opencode_family import NUMBERED
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Action, Scope

_TONGUE = Tongue(
    harness="OpenCode",
    text=brace_references,
    types={"local": "stdio", "remote": "http"},
    env="environment",
)
_TOOLS = {
    "read": "Read",
    "edit": "Edit",
    "write": "Write",
    "bash": "Bash",
    "grep": "Grep",
    "glob": "Glob",
    "webfetch": "WebFetch",
    "websearch": "WebSearch",
    "task": "Task",
    "todowrite": "TodoWrite",
    "skill": "Skill",
}
_WHY_ASKED = "an agent of Claude Code's has a tool, or it has not"
_WHY_LAST = "OpenCode puts all arguments that are left in the place of the last, Claude Code one"
_WHY_AGENT = "Claude Code has no such setting of an agent, or other values for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where OpenCode, or a harness that was made from it, keeps what, in one scope. `folders` hold agents and commands,
    `configs` are merged in this order."""

    instructions: str = ""
    folders: tuple[str, ...]
    skills: tuple[str, ...]
    configs: tuple[str, ...]

    @property
    def patterns(self) -> tuple[str, ...]:
        inner = ("agent", "agents", "command", "commands")
        texts_of = (f"{folder}/{name}/**/*.md" for folder in self.folders for name in inner)
        first = self.instructions or f"**/{texts.AGENTS}"
        return (first, *texts.skill_patterns(*self.skills), *texts_of, *self.configs)


def read(documents: Documents, places: Places, tongue: Tongue) -> Iterator[New | Lost]:
    if not places.instructions:
        yield from texts.agents_md(documents)
    elif places.instructions in documents.files:
        yield from texts.instructions(documents, places.instructions, ".claude/CLAUDE.md")
    yield from texts.skills(documents, *places.skills)
    for folder in places.folders:
        for inner in ("agent", "agents"):
            yield from texts.each_text(documents, [f"{folder}/{inner}/**/*.md"], _agent_of(f"{folder}/{inner}"))
        for inner in ("command", "commands"):
            yield from texts.each_text(documents, [f"{folder}/{inner}/**/*.md"], _command_of(f"{folder}/{inner}"))
    for path in places.configs:
        yield from servers(documents, path, ("mcp",), tongue, _server)
        yield from _permissions(documents, path)
        for name, raw in documents.table(path, "agent").items():
            parted = texts.Parted(dict(raw) if isinstance(raw, Mapping) else {}, str(_at(raw, "prompt")))
            yield from _agent(path, name, parted, key=f"agent/{name}")
        for name, raw in documents.table(path, "command").items():
            parted = texts.Parted(dict(raw) if isinstance(raw, Mapping) else {}, str(_at(raw, "template")))
            yield from _command(path, name.split("/"), parted)
        for name in texts.texts(documents.table(path).get("instructions")):
            why = "Claude Code finds no further files by a list: import it in CLAUDE.md, as @path"
            yield Lost(source=path, key=f"instructions: {name}", why=why)


def _at(raw: object, key: str) -> object:
    return raw.get(key, "") if isinstance(raw, Mapping) else ""


def _agent_of(folder: str) -> texts.TextReader:
    def read(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
        yield from _agent(path, texts.stems(path, folder, ".md")[-1], parted)

    return read


def _command_of(folder: str) -> texts.TextReader:
    def read(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
        yield from _command(path, texts.stems(path, folder, ".md"), parted)

    return read


def _agent(path: str, name: str, parted: texts.Parted, *, key: str = "") -> Iterator[New | Lost]:
    """Its denials become tools that it may not use; what it only asks about is lost."""
    prefix = f"{key}/" if key else ""
    if parted.front.get("mode", "all") == "primary":
        yield Lost(source=path, key=f"{prefix}mode", why="it is no sub-agent: Claude Code has one main agent")
        return
    denied: list[str] = []
    rules: list[tuple[str, object]] = [*_items(parted.front.get("tools")), *_items(parted.front.get("permission"))]
    for tool, answer in rules:
        if answer not in (False, "deny"):
            if answer not in (True, "allow"):
                denies = isinstance(answer, Mapping) and "deny" in answer.values()
                yield Lost(source=path, key=f"{prefix}permission/{tool}", why=_WHY_ASKED, security=denies)
        elif tool in _TOOLS:
            denied += ("Edit", "Write", "NotebookEdit") if tool == "edit" else (_TOOLS[tool],)
        else:
            yield Lost(source=path, key=f"{prefix}permission/{tool}", why="Claude Code has no such tool", security=True)
    front: dict[str, JsonValue] = {"description": str(parted.front.get("description", ""))}
    front["disallowedTools"] = ", ".join(dict.fromkeys(denied))
    yield texts.agent(path, name, front, parted.body)
    known = ("description", "mode", "tools", "permission", "prompt", "name")
    yield from texts.unsaid(path, parted.front, known, _WHY_AGENT)


def _items(table: object) -> list[tuple[str, object]]:
    return [(str(key), value) for key, value in table.items()] if isinstance(table, Mapping) else []


def _command(path: str, parts: list[str], parted: texts.Parted) -> Iterator[New | Lost]:
    """The text is nearly the same: OpenCode has taken over `$ARGUMENTS`, !`command` and `@file`, but its first argument
    is `$1`."""
    front: dict[str, JsonValue] = {"description": str(parted.front.get("description", ""))}
    yield texts.command(path, parts, front, texts.counted_from_nothing(parted.body))
    if last := max(map(int, NUMBERED.findall(parted.body)), default=0):
        yield Lost(source=path, key=f"${last}", why=_WHY_LAST)
    why = "Claude Code has no such setting of a command, or other values for it"
    yield from texts.unsaid(path, parted.front, ("description", "template", "name"), why)


def _server(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The program and its arguments stand in one list there."""
    members, losses = dict(raw), dict[str, str]()
    argv = raw.get("command")
    if isinstance(argv, list) and argv:
        members["command"], members["args"] = str(argv[0]), [str(one) for one in argv[1:]]
    if "timeout" in raw:
        losses["timeout"] = "it is a time-out for listing tools alone"
        del members["timeout"]
    return members, losses


_ORDER = {"allow": 0, "ask": 1, "deny": 2}


def _permissions(documents: Documents, path: str) -> Iterator[New | Lost]:
    table = documents.table(path).get("permission")
    whole = {"*": table} if isinstance(table, str) else {}
    for tool, answer in table.items() if isinstance(table, Mapping) else whole.items():
        key = f"permission/{tool}"
        rules = [("*", answer)] if isinstance(answer, str) else _items(answer)
        name = _TOOLS.get(str(tool))
        if name is None or any(str(word) not in _ORDER for _, word in rules):
            denies = any(word == "deny" for _, word in rules)
            yield Lost(source=path, key=key, why="Claude Code has no such tool, or no such answer", security=denies)
            continue
        if rules and rules[0] == ("*", "ask"):  # as Claude Code does by itself
            rules = rules[1:]
        words = [_ORDER[str(word)] for _, word in rules]
        if words != sorted(words):
            why = "the last word wins in OpenCode, and the strictest in Claude Code: in this order they differ"
            yield Lost(source=path, key=key, why=why, security=2 in words)
            continue
        for pattern, word in rules:
            specifier = _specifier(name, pattern)
            if specifier is None:
                why = "Claude Code has no pattern that says the same"
                yield Lost(source=path, key=f"{key}/{pattern}", why=why, security=word == "deny")
            else:
                yield permission(path, f"{key}/{pattern}", Action(str(word)), f"{name}{specifier}")


def _specifier(tool: str, pattern: str) -> str | None:
    if pattern == "*":
        return ""
    beginning = pattern.removesuffix(" *")
    if tool != "Bash" or any(sign in beginning for sign in "*?()"):
        return None
    return f"({beginning}:*)" if pattern.endswith(" *") else f"({beginning})"


_PROJECT = Places(
    folders=(".opencode",),
    skills=(".agents/skills", ".opencode/skill", ".opencode/skills"),
    configs=("opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"),
)
_USER = Places(
    instructions=".config/opencode/AGENTS.md",
    folders=(".config/opencode",),
    skills=(".agents/skills", ".config/opencode/skill", ".config/opencode/skills"),
    configs=(".config/opencode/opencode.json", ".config/opencode/opencode.jsonc"),
)


def _read(documents: Documents) -> Iterator[New | Lost]:
    yield from read(documents, _PROJECT if documents.scope is Scope.PROJECT else _USER, _TONGUE)


IMPORTER = Importer(project=_PROJECT.patterns, user=_USER.patterns, read=_read)
