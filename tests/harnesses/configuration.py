"""A configuration in Claude Code's layout with something of everything, and the real command that syncs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harnesses.asking import HOOK

SERVER = "stand-in-server"
"""The program that MCP servers of the tests start."""

ENVIRONMENT = {"STATION_TOKEN": "token-8f3a", "STATION_KEY": "key-51c0"}
"""What the person who starts the harnesses has set; `STATION_LEVEL` is left unset."""

PRIVATE = "The person at this desk prefers short answers."
"""A sentence of `CLAUDE.local.md`."""


def write(path: Path, content: str | Mapping[str, Any]) -> None:
    """Write text, or an object as JSON, and make the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2) + "\n", encoding="utf-8")


def markdown(text: str, **front: str) -> str:
    """A Markdown file with front matter; underscores in the names of keys are written as hyphens."""
    lines = [f"{key.replace('_', '-')}: {value}" for key, value in front.items()]
    return "\n".join(["---", *lines, "---", "", text, ""])


def hook(layer: str, event: str) -> dict[str, Any]:
    """The entry of one hook that starts the stand-in for hooks."""
    return {"hooks": [{"type": "command", "command": f"{HOOK} {layer} {event}", "timeout": 20}]}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def make_repository(project: Path) -> None:
    """Make the folder a git repository in which everything is committed that is not ignored."""
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Begin")):
        git(project, *arguments)


def git(project: Path, *arguments: str) -> str:
    """Run git in a project, with settings of nobody; what it prints."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(project.parent),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        **{f"GIT_{who}_{what}": "t@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    command = ["git", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, cwd=project, env=environ, check=True, capture_output=True, text=True).stdout


def harnesssync(home: Path, *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
    """Run the installed command as the person with this home; what it prints. Raises AssertionError otherwise."""
    command = Path(sys.executable).with_name("harnesssync")
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "GIT_CONFIG_GLOBAL": "/dev/null"}
    result = subprocess.run([command, *arguments], env=environ, check=False, capture_output=True, text=True, cwd=home)
    assert result.returncode in ok, f"{arguments}: {result.returncode}: {result.stdout[-3000:]}{result.stderr[-3000:]}"
    return result.stdout


CODE = """Write such a function:

```python
@harbour.watch(every=60)
def watch(price="5$", path="@ferry.test"):
    return f"{{{price}}}"
```"""
"""The text of a command in which nothing is meant for Claude Code: no file `harbour.watch` is there."""


def sync(
    project: Path, home: Path, harnesses: Iterable[str], *options: str, ok: tuple[int, ...] = (0,)
) -> list[dict[str, Any]]:
    """Register, trust and sync the project and the home; the reports of both. `ok` are the exit codes to expect."""
    targets = [argument for harness in harnesses for argument in ("--target", harness)]
    reports: list[dict[str, Any]] = []
    for registered in (str(project), "--user"):
        harnesssync(home, "ctl", "add", registered, *targets)
    for place in (("--project", str(project)), ("--user",)):
        reports += json.loads(harnesssync(home, "sync", *place, *targets, *options, "--json", ok=ok))["projects"]
    return reports


def build_full(project: Path, home: Path) -> None:
    """A project and a home in which every layer says something of every kind."""
    _rules(project, home)
    _named(project, home)
    _servers(project, home)
    _settings(project, home)
    # Without one, Continue gets no servers: it needs more than these in it.
    write(home / ".continue/config.yaml", "name: tests\nversion: 0.0.1\nschema: v1\n")
    write(project / ".gitignore", "CLAUDE.local.md\n.claude/settings.local.json\n")
    make_repository(project)


def build_plain(project: Path, home: Path) -> None:
    """A project whose instructions are one plain file, and a home with another; and a command with code in it."""
    write(project / "CLAUDE.md", "# Ferry\n\nTimetables are in minutes since midnight.\n\nNever round departures up.\n")
    write(home / ".claude" / "CLAUDE.md", "Explain the tides before the timetable.\n")
    write(project / ".claude/commands/watch.md", markdown(CODE, description="Watch the harbour"))
    make_repository(project)


def _rules(project: Path, home: Path) -> None:
    intro = "# Station\n\nTrains are numbered from the north.\n"
    write(project / "CLAUDE.md", f"{intro}\n@docs/style.md\n\nReleases follow @docs/releases.md without exceptions.\n")
    write(project / "docs" / "style.md", "Write platforms in capital letters.\n\n@more/units.md\n")
    write(project / "docs" / "more" / "units.md", "Distances are in metres.\n")
    write(project / "docs" / "releases.md", "A release leaves on Tuesday.\n")
    write(project / ".claude" / "rules" / "signals.md", "Signals fail to red.\n")
    write(
        project / ".claude" / "rules" / "deep" / "tests.md", markdown("Test each switch twice.", paths='["tests/**"]')
    )
    write(project / "packages" / "api" / "CLAUDE.md", "The interface answers in local time.\n")
    write(project / "packages" / "api" / "server.py", "PORT = 8080\n")
    write(project / "CLAUDE.local.md", f"{PRIVATE}\n")
    write(home / ".claude" / "CLAUDE.md", "Every answer ends with the source.\n")
    write(home / ".claude" / "rules" / "tone.md", "Be polite to passengers.\n")


def _named(project: Path, home: Path) -> None:
    own = project / ".claude"
    reads = "Reads timetables from PDF files. Use when: a timetable is a PDF."
    write(
        own / "skills/timetables/SKILL.md",
        markdown("Run scripts/read.py.", name="timetables", description=f'"{reads}"'),
    )
    write(own / "skills/timetables/references/columns.md", "The first column is the train.\n")
    write(own / "skills/timetables/scripts/read.py", "print('08:15')\n")
    write(
        own / "skills/delay-notes/SKILL.md",
        markdown("Say why.", name="delay-notes", description=">\n  Writes notes about delays\n  for passengers."),
    )
    inspector = markdown(
        "You inspect signals and change nothing.",
        name="signal-inspector",
        description="Inspects signals. Use after each change.",
        tools="Read, Grep, Glob",
        model="sonnet",
    )
    write(own / "agents/signal-inspector.md", inspector)
    write(own / "agents/yard/shunter.md", markdown("You shunt.", name="shunter", description="Moves wagons about."))
    write(
        own / "commands/find-train.md",
        markdown("Find the train $ARGUMENTS and say where it is.", description="Find a train"),
    )
    write(own / "commands/yard/couple.md", markdown("Couple the wagons in the yard.", description="Couple wagons"))
    write(own / "commands/route.md", markdown("Plan a route from $0, avoiding tunnels.", description="Plan a route"))

    theirs = home / ".claude"
    write(
        theirs / "skills/diary/SKILL.md",
        markdown("Keep the diary.", name="diary", description="Keeps a diary of journeys."),
    )
    write(
        theirs / "agents/explainer.md", markdown("You explain.", name="explainer", description="Explains timetables.")
    )
    write(
        theirs / "commands/standup.md",
        markdown("Summarise what I did since $ARGUMENTS.", description="Write a standup"),
    )

    for name in ("signalling", "desk", "wardrobe"):
        _plugin(home, name)
    installed = {
        f"{name}@yard": [{"scope": "user", "installPath": str(_plugin_root(home, name)), "version": "1.0.0"}]
        for name in ("signalling", "desk", "wardrobe")
    }
    write(theirs / "plugins/installed_plugins.json", {"version": 2, "plugins": installed})
    # Claude Code itself takes no plugin whose marketplace it doesn't know.
    yard = theirs / "plugins/marketplaces/yard"
    sources = [{"name": name, "source": f"./{name}"} for name in ("signalling", "desk", "wardrobe")]
    write(yard / ".claude-plugin/marketplace.json", {"name": "yard", "owner": {"name": "t"}, "plugins": sources})
    marketplace = {
        "source": {"source": "github", "repo": "yard/yard"},
        "installLocation": str(yard),
        "lastUpdated": "2026-01-01T00:00:00.000Z",
    }
    write(theirs / "plugins/known_marketplaces.json", {"yard": marketplace})


def _plugin_root(home: Path, name: str) -> Path:
    return home / ".claude/plugins/cache/yard" / name / "1.0.0"


def _plugin(home: Path, name: str) -> None:
    """A plugin that brings one of each kind."""
    root = _plugin_root(home, name)
    write(root / ".claude-plugin/plugin.json", {"name": name, "version": "1.0.0"})
    write(
        root / f"skills/{name}-checks/SKILL.md",
        markdown(f"Check the {name}.", name=f"{name}-checks", description=f"Checks of the {name}."),
    )
    helper = markdown(f"You help with the {name}.", name="helper", description=f"Helps with the {name}.")
    write(root / "agents/helper.md", helper)
    write(root / "commands/tidy.md", markdown(f"Tidy the {name}: $ARGUMENTS.", description=f"Tidy the {name}"))
    server = {"command": SERVER, "args": ["--of", name, "${CLAUDE_PLUGIN_ROOT}/data"], "env": {"PLUGIN": name}}
    write(root / ".mcp.json", {"mcpServers": {"store": server}})
    write(root / "hooks/hooks.json", {"hooks": {"SessionStart": [hook(name, "SessionStart")]}})


def _servers(project: Path, home: Path) -> None:
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in ("docs", "events", "scratchpad")}
    files = {
        "command": SERVER,
        "args": ["--root", ".", "--label", "a b", "--price", "5$", ""],
        "env": {"STATION_TOKEN": "${STATION_TOKEN}", "LITERAL": "north and south", "RENAMED": "key=${STATION_KEY}"},
    }
    scaled = {"command": SERVER, "args": ["--level", "${STATION_LEVEL:-3}"]}
    keyed = {"type": "http", "url": f"{urls['docs']}/keyed", "headers": {"X-Key": "${STATION_KEY}"}}
    docs = {
        "type": "http",
        "url": f"{urls['docs']}/mcp?line=2",
        "headers": {"Authorization": "Bearer ${STATION_TOKEN}", "X-Line": "two"},
    }
    events = {"type": "sse", "url": f"{urls['events']}/sse", "headers": {"X-Key": "${STATION_KEY}"}}
    servers = {"files": files, "scaled": scaled, "docs": docs, "keyed": keyed, "events": events}
    write(project / ".mcp.json", {"mcpServers": servers})
    journal = {"type": "stdio", "command": SERVER, "args": ["--journal"], "env": {"KIND": "personal"}}
    scratchpad = {"type": "http", "url": f"{urls['scratchpad']}/mcp", "headers": {"X-Desk": "mine"}}
    state = {"mcpServers": {"journal": journal}, "projects": {str(project): {"mcpServers": {"scratchpad": scratchpad}}}}
    write(home / ".claude.json", state)


def _settings(project: Path, home: Path) -> None:
    events = ("SessionStart", "UserPromptSubmit", "Stop")
    tool_hook = {"matcher": "Bash", **hook("project", "PreToolUse")}
    shared = {
        "permissions": {"allow": ["Bash(make test:*)"], "ask": ["Bash(git push:*)"], "deny": ["Read(./.env)"]},
        "env": {"STATION_MODE": "practice"},
        "hooks": {**{event: [hook("project", event)] for event in events}, "PreToolUse": [tool_hook]},
        "enabledPlugins": {"signalling@yard": True},
    }
    write(project / ".claude/settings.json", shared)
    local = {
        "permissions": {"allow": ["Bash(make lint:*)"]},
        "hooks": {"SessionStart": [hook("local", "SessionStart")]},
        "enabledPlugins": {"desk@yard": True},
    }
    write(project / ".claude/settings.local.json", local)
    personal = {
        "permissions": {"deny": ["Bash(rm -rf:*)"]},
        "hooks": {"SessionStart": [hook("user", "SessionStart")]},
        "enabledPlugins": {"wardrobe@yard": True},
    }
    write(home / ".claude/settings.json", personal)
