"""Continue's command line (`cn`): turns of `-p` with a model of one's own; there are no lists. Observed with 1.5.47."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen, Server
from harnesses.stub_model import tools_of
from harnesssync_orchestrator.core.markers import marker_name

_SKILL = re.compile(r"^name: ([^\n]*)\ndescription: (.*?)\n(?=,\nname: |\Z)", re.MULTILINE | re.DOTALL)


def ask(asking: Asking) -> Seen:
    config = asking.scratch.home / ".continue" / "config.yaml"
    configured = _configure(asking, config)
    base = ("--config", str(config), "--auto", "-p")
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    skills = tuple(_skills(asking, requests))
    called = {}
    if asking.question.call_commands:
        for name in _commands(asking):
            prompt = f"Follow {name} for {CALLED_WITH}."
            called[name] = asking.shown_by_tool("Skills", {"skill_name": name}, *base, prompt)
    return asking.seen(
        requests,
        servers=tuple(_named(server, configured) for server in asking.servers(str)),
        skills=skills,
        called=called,
        hooks=hooks,
    )


def _configure(asking: Asking, config: Path) -> list[dict[str, Any]]:
    """Add what the program can't do without; the servers that are configured."""
    config.parent.mkdir(exist_ok=True)
    document = yaml.safe_load(config.read_text()) if config.exists() else {}
    servers: list[dict[str, Any]] = document.get("mcpServers", [])
    model = {
        "name": "stub",
        "provider": "openai",
        "model": "stub",
        "apiBase": f"{asking.model.url}/v1",
        "apiKey": "none",
    }
    document |= {"name": "tests", "version": "0.0.1", "schema": "v1", "models": [{**model, "roles": ["chat"]}]}
    config.write_text(yaml.safe_dump(document))
    asking.environment |= {
        "CONTINUE_TELEMETRY_ENABLED": "0",
        "CONTINUE_METRICS_ENABLED": "0",
        "CONTINUE_CLI_DISABLE_COMMIT_SIGNATURE": "1",
    }
    return servers


def _named(server: Server, configured: Sequence[Mapping[str, Any]]) -> Server:
    """The names of tools do not tell whose they are: the one with these arguments or at this URL is meant."""
    (name,) = (
        one["name"]
        for one in configured
        if one.get("url") == server.url and tuple(one.get("args", ())) == server.arguments
    )
    return replace(server, name=name)


def _skills(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Those of which the description of the tool that reads them tells."""
    for request in requests[:1]:
        for tool, described in tools_of(request):
            if tool == "Skills":
                for name, description in _SKILL.findall(described["description"]):
                    yield Listed(name=name, description=asking.told(description))


def _commands(asking: Asking) -> Iterator[str]:
    """The names of skills that were made of commands: beside copies of skills stands what they are copies of."""
    for root in (asking.scratch.project, asking.scratch.home):
        for folder in sorted((root / ".continue/skills").glob("*/")):
            if not folder.with_name(marker_name(folder.name)).exists():
                yield folder.name
