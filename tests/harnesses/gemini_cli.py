"""Gemini CLI: `mcp list`, `skills list`, and headless turns. Observed with 0.61.0."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.expected import front_matter
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_SERVER = re.compile(r"^\s*\S\s+(\S+)(?: \(from [^)]*\))?: .* \((?:stdio|http|sse)\) - (.*)$", re.MULTILINE)
_SKILL = re.compile(
    r"^(\S+) \[(Enabled|Disabled)\][^\n]*\n\s+Description: (.*?)\n\s+Location:\s+([^\n]*)", re.MULTILINE | re.DOTALL
)
_AGENTS = re.compile(r"^- (\S+) -> (.*?)(?=^- \S+ -> |^Remember that )", re.MULTILINE | re.DOTALL)
_OWN_AGENTS = frozenset({"codebase_investigator", "cli_help", "generalist", "browser_agent"})
_NOT_TRUSTED = 55
"""The exit code with which a headless run refuses a folder that is not trusted."""


def ask(asking: Asking) -> Seen:
    _configure(asking)
    servers = _SERVER.findall(asking.run("mcp", "list").output)
    skills = _SKILL.findall(asking.run("skills", "list").output)
    mode = "yolo" if asking.question.trusted else "default"
    base = ("-m", "gemini-2.5-pro", "--approval-mode", mode, "-p")
    ok = (0,) if asking.question.trusted else (_NOT_TRUSTED,)
    before = asking.started
    requests = asking.turn(*base, "hello", ok=ok)
    hooks = asking.hooks_run(since=before)
    called = {}
    if asking.question.call_commands:
        for name in _commands(asking):
            called[name] = _last_text(asking, asking.turn(*base, f"/{name} {CALLED_WITH}"))
    return asking.seen(
        requests,
        listed_servers=tuple(name for name, status in servers if status == "Connected"),
        servers=asking.servers(lambda tool: tool.removeprefix("mcp_").removesuffix("_")),
        skills=tuple(
            Listed(
                name=name,
                description=asking.told(description),
                file=asking.scratch.shown(location),
                settings={"enabled": enabled == "Enabled"},
            )
            for name, enabled, description, location in skills
        ),
        agents=tuple(_agents(asking, requests)),
        called=called,
        hooks=hooks,
        refusal=None if requests else "not trusted",
    )


def _configure(asking: Asking) -> None:
    settings = asking.scratch.home / ".gemini" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    document = json.loads(settings.read_text()) if settings.exists() else {}
    document.setdefault("security", {}).update(auth={"selectedType": "gemini-api-key"}, folderTrust={"enabled": True})
    document.setdefault("general", {}).update(enableAutoUpdate=False, enableAutoUpdateNotification=False)
    document.update(privacy={"usageStatisticsEnabled": False}, telemetry={"enabled": False})
    settings.write_text(json.dumps(document))
    asking.environment |= {
        "GEMINI_API_KEY": "none",
        "GOOGLE_GEMINI_BASE_URL": asking.model.url,
        "GEMINI_CLI_NO_RELAUNCH": "true",
    }
    if asking.question.trusted:
        asking.environment["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
        acknowledged = settings.parent / "acknowledgments" / "agents.json"
        acknowledged.parent.mkdir(exist_ok=True)
        acknowledged.write_text(json.dumps({str(asking.scratch.project): _agent_hashes(asking)}))


def _agent_hashes(asking: Asking) -> dict[str, str]:
    """What a person acknowledges of a project's agents: the name and the content of each."""
    return {
        str(front_matter(path.read_text())[0].get("name", path.stem)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (asking.scratch.project / ".gemini" / "agents").glob("*.md")
    }


def _agents(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    for request in requests[:1]:
        for name, description in _AGENTS.findall(text_of(request)):
            if name not in _OWN_AGENTS:
                yield Listed(name=name, description=asking.told(description).strip())


def _commands(asking: Asking) -> Iterator[str]:
    """The names by which the files of commands are called: there is no list, but for people."""
    names = set()
    for root in (asking.scratch.project, asking.scratch.home):
        folder = root / ".gemini" / "commands"
        names |= {":".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.toml")}
    yield from sorted(names)


def _last_text(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> str:
    """What stands in the place of what was typed."""
    contents = requests[-1].get("contents") if requests else None
    return asking.told(text_of(contents[-1]["parts"])) if contents else ""
