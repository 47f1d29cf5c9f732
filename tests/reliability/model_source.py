"""What a person configured, in a few words, and what three targets should get of it: written down by hand, without a
line of the product, so that the two can be held against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

TARGETS = ("codex", "gemini", "opencode")

CODEX, GEMINI, OPENCODE, DENIALS, HOOKS = (
    ".codex/config.toml",
    ".gemini/settings.json",
    ".opencode/opencode.json",
    ".opencode/opencode.jsonc",
    ".codex/hooks.json",
)
DOCUMENTS = {CODEX: "toml", GEMINI: "json", OPENCODE: "json", DENIALS: "json", HOOKS: "json"}
"""The merged files, by the format of each."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that is an output as a whole, or a person's."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link, by what it says."""

    text: str


Whole = File | Link

Executable = tuple[str, str, str]
"""Something that a harness would run or obey: kind, name, and what it says."""


@dataclass(frozen=True, slots=True, order=True)
class At:
    """Where an output lives: a path, a key of the file there, or the element of an array that has this JSON text."""

    path: str
    pointer: tuple[str, ...] = ()
    element: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One output that should be. `value` is a whole, or what a key or an element should say; `executes` what needs a
    person's approval for it, if anything does. Those of the owners that are `readers` read the source itself, until
    something stands in the place of the output."""

    value: Any
    owners: tuple[str, ...]
    executes: Executable | None = None
    private: bool = False
    readers: tuple[str, ...] = ()


@dataclass
class Source:
    """A person's items by name, each with a word of theirs in it (a token) that occurs nowhere else.

    `broken` are the files of theirs that can't be parsed for now.
    """

    rules: dict[str, str] = field(default_factory=dict)
    skills: dict[str, str] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def copy(self) -> Source:
        return Source(**{each.name: copy(getattr(self, each.name)) for each in fields(self)})

    def files(self) -> dict[str, bytes]:
        """The files in which a person keeps all this."""
        files = {path: _text(token) for path, token in self.rules.items()}
        for name, token in self.skills.items():
            files[f".claude/skills/{name}/SKILL.md"] = _front(token, name=name, description=f"Knows {name}")
            files[f".claude/skills/{name}/run.sh"] = f"#!/bin/sh\necho {token}\n".encode()
        for name, token in self.agents.items():
            files[f".claude/agents/{name}.md"] = _front(token, name=name, description=f"Does {name}")
        for name, token in self.commands.items():
            files[f".claude/commands/{name}.md"] = _front(token, description=f"Runs {name}")
        servers: dict[str, Any] = {
            name: {"type": "http", "url": f"https://{name}.example/{token}"} for name, token in self.servers.items()
        }
        servers.update((name, {"command": "serve", "args": [token]}) for name, token in self.programs.items())
        if servers:
            files[".mcp.json"] = _json({"mcpServers": servers})
        settings: dict[str, Any] = {}
        if self.denied:
            settings["permissions"] = {"deny": sorted(self.denied)}
        if self.hooks:
            settings["hooks"] = {
                event: [{"matcher": "Edit", "hooks": [{"type": "command", "command": f"run {token}"}]}]
                for event, token in self.hooks.items()
            }
        if self.env:
            settings["env"] = dict(self.env)
        if settings:
            files[".claude/settings.json"] = _json(settings)
        for path in self.broken & files.keys():
            files[path] = files[path].rstrip(b"}\n") + b"<<<<<<< mine\n"
        return files

    def readable(self) -> Source:
        """What of it can be read now."""
        found = self.copy()
        if ".mcp.json" in self.broken:
            found.servers, found.programs = {}, {}
        if ".claude/settings.json" in self.broken:
            found.denied, found.hooks, found.env = {}, {}, {}
        return found

    @property
    def is_broken(self) -> bool:
        """Is there a file that can't be parsed?"""
        return bool(self.broken & self.files().keys())

    @property
    def is_empty(self) -> bool:
        """Does nothing say anything to anybody?"""
        kinds = (self.rules, self.skills, self.agents, self.commands, self.servers, self.programs)
        return not any((*kinds, self.hooks, self.env, self.denied))


def wishes(source: Source, targets: frozenset[str]) -> dict[At, Wish]:
    """Everything that the targets should have of what can be read, trusted or not."""
    found: dict[At, Wish] = {}
    for at, wish in _all(source):
        if owners := tuple(owner for owner in wish.owners if owner in targets):
            found[at] = Wish(
                value=wish.value,
                owners=owners,
                executes=wish.executes,
                private=wish.private,
                readers=wish.readers,
            )
    return found


def executables(source: Source) -> frozenset[Executable]:
    """Everything that needs a person's approval."""
    kinds = {"programs": source.programs, "hooks": source.hooks, "env": source.env}
    return frozenset((kind, name, token) for kind, items in kinds.items() for name, token in items.items())


def _all(source: Source) -> Iterator[tuple[At, Wish]]:
    yield from _rules(source.rules)
    for name in source.skills:
        at = At(f".agents/skills/{name}")
        yield at, Wish(value=Link(f"../../.claude/skills/{name}"), owners=("codex", "gemini"))
    for name, token in source.agents.items():
        text = f'name = "{name}"\ndescription = "Does {name}"\ndeveloper_instructions = """\n{token}\n"""\n'
        yield from _file(f".codex/agents/{name}.toml", text, "codex")
        text = f'---\nname: "{name}"\ndescription: "Does {name}"\nkind: "local"\n---\n\n{token}\n'
        yield from _file(f".gemini/agents/{name}.md", text, "gemini")
        text = f'---\ndescription: "Does {name}"\nmode: "subagent"\n---\n\n{token}\n'
        yield from _file(f".opencode/agents/{name}.md", text, "opencode")
    for name, token in source.commands.items():
        text = f'---\nname: "{name}"\ndescription: "Runs {name}"\n---\n\n{token}\n'
        yield from _file(f".codex/skills/{name}/SKILL.md", text, "codex")
        text = f'description = "Runs {name}"\nprompt = """\n{token}\n"""\n'
        yield from _file(f".gemini/commands/{name}.toml", text, "gemini")
        yield from _file(
            f".opencode/commands/{name}.md", f'---\ndescription: "Runs {name}"\n---\n\n{token}\n', "opencode"
        )
    for name, token in source.servers.items():
        url = f"https://{name}.example/{token}"
        yield At(CODEX, ("mcp_servers", name)), Wish(value={"url": url}, owners=("codex",))
        yield At(GEMINI, ("mcpServers", name)), Wish(value={"httpUrl": url}, owners=("gemini",))
        yield At(OPENCODE, ("mcp", name)), Wish(value={"type": "remote", "url": url}, owners=("opencode",))
    for name, token in source.programs.items():
        value = {"command": "serve", "args": [token]}
        yield At(CODEX, ("mcp_servers", name)), Wish(value=value, owners=("codex",), executes=("programs", name, token))
        yield (
            At(GEMINI, ("mcpServers", name)),
            Wish(value=value, owners=("gemini",), executes=("programs", name, token)),
        )
        local = {"type": "local", "command": ["serve", token]}
        yield At(OPENCODE, ("mcp", name)), Wish(value=local, owners=("opencode",), executes=("programs", name, token))
    yield from _settings(source)


def _settings(source: Source) -> Iterator[tuple[At, Wish]]:
    for event, token in source.hooks.items():
        handler = [{"type": "command", "command": f"run {token}"}]
        yield _element(
            HOOKS, ("hooks", event), {"matcher": "Edit", "hooks": handler}, "codex", executes=("hooks", event, token)
        )
        theirs = {"PostToolUse": "AfterTool", "PreToolUse": "BeforeTool"}[event]
        value = {"matcher": "(replace|write_file)", "hooks": handler}
        yield _element(GEMINI, ("hooks", theirs), value, "gemini", executes=("hooks", event, token))
    for name, token in source.env.items():
        at = At(CODEX, ("shell_environment_policy", "set", name))
        yield at, Wish(value=token, owners=("codex",), executes=("env", name, token))
    for tool in sorted(source.denied):
        theirs = {"WebFetch": "web_fetch", "WebSearch": "google_web_search"}[tool]
        yield _element(GEMINI, ("tools", "exclude"), theirs, "gemini")
        yield At(DENIALS, ("permission", f"?{tool.lower()[1:]}")), Wish(value="deny", owners=("opencode",))


def _rules(rules: Mapping[str, str]) -> Iterator[tuple[At, Wish]]:
    public = {path: rules[path] for path in sorted(rules, key=_outer_first) if path != "CLAUDE.local.md"}
    if public:
        readers = ("opencode",) if list(public) == ["CLAUDE.md"] else ()
        value = Link(next(iter(public))) if len(public) == 1 else _rendered(public)
        yield At("AGENTS.md"), Wish(value=value, owners=TARGETS, readers=readers)
        yield _element(GEMINI, ("context", "fileName"), "GEMINI.md", "gemini")
        yield _element(GEMINI, ("context", "fileName"), "AGENTS.md", "gemini")
    if "CLAUDE.local.md" in rules:
        own = {"CLAUDE.local.md": rules["CLAUDE.local.md"]}
        yield At("AGENTS.override.md"), Wish(value=_rendered(public | own), owners=("codex",), private=True)
        yield _element(OPENCODE, ("instructions",), "CLAUDE.local.md", "opencode", private=True)
        if not public:
            yield _element(GEMINI, ("context", "fileName"), "GEMINI.md", "gemini", private=True)
        yield _element(GEMINI, ("context", "fileName"), "CLAUDE.local.md", "gemini", private=True)


def _outer_first(path: str) -> tuple[bool, str]:
    return path != "CLAUDE.md", path


def _rendered(rules: Mapping[str, str]) -> File:
    names = ", ".join(rules)
    head = f"<!-- Generated by harnesssync from {names}. Edit there: changes made here are not kept. -->"
    return File(("\n\n".join([head, *(_text(token).decode().strip() for token in rules.values())]) + "\n").encode())


def _file(path: str, text: str, owner: str) -> Iterator[tuple[At, Wish]]:
    yield At(path), Wish(value=File(text.encode()), owners=(owner,))


def _element(
    path: str,
    pointer: tuple[str, ...],
    value: Any,
    owner: str,
    *,
    executes: Executable | None = None,
    private: bool = False,
) -> tuple[At, Wish]:
    at = At(path, pointer, json.dumps(value))
    return at, Wish(value=value, owners=(owner,), executes=executes, private=private)


def _text(token: str) -> bytes:
    return f"Always say {token}.\n".encode()


def _front(token: str, **members: str) -> bytes:
    lines = "".join(f"{name}: {value}\n" for name, value in members.items())
    return f"---\n{lines}---\n{token}\n".encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
