"""Claude Code itself: turns of `--print`, and what it says of itself as they begin. Observed with 2.1.330."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_AGENTS = re.compile(r"^Available agent types for the Agent tool:\n(.*?)\n\n", re.MULTILINE | re.DOTALL)
_AGENT = re.compile(r"^- (\S+): (.*?) \(Tools: ([^\n]*)\)$", re.MULTILINE | re.DOTALL)
_SKILLS = re.compile(
    r"^The following skills are available for use with the Skill tool:\n\n(.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL
)
_SKILL = re.compile(r"^- ([\w.:-]+): (.*)$", re.MULTILINE)
_OWN_AGENTS = frozenset({"claude", "Explore", "general-purpose", "Plan", "statusline-setup"})
_EVERY_TOOL = "All tools"


def ask(asking: Asking) -> Seen:
    _configure(asking)
    before, sent = asking.started, len(asking.model.requests)
    told = asking.run("--print", "hello", "--output-format", "stream-json", "--verbose").stdout
    requests = asking.model.requests[sent:]
    hooks = asking.hooks_run(since=before)
    itself = next(_beginnings(told), {})
    skills = frozenset(itself.get("skills", ()))
    of_files = frozenset(_commands(asking, itself))
    called = {}
    if asking.question.call_commands:
        for name in sorted(of_files):
            called[name] = asking.told("\n".join(map(text_of, asking.turn("--print", f"/{name} {CALLED_WITH}"))))
    text = "\n".join(map(text_of, requests))
    listed = [
        Listed(name=name, description=asking.told(description))
        for names in dict.fromkeys(_SKILLS.findall(text))
        for name, description in _SKILL.findall(names)
    ]
    return asking.seen(
        requests,
        listed_servers=tuple(
            server["name"].replace(":", "_")
            for server in itself.get("mcp_servers", ())
            if server["status"] == "connected"
        ),
        servers=asking.servers(lambda tool: tool.removeprefix("mcp__").removesuffix("__")),
        skills=tuple(one for one in listed if one.name in skills - _OWN_SKILLS),
        agents=tuple(_agents(asking, text)),
        commands=tuple(one for one in listed if one.name in of_files),
        called=called,
        hooks=hooks,
    )


def _configure(asking: Asking) -> None:
    """Past the first start, and, in a project that is trusted, past the questions that a person is asked there."""
    if (asking.scratch.project / ".git").is_file():
        # The main checkout is only looked at from a worktree that it knows: from now on it knows the copy.
        asking.git("worktree", "repair")
    asking.environment |= {
        "ANTHROPIC_BASE_URL": asking.model.url,
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "ENABLE_TOOL_SEARCH": "false",  # the model is offered all tools at once, and not the means to look for them
    }
    file = asking.scratch.home / ".claude.json"
    state = json.loads(file.read_text()) if file.exists() else {}
    state["hasCompletedOnboarding"] = True
    projects = state.setdefault("projects", {})
    mine = projects.pop(asking.question.project, {})
    if asking.question.trusted:
        mine |= {
            "hasTrustDialogAccepted": True,
            "enabledMcpjsonServers": _shared_servers(asking),
            # In a folder of the project, what instructions above it import lies outside.
            "hasClaudeMdExternalIncludesApproved": True,
        }
    for place in (asking.scratch.project, asking.scratch.project / asking.question.directory):
        projects[str(place)] = mine
    file.write_text(json.dumps(state))


def _shared_servers(asking: Asking) -> list[str]:
    file = asking.scratch.project / ".mcp.json"
    return list(json.loads(file.read_text())["mcpServers"]) if file.exists() else []


def _beginnings(output: str) -> Iterator[dict[str, Any]]:
    """What the program says of itself before a turn."""
    for line in output.splitlines():
        if line.startswith('{"type":"system","subtype":"init"'):
            yield json.loads(line)


def _agents(asking: Asking, text: str) -> Iterator[Listed]:
    for agents in dict.fromkeys(_AGENTS.findall(text)):
        for name, description, tools in _AGENT.findall(agents):
            if name not in _OWN_AGENTS:
                settings = {} if tools == _EVERY_TOOL else {"permission": tools}
                yield Listed(name=name, description=asking.told(description), settings=settings)


def _commands(asking: Asking, itself: Mapping[str, Any]) -> Iterator[str]:
    """Those that are files of commands: the program has many of its own, and skills are called alike. In a linked
    worktree some may be in the main checkout."""
    pointer = asking.scratch.project / ".git"
    main = [Path(pointer.read_text().split()[1]).parents[2]] if pointer.is_file() else []
    roots = (asking.scratch.project, asking.scratch.home, *main)
    files = {
        ":".join(path.relative_to(folder).with_suffix("").parts)
        for folder in (root / ".claude/commands" for root in roots)
        for path in folder.rglob("*.md")
    }
    plugins = {
        f"{plugin['name']}:{path.stem}"
        for plugin in itself.get("plugins", ())
        for path in asking.scratch.home.glob(f".claude/plugins/cache/*/{plugin['name']}/*/commands/*.md")
    }
    yield from (files | plugins).intersection(itself.get("slash_commands", ()))


_OWN_SKILLS = frozenset(
    {
        "batch",
        "claude-api",
        "code-review",
        "dataviz",
        "debug",
        "deep-research",
        "doctor",
        "fewer-permission-prompts",
        "loop",
        "plugin-authoring",
        "run",
        "run-skill-generator",
        "simplify",
        "update-config",
        "verify",
        "workflow-authoring",
    }
)
