"""Mistral Vibe: turns of `-p` with a model of one's own; there are no lists. Observed with 3.0.2."""

from __future__ import annotations

import json
import re

from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_TOP = 'active_model = "stub"\nenable_telemetry = false\nenable_update_checks = false\n'
_PROVIDER = """
[[providers]]
name = "stub"
api_base = "{}/v1"
api_key_env_var = "STUB_API_KEY"
api_style = "openai"
backend = "generic"

[[models]]
name = "stub"
provider = "stub"
alias = "stub"
"""

_GROUP = re.compile(r"^- (mcp_\S+)$", re.MULTILINE)
_TOOL = re.compile(r"\bmcp_[\w-]+\.arrived_at_\w+")
_SKILL = re.compile(r"<skill>\s*<name>(.*?)</name>\s*<description>(.*?)</description>\s*<path>(.*?)</path>", re.DOTALL)


def ask(asking: Asking) -> Seen:
    settings = asking.scratch.home / ".vibe" / "config.toml"
    settings.parent.mkdir(exist_ok=True)
    own = settings.read_text() if settings.exists() else ""
    settings.write_text(_TOP + own + _PROVIDER.format(asking.model.url))
    asking.environment["STUB_API_KEY"] = "none"
    if asking.question.trusted:
        trusted = json.dumps([str(asking.scratch.project)])
        (settings.parent / "trusted_folders.toml").write_text(f"trusted = {trusted}\nuntrusted = []\n")
    base = ("--output", "json", "--auto-approve", "-p")
    before = asking.started
    requests = asking.turn(*base, "hello")
    hooks = asking.hooks_run(since=before)
    text = "\n".join(map(text_of, requests))
    groups = _GROUP.findall(text)
    listing = {"mode": "all_connector_capabilities", "connectors": groups}
    shown = asking.shown_by_tool("search_tool_functions", listing, *base, "list") if groups else ""
    skills = tuple(
        Listed(name=name, description=asking.told(description), file=asking.scratch.shown(path))
        for name, description, path in _SKILL.findall(text)
        if "/plugins/packages/" not in path  # its own
    )
    called = {}
    if asking.question.call_commands:
        for skill in skills:
            if skill.file and skill.file.removeprefix("~/").startswith(".vibe/skills/"):
                prompt = f"Follow {skill.name} for {CALLED_WITH}."
                called[skill.name] = asking.shown_by_tool("skill", {"name": skill.name}, *base, prompt)
    return asking.seen(
        requests,
        listed_servers=tuple(group.removeprefix("mcp_") for group in groups),
        servers=asking.servers(lambda tool: tool.removeprefix("mcp_").removesuffix("."), _TOOL.findall(shown)),
        skills=skills,
        called=called,
        hooks=hooks,
    )
