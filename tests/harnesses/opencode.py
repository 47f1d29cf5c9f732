"""OpenCode, and Kilo Code, which is made from it: `debug config`, `debug skill`, and turns of `run`.

Observed with OpenCode 1.18.33 and Kilo Code 7.7.7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_SWITCHED_OFF = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE", "SESSION_INGEST")


def ask(asking: Asking) -> Seen:
    prefix = asking.harness.upper()
    asking.environment[f"{prefix}_CONFIG_CONTENT"] = json.dumps(_provider(asking))
    asking.environment |= {f"{prefix}_DISABLE_{name}": "1" for name in _SWITCHED_OFF}
    if asking.harness == "kilo":
        asking.environment["KILO_TELEMETRY_LEVEL"] = "off"
        asking.run("config", "check")
    config = _document(asking.run("debug", "config").stdout) or {}
    skills = _document(asking.run("debug", "skill").stdout) or []
    before = asking.started
    requests = asking.turn("run", "hello")
    hooks = asking.hooks_run(since=before)
    commands = config.get("command") or {}
    called = {}
    if asking.question.call_commands:
        for name in commands:
            called[name] = "\n".join(map(text_of, asking.turn("run", "--command", name, CALLED_WITH)))
    return asking.seen(
        requests,
        listed_servers=tuple(name for name, one in (config.get("mcp") or {}).items() if one.get("enabled", True)),
        servers=asking.servers(lambda tool: tool.removesuffix("_")),
        skills=tuple(_skill(asking, skill) for skill in skills if _is_ours(asking, skill)),
        agents=tuple(_listed(asking, name, one, "prompt") for name, one in (config.get("agent") or {}).items()),
        commands=tuple(_listed(asking, name, one, "template") for name, one in commands.items()),
        called=called,
        hooks=hooks,
        permissions=config.get("permission") or {},
    )


def _provider(asking: Asking) -> dict[str, Any]:
    options = {"baseURL": f"{asking.model.url}/v1", "apiKey": "none"}
    stub = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "stub",
        "options": options,
        "models": {"stub": {"name": "stub"}},
    }
    return {
        "model": "stub/stub",
        "small_model": "stub/stub",
        "autoupdate": False,
        "share": "disabled",
        "provider": {"stub": stub},
    }


def _document(text: str) -> Any:
    """The JSON value in what is printed; lines of talk may stand before it."""
    starts = [index for index in (text.find("{"), text.find("[")) if index >= 0]
    return json.JSONDecoder().raw_decode(text[min(starts) :])[0] if starts else None


def _is_ours(asking: Asking, skill: Mapping[str, Any]) -> bool:
    """Is it a file of the project or the home, and not one that comes with the program?"""
    location = str(skill.get("location", ""))
    return any(location.startswith(f"{root}/") for root in (asking.scratch.project, asking.scratch.home))


def _skill(asking: Asking, skill: Mapping[str, Any]) -> Listed:
    return Listed(
        name=skill["name"],
        description=asking.told(skill.get("description")),
        file=asking.scratch.shown(skill["location"]),
    )


def _listed(asking: Asking, name: str, entry: Mapping[str, Any], text: str) -> Listed:
    settings = {key: value for key, value in entry.items() if key not in ("description", text)}
    return Listed(
        name=name,
        description=asking.told(entry.get("description")),
        text=asking.told(entry.get(text)),
        settings=settings,
    )
