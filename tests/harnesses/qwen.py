"""Qwen Code: `mcp list`, and headless turns. Observed with 0.24.4."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_SERVER = re.compile(r"^\s*\S\s+(\S+)(?: \([^)]*\))?: .* \((?:stdio|http|sse)\) - ", re.MULTILINE)
_TOOL = re.compile(r'"(mcp__[\w.-]+)"')
_SKILL = re.compile(
    r"<skill>\s*<name>\s*(\S+)\s*</name>\s*<description>\s*((?:(?!</description>).)*?)"
    r"\s*\((?:project|user)\)\s*</description>",
    re.DOTALL,
)
_AGENTS = re.compile(r"^- \*\*(\S+)\*\*: (.*)$", re.MULTILINE)
_OWN_AGENTS = frozenset(
    {"general-purpose", "Explore", "statusline-setup", "review-agent", "claude-code", "codex", "fork"}
)


def ask(asking: Asking) -> Seen:
    _configure(asking)
    if asking.question.trusted:
        asking.run("mcp", "approve", "--all")
    servers = _SERVER.findall(asking.run("mcp", "list").output)
    base = ("--approval-mode", "yolo" if asking.question.trusted else "default")
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    text = "\n".join(map(text_of, requests))
    commands = tuple(_commands(asking))
    called = {}
    if asking.question.call_commands:
        for name in commands:
            called[name] = _last_text(asking, asking.turn(*base, f"/{name} {CALLED_WITH}"))
    shown = ""
    if asking.question.reads:
        arguments = {"file_path": str(asking.scratch.project / asking.question.reads)}
        shown = asking.shown_by_tool("read_file", arguments, *base, "read it")
    return asking.seen(
        requests,
        listed_servers=tuple(servers),
        servers=asking.servers(lambda tool: tool.removeprefix("mcp__").removesuffix("__"), _TOOL.findall(text)),
        skills=tuple(
            Listed(name=name, description=asking.told(description))
            for name, description in dict.fromkeys(_SKILL.findall(text))
            if name not in commands
        ),
        agents=tuple(
            Listed(name=name, description=asking.told(description))
            for name, description in dict.fromkeys(_AGENTS.findall(text))
            if name not in _OWN_AGENTS
        ),
        called=called,
        shown=shown,
        hooks=hooks,
    )


def _commands(asking: Asking) -> Iterator[str]:
    """The names by which the files of commands are called. The model is shown them among the skills."""
    names = set()
    for root in (asking.scratch.project, asking.scratch.home):
        folder = root / ".qwen" / "commands"
        names |= {":".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("*.md")}
    yield from sorted(names)


def _last_text(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> str:
    """What stands in the place of what was typed."""
    messages = [one for request in requests for one in request.get("messages", ()) if one.get("role") == "user"]
    return asking.told(text_of([one["content"] for one in messages])) if messages else ""


def _configure(asking: Asking) -> None:
    settings = asking.scratch.home / ".qwen" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    document = json.loads(settings.read_text()) if settings.exists() else {}
    document.setdefault("security", {}).update(auth={"selectedType": "openai"}, folderTrust={"enabled": True})
    document.setdefault("general", {}).update(enableAutoUpdate=False, disableAutoUpdate=True)
    document.update(model={"name": "stub"}, privacy={"usageStatisticsEnabled": False}, telemetry={"enabled": False})
    settings.write_text(json.dumps(document))
    asking.environment |= {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{asking.model.url}/v1",
        "OPENAI_MODEL": "stub",
        "QWEN_CODE_NO_RELAUNCH": "1",
        "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
    }
    if asking.question.trusted:
        trusted = settings.parent / "trustedFolders.json"
        trusted.write_text(json.dumps({str(asking.scratch.project): "TRUST_FOLDER"}))
