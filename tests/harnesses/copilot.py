"""Copilot's command line: its lists in JSON, and a turn of `-p` with a model of one's own. Observed with 1.0.102."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import tools_of

_AGENT = re.compile(r"^- \*\*(\S+)\*\*: (.*)$", re.MULTILINE)
_COMMAND = re.compile(r"\.claude/commands|\.github/skills/|\.copilot/skills/")


def ask(asking: Asking) -> Seen:
    asking.environment |= {
        "COPILOT_PROVIDER_BASE_URL": f"{asking.model.url}/v1",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_API_KEY": "none",
        "COPILOT_MODEL": "stub",
        "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false",
    }
    trust = []
    if asking.question.trusted:
        settings = asking.scratch.home / ".copilot" / "config.json"
        settings.parent.mkdir(exist_ok=True)
        document = json.loads(settings.read_text()) if settings.exists() else {}
        settings.write_text(json.dumps({**document, "trustedFolders": [str(asking.scratch.project)]}))
        trust = ["--trust-folder"]
    servers = json.loads(asking.run("mcp", "list", "--json").stdout or "{}").get("mcpServers", {})
    listed = json.loads(asking.run("skill", "list", "--json").stdout or "[]")
    base = ("--allow-all-tools", *trust, "-p")
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    skills = tuple(asking.skill(skill) for skill in listed if skill["source"] != "builtin")
    called = {}
    if asking.question.call_commands:
        for skill in skills:
            if skill.file and _COMMAND.search(skill.file):
                prompt = f"Follow {skill.name} for {CALLED_WITH}."
                called[skill.name] = asking.shown_by_tool("skill", {"skill": skill.name}, *base, prompt)
    shown = ""
    if asking.question.reads:
        arguments = {"path": str(asking.scratch.project / asking.question.reads)}
        shown = asking.shown_by_tool("view", arguments, *base, "read it")
    return asking.seen(
        requests,
        listed_servers=tuple(servers),
        servers=asking.servers(lambda tool: tool.removesuffix("-")),
        skills=skills,
        agents=tuple(_agents(asking, requests)),
        called=called,
        shown=shown,
        hooks=hooks,
    )


def _agents(asking: Asking, requests: Sequence[Mapping[str, Any]]) -> Iterator[Listed]:
    """Those of a person's own, of which the description of the tool that starts agents tells."""
    for request in requests[:1]:
        for tool, described in tools_of(request):
            if tool == "task":
                own = described["description"].partition("User-provided custom agents:")[2]
                for name, description in _AGENT.findall(own):
                    yield Listed(name=name, description=asking.told(description))
