"""Factory Droid: `mcp list`, and turns of `exec` with a model of one's own. Observed with 0.225.2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_SERVER = re.compile(r"^\s+(\S+)\s+(?:stdio|http|sse)\s+\S.*?\s+\[\w+\]", re.MULTILINE)
_TOOL = re.compile(r"(\S+___\S+) \(\[MCP\]")
_SKILLS = re.compile(r"^Available skills.*?\n(.*?)(?=\n<|\Z)", re.MULTILINE | re.DOTALL)
_SKILL = re.compile(r"^([\w.:-]+): (.*)$", re.MULTILINE)
_AGENT = re.compile(r"^- (\S+): (.*) \(location: \w+\)$", re.MULTILINE)


def ask(asking: Asking) -> Seen:
    settings = asking.scratch.home / "stub.json"
    settings.write_text(json.dumps({"customModels": [_model(asking)], "enableDroidShield": False}))
    asking.environment |= {"FACTORY_AIRGAP_ENABLED": "1", "FACTORY_DROID_AUTO_UPDATE_ENABLED": "false"}
    base = ("exec", "--settings", str(settings), "-m", "custom:stub-0", "--auto", "high")
    servers = _SERVER.findall(asking.run("mcp", "list").output)
    tools = _TOOL.findall(asking.run(*base, "--list-tools").output)  # a turn is not put off until all are connected
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    called = {}
    if asking.question.call_commands:
        for name in _commands(asking):
            called[name] = asking.told("\n".join(map(text_of, asking.turn(*base, f"/{name} {CALLED_WITH}"))))
    text = "\n".join(map(text_of, requests))
    return asking.seen(
        requests,
        listed_servers=tuple(servers),
        servers=asking.servers(lambda tool: tool.removesuffix("___"), tools),
        skills=tuple(_skills(asking, text)),
        agents=tuple(
            Listed(name=name, description=asking.told(description))
            for name, description in dict.fromkeys(_AGENT.findall(text))
        ),
        called=called,
        hooks=hooks,
    )


def _model(asking: Asking) -> dict[str, Any]:
    return {
        "model": "stub",
        "displayName": "stub",
        "baseUrl": f"{asking.model.url}/v1",
        "apiKey": "none",
        "provider": "generic-chat-completion-api",
        "maxOutputTokens": 1000,
    }


def _skills(asking: Asking, text: str) -> Iterator[Listed]:
    """Those of the project and the home: the program shows its own in the same list."""
    names = {
        path.name for root in (asking.scratch.project, asking.scratch.home) for path in root.glob(".agents/skills/*")
    }
    for listed in dict.fromkeys(_SKILLS.findall(text)):
        for name, description in _SKILL.findall(listed):
            if name in names:
                yield Listed(name=name, description=asking.told(description))


def _commands(asking: Asking) -> Iterator[str]:
    """The names by which the files of commands are called."""
    roots = (asking.scratch.project, asking.scratch.home)
    yield from sorted({path.stem for root in roots for path in root.glob(".factory/commands/*.md")})
