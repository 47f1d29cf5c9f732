"""A project and a home with something of everything, made from a number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.projects import manners

VARIABLES = {"ORCHARD_TOKEN": "value-of-the-orchard-7c1d", "KILN_KEY": "value-of-the-kiln-e90a"}
"""What a person has set who starts the harnesses. No value of it may stand anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A project and a home. `agents` are the descriptions of the project's by their names, `refused` the commands with
    a name of no file, `credentials` what is written out in files that only one person has."""

    root: Path
    home: Path
    agents: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


def make(number: int, root: Path, home: Path) -> Made:
    """The project of this number, always the same. `root` and `home` are to be empty; git is left to the caller."""
    dice, made = Random(number), Made(root=root, home=home)  # noqa: S311 - projects, no secrets
    _rules(dice, made)
    names = [manners.name(dice) for _ in range(dice.randint(2, 5))]
    plugin = home / ".claude/plugins/cache/market/tools/1.0.0"
    for folder in (root / ".claude", home / ".claude", plugin):  # the same names in all of them
        for one in dict.fromkeys(names):
            _skill(dice, folder, one)
            _agent(dice, made, folder, one)
            _command(dice, made, folder, one)
    _install(dice, made, plugin)
    _servers(dice, made)
    _settings(dice, made)
    _files_of_a_person(dice, made)
    return made


def _write(path: Path, content: bytes | str, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o755 if executable else 0o644)


def _rules(dice: Random, made: Made) -> None:
    root, home = made.root, made.home
    imported = dice.random() < 0.6
    text = manners.body(dice, *(["See @docs/style.md for style."] if imported else []))
    _write(root / "CLAUDE.md", manners.encoded(dice, text))
    _write(root / "docs/style.md", manners.encoded(dice, manners.body(dice)))
    for folder in dice.sample(["packages/api", "packages/web app", "docs", "a/b/c/d"], dice.randint(0, 3)):
        _write(root / folder / "CLAUDE.md", manners.encoded(dice, manners.body(dice)))
    for rule in dice.sample(["tests", "deep/er/style", "Sécurité"], dice.randint(0, 3)):
        globs = dice.sample(["**/*.ts", "src/**", "*.{js,jsx}", "docs/[a-z]*.md"], dice.randint(1, 3))
        text = manners.body(dice)
        if dice.random() < 0.6:
            text = manners.markdown(dice, {"paths": globs}, text)
        _write(root / f".claude/rules/{rule}.md", manners.encoded(dice, text))
    if dice.random() < 0.4:
        _write(root / "CLAUDE.local.md", manners.encoded(dice, "Mine alone.\n" + manners.body(dice)))
    if dice.random() < 0.7:
        _write(home / ".claude/CLAUDE.md", manners.encoded(dice, manners.body(dice)))


def _skill(dice: Random, layer: Path, name: str) -> None:
    """Text, scripts that can be executed, binary files, empty ones, and folders in folders."""
    if dice.random() < 0.25:
        return
    folder = layer / "skills" / name
    shown = name if dice.random() < 0.8 else f"{name} of old"
    front = {"name": shown, "description": manners.sentence(dice)}
    if dice.random() < 0.3:
        front["allowed-tools"] = ["Read", "Bash(git log:*)"]  # type: ignore[assignment]
    _write(folder / "SKILL.md", manners.encoded(dice, manners.markdown(dice, front, manners.body(dice))))
    _write(folder / "scripts/run.sh", "#!/bin/sh\nexit 0\n", executable=True)
    _write(folder / "assets/deep/er/logo.png", b"\x89PNG\r\n\x1a\n" + dice.randbytes(dice.randint(0, 3000)))
    _write(folder / "references/empty.md", b"")
    _write(folder / "references/with spaces & ümlauts.md", manners.encoded(dice, manners.body(dice)))


def _agent(dice: Random, made: Made, layer: Path, name: str) -> None:
    if dice.random() < 0.25:
        return
    folder = layer / "agents" / dice.choice(["", "", "team", "team/deep"])
    front: dict[str, str | list[str]] = {"name": name, "description": manners.sentence(dice)}
    if dice.random() < 0.5:
        front["tools"] = dice.sample(["Read", "Grep", "Glob", "Bash", "Edit", "mcp__files__list"], dice.randint(1, 4))
    if dice.random() < 0.4:
        front["model"] = dice.choice(["sonnet", "opus", "inherit"])
    text = manners.markdown(dice, front, manners.body(dice))
    _write(folder / f"{dice.choice([name, 'file-of-' + name])}.md", manners.encoded(dice, text))
    if layer == made.root / ".claude":
        made.agents[name] = str(front["description"])


def _command(dice: Random, made: Made, layer: Path, name: str) -> None:
    """Some with the name of a skill, some in folders, some with nothing but text; and some with a name of no file."""
    if dice.random() < 0.25:
        return
    place = dice.choice([name, f"do-{name}", f"git/{name}", f"git/deep/{name}", "con", "-dash", "with spaces"])
    if place in ("con", "-dash"):
        made.refused.append(place)
    mentions = [
        "Fix $ARGUMENTS, first $0.",
        "State: !`git status --short`",
        "Read @docs/style.md and ask @alice.",
        'Literal {{args}}, !{x}, @{y} and "$0".',
    ]
    text = manners.body(dice, *dice.sample(mentions, dice.randint(0, 4)))
    if dice.random() < 0.7:
        front: dict[str, str | list[str]] = {"description": manners.sentence(dice)}
        if dice.random() < 0.4:
            front["argument-hint"] = "[issue] [--dry-run]"
        if dice.random() < 0.4:
            front["allowed-tools"] = ["Bash(git:*)", "Read"]
        text = manners.markdown(dice, front, text)
    _write(layer / f"commands/{place}.md", manners.encoded(dice, text))


def _install(dice: Random, made: Made, plugin: Path) -> None:
    """The plugin as Claude Code records it, switched on for the person or for the team."""
    _write(plugin / ".claude-plugin/plugin.json", json.dumps({"name": "tools", "version": "1.0.0"}))
    record = [{"scope": "user", "installPath": str(plugin), "version": "1.0.0"}]
    installed = {"version": 2, "plugins": {"tools@market": record}}
    _write(made.home / ".claude/plugins/installed_plugins.json", json.dumps(installed))
    if dice.random() < 0.5:
        _write(made.home / ".claude/settings.json", json.dumps({"enabledPlugins": {"tools@market": True}}))


def _servers(dice: Random, made: Made) -> None:
    """References of each kind in what a team has; what is written out only where one person alone has it."""
    known = {
        "files": {"command": "npx", "args": ["-y", "files", "--root", "."], "env": {"TOKEN": "${ORCHARD_TOKEN}"}},
        "docs.v2": {"type": "http", "url": "https://docs.example/mcp", "headers": {"X-Key": "${KILN_KEY}"}},
        "with spaces": {"command": "uvx", "args": ["a b", "", "5$", "--level=${LEVEL:-3}"]},
        "events": {"type": "sse", "url": "https://events.example/sse"},
        "Ünïcode": {"command": "./server.sh", "env": {"GREETING": 'said "hé" 🦊\n'}},
    }
    chosen = {name: known[name] for name in dice.sample(sorted(known), dice.randint(0, 5))}
    text = json.dumps({"mcpServers": chosen}, indent=dice.choice([2, 4, "\t"]), ensure_ascii=dice.random() < 0.5)
    _write(made.root / ".mcp.json", manners.encoded(dice, text))
    credential = f"ghp_{dice.getrandbits(180):036x}"[:40]
    mine = {"command": "npx", "args": ["mine"], "env": {"GITHUB_TOKEN": credential}}
    made.credentials.append(credential)
    state = {"mcpServers": {"mine": mine}, "projects": {str(made.root): {"mcpServers": {"here": mine}}}}
    _write(made.home / ".claude.json", json.dumps(state))


def _settings(dice: Random, made: Made) -> None:
    rules = [
        *("Bash(npm run lint:*)", "Bash(git * main)", "Read(./.env)", "WebFetch(domain:evil.example)", "mcp__files"),
        *("Bash(sudo*)", "Read(src/**)", "Edit", "WebSearch", "Bash(echo 'a \"b\" $c')", "Read(//etc/**)"),
    ]
    dice.shuffle(rules)
    guard = {"type": "command", "command": '"$CLAUDE_PROJECT_DIR"/.claude/hooks/guard.sh', "timeout": 10}
    hooks = {
        "PreToolUse": [{"matcher": dice.choice(["Bash", "Edit|Write", "*", "mcp__.*"]), "hooks": [guard]}],
        "SessionStart": [{"hooks": [{"type": "command", "command": "echo 'hé' \"$HOME\""}]}],
        "Stop": [{"hooks": [{"type": "command", "command": "true"}]}],
    }
    shared = {
        "permissions": {"allow": rules[:3], "ask": rules[3:5], "deny": rules[5:8]},
        "hooks": {event: hooks[event] for event in dice.sample(sorted(hooks), dice.randint(0, 3))},
        "enabledPlugins": {"tools@market": dice.random() < 0.7},
        "env": {"MODE": dice.choice(["practice", "line\nbreak", 'quo"te']), "LEVEL": "3"},
    }
    text = json.dumps(shared, indent=dice.choice([2, 4]))
    _write(made.root / ".claude/settings.json", manners.encoded(dice, text))
    _write(made.root / ".claude/hooks/guard.sh", "#!/bin/sh\nexit 0\n", executable=True)
    if dice.random() < 0.5:
        local = {"permissions": {"deny": [rules[9]], "defaultMode": dice.choice(["plan", "acceptEdits", "default"])}}
        _write(made.root / ".claude/settings.local.json", json.dumps(local))


_THEIRS: Mapping[str, str] = {
    ".gemini/settings.json": '{\n  // mine\n  "ui": {"hideTips": true},\n  "mcpServers": {"o": {"command": "o"}},\n}\n',
    ".codex/config.toml": "# mine\nmodel = \"x\"   # the best\n\n[mcp_servers.own]\ncommand = 'own'\n",
    "opencode.json": '{"$schema":"https://opencode.ai/config.json","autoupdate":false}',
    ".cursor/mcp.json": '{\n\t"mcpServers": {\n\t\t"own": {"command": "own"} /* mine */\n\t}\n}\n',
    ".qwen/settings.json": "{}\n",
    ".aider.conf.yml": "# mine\nmap-tokens: 1024\nread:\n- NOTES.md   # first\n",
}
_THEIRS_AT_HOME: Mapping[str, str] = {
    ".config/goose/config.yaml": "extensions:\n  own: {name: own, type: builtin}  # mine\nGOOSE_MODE: auto\n",
    ".codex/config.toml": 'model = "x"\n',
    ".gemini/settings.json": '{"mcpServers":{}}',
    ".config/zed/settings.json": '// Zed settings\n{\n  "theme": "One",\n}\n',
}
"""Files of harnesses in which a person has something too, in manners of their own."""


def _files_of_a_person(dice: Random, made: Made) -> None:
    for scope, theirs in ((made.root, _THEIRS), (made.home, _THEIRS_AT_HOME)):
        for path in dice.sample(sorted(theirs), dice.randint(0, len(theirs))):
            _write(scope / path, manners.encoded(dice, theirs[path]))
    _write(made.root / "NOTES.md", "Notes.\n")
