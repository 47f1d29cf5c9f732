"""What the source says, read by a reader of its own: the tests compare with this, and not with what the product reads.

It reads Claude Code's layout as its documentation describes it, and only as far as the tests' own configurations and
ordinary public ones go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|$)(.*)", re.DOTALL)
_KEY = re.compile(r"([A-Za-z_][\w-]*):[ \t]*(.*)")
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")
_IMPORT = re.compile(r"(?<!\S)@((?:\./)?[\w./-]*\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An MCP server as it should arrive, with variables in their places. `templates` are its values as written."""

    name: str
    transport: str
    command: str | None = None
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A skill, an agent or a command. `name` is what Claude Code calls it; `shown` the name in its own front matter."""

    name: str
    shown: str
    description: str
    text: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A file of instructions: `lines` are those that say something, with imports in their places. A conditional one
    holds once a file calls for it; a personal one, in every project."""

    name: str
    directory: str
    lines: tuple[str, ...]
    private: bool
    conditional: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    event: str
    command: str
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Everything that one scope says."""

    servers: tuple[Server, ...] = ()
    skills: tuple[Named, ...] = ()
    agents: tuple[Named, ...] = ()
    commands: tuple[Named, ...] = ()
    rules: tuple[Rule, ...] = ()
    hooks: tuple[Hook, ...] = ()

    def __add__(self, other: Expected) -> Expected:
        return Expected(
            servers=self.servers + other.servers,
            skills=self.skills + other.skills,
            agents=self.agents + other.agents,
            commands=self.commands + other.commands,
            rules=self.rules + other.rules,
            hooks=self.hooks + other.hooks,
        )


def of_project(project: Path, home: Path, environ: Mapping[str, str]) -> Expected:
    """What the project, its local files and the plugins that those enable say."""
    settings = [_json(project / ".claude" / name) for name in ("settings.json", "settings.local.json")]
    local = _json(home / ".claude.json").get("projects", {}).get(str(project), {})
    own = Expected(
        servers=(
            *_servers(_json(project / ".mcp.json").get("mcpServers", {}), environ),
            *_servers(local.get("mcpServers", {}), environ),
        ),
        rules=tuple(_project_rules(project)),
        hooks=tuple(hook for one in settings for hook in _hooks(one)),
    )
    return own + _named(project / ".claude") + _plugins(settings, home, environ)


def of_home(home: Path, environ: Mapping[str, str]) -> Expected:
    """What the user's own files and the plugins that those enable say."""
    settings = [_json(home / ".claude" / "settings.json")]
    files = [home / ".claude" / "CLAUDE.md", *sorted((home / ".claude" / "rules").rglob("*.md"))]
    own = Expected(
        servers=tuple(_servers(_json(home / ".claude.json").get("mcpServers", {}), environ)),
        rules=tuple(replace(_rule(file, home, "", private=False), personal=True) for file in files if file.exists()),
        hooks=tuple(hook for one in settings for hook in _hooks(one)),
    )
    found = own + _named(home / ".claude") + _plugins(settings, home, environ)
    return replace(found, hooks=tuple(replace(hook, personal=True) for hook in found.hooks))


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The keys of front matter as texts (lists joined by commas), and the text after it."""
    match = _FRONT_MATTER.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if match is None:
        return {}, text
    found: dict[str, str] = {}
    key = ""
    for line in match[1].split("\n"):
        begins = _KEY.match(line)
        if begins:
            key = begins[1]
            found[key] = "" if re.fullmatch(r"[>|][+-]?", begins[2]) else begins[2].strip()
        elif line.strip() and key:
            inner = line.strip()
            more = f", {_unquoted(inner[2:].strip())}" if inner.startswith("- ") else f" {inner}"
            found[key] = f"{found[key]}{more}".removeprefix(", ").removeprefix(" ")
    return {key: _unquoted(value) for key, value in found.items()}, match[2]


def _unquoted(value: str) -> str:
    if re.fullmatch(r'"(?:[^"\\]|\\.)*"', value):
        return str(json.loads(value))
    if re.fullmatch(r"'(?:[^']|'')*'", value):
        return value[1:-1].replace("''", "'")
    return value


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _plugins(settings: Sequence[Mapping[str, Any]], home: Path, environ: Mapping[str, str]) -> Expected:
    enabled = [name for one in settings for name, on in one.get("enabledPlugins", {}).items() if on]
    installed = _json(home / ".claude" / "plugins" / "installed_plugins.json").get("plugins", {})
    found = Expected()
    for identifier in enabled:
        root = Path(installed[identifier][0]["installPath"])
        name = identifier.partition("@")[0]
        table = _json(root / ".mcp.json")
        environment = {**environ, "CLAUDE_PLUGIN_ROOT": str(root)}
        found += _named(root, f"{name}:") + Expected(
            servers=tuple(_servers(table.get("mcpServers", table), environment, f"plugin_{name}_")),
            hooks=tuple(_hooks(_json(root / "hooks" / "hooks.json"), str(root))),
        )
    return found


def _named(folder: Path, namespace: str = "") -> Expected:
    skills = [
        _one(path, namespace, path.parent.name, path.parent.name) for path in sorted(folder.glob("skills/*/SKILL.md"))
    ]
    agents = []
    for path in sorted(folder.glob("agents/**/*.md")):
        inner = path.relative_to(folder / "agents").parent.parts if namespace else ()
        name = front_matter(path.read_text(encoding="utf-8"))[0].get("name", path.stem)
        agents.append(_one(path, namespace, ":".join((*inner, name)), name))
    commands = []
    for path in sorted(folder.glob("commands/**/*.md")):
        name = ":".join(path.relative_to(folder / "commands").with_suffix("").parts)
        commands.append(_one(path, namespace, name, name))
    return Expected(skills=tuple(skills), agents=tuple(agents), commands=tuple(commands))


def _one(path: Path, namespace: str, name: str, shown: str) -> Named:
    settings, text = front_matter(path.read_text(encoding="utf-8"))
    shown = settings.get("name", shown) if path.name == "SKILL.md" else shown
    name = shown if path.name == "SKILL.md" else name
    first = next((line.strip().lstrip("#").strip() for line in text.splitlines() if line.strip()), "")
    return Named(
        name=namespace + name,
        shown=shown,
        description=settings.get("description") or first,
        text=text.strip(),
        settings=settings,
    )


def _servers(table: Mapping[str, Any], environ: Mapping[str, str], prefix: str = "") -> Iterator[Server]:
    def filled(text: str) -> str:
        return _REFERENCE.sub(lambda match: environ.get(match[1], match[2] if match[2] is not None else match[0]), text)

    for name, entry in table.items():
        environment, headers = entry.get("env", {}), entry.get("headers", {})
        texts = [entry.get("command", ""), entry.get("url", ""), *entry.get("args", []), *environment.values()]
        yield Server(
            name=prefix + name,
            transport=entry.get("type", "stdio"),
            command=filled(entry["command"]) if "command" in entry else None,
            arguments=tuple(map(filled, entry.get("args", []))),
            environment={key: filled(value) for key, value in environment.items()},
            url=filled(entry["url"]) if "url" in entry else None,
            headers={key.lower(): filled(value) for key, value in headers.items()},
            templates={filled(text): text for text in (*texts, *headers.values())},
        )


def without_references(template: str, references: Sequence[str]) -> str:
    """A value as it is written, with nothing in the place of each of `references` (`${NAME:-default}`)."""
    for reference in references:
        template = template.replace(reference, "")
    return template


def without_defaults(template: str, references: Sequence[str]) -> str:
    """A value as it is written, with `${NAME}` in the place of each of `references` (`${NAME:-default}`)."""
    for reference in references:
        template = template.replace(reference, f"{reference.partition(':-')[0]}}}")
    return template


def _hooks(settings: Mapping[str, Any], plugin: str = "") -> Iterator[Hook]:
    for event, groups in settings.get("hooks", {}).items():
        for group in groups:
            for handler in group["hooks"]:
                if handler["type"] == "command":
                    command = handler["command"].replace("${CLAUDE_PLUGIN_ROOT}", plugin)
                    yield Hook(event=event, command=command)


def _project_rules(project: Path) -> Iterator[Rule]:
    folders = [project, *sorted({path.parent for path in project.rglob("*/CLAUDE*.md") if ".claude" not in path.parts})]
    for folder in dict.fromkeys(folders):
        directory = "" if folder == project else folder.relative_to(project).as_posix()
        public = [folder / "CLAUDE.md", folder / ".claude" / "CLAUDE.md"]
        public += sorted((folder / ".claude" / "rules").rglob("*.md"))
        for file in public:
            if file.exists():
                yield _rule(file, project, directory, private=False)
        if (local := folder / "CLAUDE.local.md").exists():
            yield _rule(local, project, directory, private=True)


def _rule(file: Path, root: Path, directory: str, *, private: bool) -> Rule:
    name = file.relative_to(root).as_posix()
    conditional = "paths" in front_matter(file.read_text(encoding="utf-8"))[0]
    return Rule(name=name, directory=directory, lines=tuple(_lines(file)), private=private, conditional=conditional)


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file of instructions and of what it imports. A line that mentions an import in the middle of a
    sentence may be rewritten, so only the parts around the mention are expected."""
    _, text = front_matter(file.read_text(encoding="utf-8"))
    for line in text.splitlines():
        position = 0
        for mention in _IMPORT.finditer(line):
            imported = file.parent / mention[1]
            if imported.is_file():
                yield from _said(line[position : mention.start()])
                yield from _lines(imported)
                position = mention.end()
        yield from _said(line[position:])


def _said(text: str) -> Iterator[str]:
    if len(text.strip()) > 3:
        yield text.strip()
