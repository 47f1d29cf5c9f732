"""Cline's command line: turns with a model of one's own; there are no lists. Observed with 3.0.65."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.expected import front_matter
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of, tools_of

_SKILLS = re.compile(r"Available skills: (.*?)\.?\s*$", re.DOTALL)
_HEADLESS = ("--json", "-t", "60")


def ask(asking: Asking) -> Seen:
    _configure(asking)
    before = asking.started
    requests = asking.turn("please say hello", *_HEADLESS)
    hooks = asking.hooks_run(since=before)
    called = {}
    if asking.question.call_commands:
        for name in _commands(asking):
            turn = asking.turn(f"/{name} {CALLED_WITH}", *_HEADLESS)
            called[name] = asking.told("\n".join(map(text_of, turn)))
    return asking.seen(
        requests,
        servers=asking.servers(lambda tool: tool.removesuffix("__")),
        skills=tuple(_skills(asking, requests)),
        called=called,
        hooks=hooks,
    )


def _configure(asking: Asking) -> None:
    providers = asking.scratch.home / ".cline/data/settings/providers.json"
    providers.parent.mkdir(parents=True, exist_ok=True)
    stub = {
        "settings": {
            "provider": "openai-compatible",
            "apiKey": "none",
            "model": "stub",
            "baseUrl": f"{asking.model.url}/v1",
        },
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "tokenSource": "manual",
    }
    document = {
        "version": 1,
        "lastUsedProvider": "openai-compatible",
        "modes": {},
        "providers": {"openai-compatible": stub},
    }
    providers.write_text(json.dumps(document))
    asking.environment |= {"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"}


def _skills(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """The model is told names alone: the descriptions are those of the files that have them."""
    described = {}
    for root in (asking.scratch.project, asking.scratch.home):
        for path in root.glob(".agents/skills/*/SKILL.md"):
            front = front_matter(path.read_text())[0]
            described[front["name"]] = front["description"]
    for request in requests[:1]:
        for tool, about in tools_of(request):
            if tool == "skills" and (listed := _SKILLS.search(about["description"])) is not None:
                for name in re.split(r",\s*", listed[1]):
                    yield Listed(name=name, description=described.get(name, ""))


def _commands(asking: Asking) -> Iterator[str]:
    """The names by which workflows are called."""
    roots = (asking.scratch.project, asking.scratch.home)
    yield from sorted({path.stem for root in roots for path in root.glob(".cline/workflows/*.md")})
