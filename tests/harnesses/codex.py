"""Codex: `mcp list`, the app server's lists, and one turn of `exec`. Observed with 0.169.0."""

from __future__ import annotations

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

_ROLE = re.compile(r"^(\S[^\n]*?): \{\n(.*?)\n\}$", re.MULTILINE | re.DOTALL)
_OWN_ROLES = frozenset({"default", "explorer", "worker", "awaiter"})


def ask(asking: Asking) -> Seen:
    overrides = _overrides(asking)
    servers = json.loads(asking.run(*overrides, "mcp", "list", "--json").stdout or "[]")
    # Unknown keys are silently ignored by every other command.
    asking.run("app-server", *overrides, "--strict-config", "--print-startup-config")
    folder = str(asking.scratch.project / asking.question.directory)
    skills, hooks = _app_server(
        asking, overrides, (("skills/list", {"cwds": [folder]}), ("hooks/list", {"cwds": [folder]}))
    )
    for one in (*skills, *hooks):
        asking.errors += [asking.told(json.dumps(error)) for error in (*one["errors"], *one.get("warnings", ()))]
    listed = tuple(
        asking.skill(skill) for one in skills for skill in one["skills"] if skill["scope"] in ("repo", "user")
    )
    # A person reviews hooks by their hash; here, all of them are taken as reviewed.
    consent = ["--dangerously-bypass-hook-trust"] if asking.question.trusted else []
    before = asking.started
    requests = asking.turn(*overrides, *consent, "exec", "--skip-git-repo-check", "hello")
    hooks_run = asking.hooks_run(since=before)
    called = {}
    if asking.question.call_commands:
        for skill in listed:
            if skill.file and skill.file.removeprefix("~/").startswith(".codex/skills/"):
                arguments = ("exec", "--skip-git-repo-check", f"${skill.name} {CALLED_WITH}")
                called[skill.name] = asking.told("\n".join(map(text_of, asking.turn(*overrides, *arguments))))
    return asking.seen(
        requests,
        listed_servers=tuple(server["name"] for server in servers if server["enabled"]),
        servers=asking.servers(lambda tool: tool.rstrip("/").removeprefix("mcp__").rstrip("_")),
        skills=listed,
        agents=tuple(_agents(asking, requests)),
        called=called,
        hooks=hooks_run,
    )


def _overrides(asking: Asking) -> list[str]:
    url = json.dumps(f"{asking.model.url}/v1")
    provider = f'name="stub",base_url={url},wire_api="responses",request_max_retries=0,stream_max_retries=0'
    settings = [
        'model="stub"',
        'model_provider="stub"',
        f"model_providers.stub={{{provider}}}",
        "analytics.enabled=false",
        "check_for_update_on_startup=false",
    ]
    if asking.question.trusted:
        settings.append(f'projects={{{json.dumps(str(asking.scratch.project))}={{trust_level="trusted"}}}}')
    return [argument for setting in settings for argument in ("-c", setting)]


def _agents(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """The roles that the model is told of in the description of the tool that starts agents."""
    for request in requests[:1]:
        for name, tool in tools_of(request):
            if name.endswith("spawn_agent"):
                choice = tool["parameters"]["properties"].get("agent_type", {})  # not there without agents
                for role, description in _ROLE.findall(choice.get("description", "")):
                    if role not in _OWN_ROLES:
                        yield Listed(name=role, description=asking.told(description))


def _app_server(
    asking: Asking, overrides: Sequence[str], calls: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[list[dict[str, Any]]]:
    """The `data` of the answers to `calls`, asked one after the other over standard input and output."""
    program = install.program(Path(asking.question.prefix), asking.harness)
    answers = []
    with subprocess.Popen(
        [str(program), *overrides, "app-server"],
        cwd=asking.scratch.project,
        env=asking.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        client = {"clientInfo": {"name": "tests", "title": "tests", "version": "1"}}
        hello = ("initialize", {**client, "capabilities": {"experimentalApi": True}})
        for number, (method, parameters) in enumerate((hello, *calls)):
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            print(json.dumps(message), file=process.stdin, flush=True)
            answer: dict[str, Any] = next(
                (one for one in map(json.loads, process.stdout) if one.get("id") == number), {}
            )
            if "result" not in answer:
                asking.errors.append(f"app-server {method}: {answer.get('error', 'it ended')}")
            if number == 0:
                print(json.dumps({"jsonrpc": "2.0", "method": "initialized"}), file=process.stdin, flush=True)
            else:
                answers.append(answer.get("result", {}).get("data", []))
        process.stdin.close()
    return answers
