"""Kimi Code: `doctor config`, a turn of `-p`, and prompts over ACP. Observed with 2.1.0."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harnesses import install
from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of, tools_of

_SKILL = re.compile(r"^- (\S+): ([^\n]*)\n  Path: (/[^\n]*)$", re.MULTILINE)
_AGENT = re.compile(r"^- (\S+): ([^\n]*)\n  Tools: ([^\n]*)$", re.MULTILINE)
_OWN_AGENTS = frozenset({"coder", "explore", "plan"})
_NOT_SLUG = re.compile(r"[^a-z0-9._-]+")


def ask(asking: Asking) -> Seen:
    _configure(asking)
    asking.run("doctor", "config")
    before = asking.started
    requests = asking.turn("-p", "hello", "--output-format", "stream-json")
    hooks = asking.hooks_run(since=before)
    skills = tuple(_skills(asking, requests))
    called = {}
    if asking.question.call_commands:
        for skill in skills:
            if skill.file and skill.file.removeprefix("~/").startswith(".kimi-code/skills/"):
                called[skill.name] = asking.told("\n".join(map(text_of, _call(asking, skill.name))))
    return asking.seen(
        requests,
        servers=asking.servers(lambda tool: tool.removeprefix("mcp__").removesuffix("__")),
        skills=skills,
        agents=tuple(_agents(asking, requests)),
        called=called,
        hooks=hooks,
    )


def _call(asking: Asking, skill: str) -> tuple[Mapping[str, Any], ...]:
    """What the model gets when a client calls a skill; a headless turn takes its name for text."""
    before = len(asking.model.requests)
    program = install.program(Path(asking.question.prefix), asking.harness)
    with subprocess.Popen(
        [str(program), "acp"],
        cwd=asking.scratch.project,
        env=asking.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:

        def answer(number: int, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            print(json.dumps(message), file=process.stdin, flush=True)
            # The program asks back with numbers of its own, and notifies without any.
            answers = (
                one for one in map(json.loads, process.stdout) if one.get("id") == number and "method" not in one
            )
            found: dict[str, Any] = next(answers, {})
            if "result" not in found:
                asking.errors.append(f"acp {method}: {found.get('error', 'it ended')}")
            return dict(found.get("result") or {})

        answer(0, "initialize", {"protocolVersion": 1, "clientCapabilities": {}})
        session = answer(1, "session/new", {"cwd": str(asking.scratch.project), "mcpServers": []})
        text = f"/skill:{skill} {CALLED_WITH}"
        prompt = {"sessionId": session.get("sessionId"), "prompt": [{"type": "text", "text": text}]}
        answer(2, "session/prompt", prompt)
        process.terminate()
    return tuple(asking.model.requests[before:])


def _skills(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Those that the model is told of, but for the program's own, which have no path in a file system."""
    for request in requests[:1]:
        for name, description, path in _SKILL.findall(text_of(request)):
            yield Listed(name=name, description=asking.told(description), file=asking.scratch.shown(path))


def _agents(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Those of which the description of the tool that starts agents tells, with their tools."""
    for request in requests[:1]:
        for tool, described in tools_of(request):
            if tool == "Agent":
                for name, description, tools in _AGENT.findall(described["description"]):
                    if name not in _OWN_AGENTS:
                        settings = {} if tools == "all" else {"permission": tools}
                        yield Listed(name=name, description=asking.told(description), settings=settings)


def _configure(asking: Asking) -> None:
    folder = asking.scratch.home / ".kimi-code"
    folder.mkdir(exist_ok=True)
    settings = folder / "config.toml"
    own = settings.read_text() if settings.exists() else ""
    provider = f'type = "openai"\nbase_url = "{asking.model.url}/v1"\napi_key = "none"\n'
    model = 'provider = "stub"\nmodel = "stub"\nmax_context_size = 100000\n'
    top = 'default_model = "stub"\ntelemetry = false\n'
    settings.write_text(f"{top}{own}\n[models.stub]\n{model}\n[providers.stub]\n{provider}")
    asking.environment["KIMI_CODE_NO_AUTO_UPDATE"] = "1"
    if asking.question.trusted:
        project = str(asking.scratch.project)
        slug = _NOT_SLUG.sub("-", asking.scratch.project.name.lower()).strip("-")[:40]
        trust = folder / "workspace-trust" / f"wd_{slug}_{hashlib.sha256(project.encode()).hexdigest()[:12]}"
        trust.parent.mkdir(exist_ok=True)
        trust.write_text(json.dumps({"root": project, "trustedAt": "2026-01-01T00:00:00.000Z"}))
