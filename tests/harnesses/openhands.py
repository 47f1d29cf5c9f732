"""OpenHands' command line: `mcp list`, and headless turns with a model of one's own. Observed with 1.16.0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of, tools_of

_SERVER = re.compile(r"^\s*• (\S+)", re.MULTILINE)
_SKILL = re.compile(r"<skill>\s*<name>(.*?)</name>\s*<description>(.*?)</description>", re.DOTALL)

_AGENT = re.compile(r"^- \*\*(\S+)\*\*: (.*) \(tools: (.*)\)$", re.MULTILINE)
_OWN_AGENTS = frozenset({"bash-runner", "code-explorer", "general-purpose"})


def ask(asking: Asking) -> Seen:
    asking.environment |= {
        "LLM_API_KEY": "none",
        "LLM_BASE_URL": f"{asking.model.url}/v1",
        "LLM_MODEL": "openai/stub",
        "OPENHANDS_SUPPRESS_BANNER": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    servers = _SERVER.findall(asking.run("mcp", "list").output)
    base = ("--headless", "--json", "--override-with-envs", "-t")
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    text = asking.told("\n".join(map(text_of, requests)))
    skills = tuple(Listed(name=name, description=description) for name, description in _SKILL.findall(text))
    called = {}
    if asking.question.call_commands:
        for name in _commands(asking):
            prompt = f"Follow {name} for {CALLED_WITH}."
            called[name] = asking.shown_by_tool("invoke_skill", {"name": name}, *base, prompt)
    # Where there is one server alone, its name does not stand before its tools.
    only = servers[0] if len(servers) == 1 else ""
    return asking.seen(
        requests,
        listed_servers=tuple(servers),
        servers=asking.servers(lambda tool: tool.removesuffix("_") or only),
        skills=skills,
        agents=tuple(_agents(asking, requests)),
        called=called,
        hooks=hooks,
    )


def _agents(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Those of which the description of the tool that starts agents tells, with their tools."""
    for request in requests[:1]:
        for tool, described in tools_of(request):
            if tool == "task":
                for name, description, tools in _AGENT.findall(described["description"]):
                    if name not in _OWN_AGENTS:
                        yield Listed(name=name, description=asking.told(description), settings={"permission": tools})


def _commands(asking: Asking) -> Iterator[str]:
    """The names of skills that were made of commands."""
    roots = (asking.scratch.project, asking.scratch.home)
    yield from sorted({path.parent.name for root in roots for path in root.glob(".openhands/skills/*/SKILL.md")})
