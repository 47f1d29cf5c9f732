"""What was kept for Qwen Code: `QWEN.md` and `AGENTS.md`, rules, skills, agents, commands, servers, permissions, hooks
and variables.

The files are those of the adapter (`harnesssync_adapters.qwen`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.brace_prompts import in_claudes_syntax
from harnesssync_adapters.importing.declared import AgentForm, Kept, conditional_rule, importer, said_command
from harnesssync_adapters.importing.servers import MOST_MS, Tongue, same_references
from harnesssync_adapters.importing.settings import EVENTS, claude_hooks, permission, variables
from harnesssync_adapters.importing.tools import CLAUDES, claudes_server, inverted
from harnesssync_adapters.shared.qwen_tools import TOOLS
from harnesssync_orchestrator.core.importing import Documents, Lost, New
from harnesssync_orchestrator.core.items import Action

_SETTINGS = ".qwen/settings.json"
_TOOLS = {**CLAUDES, **inverted(TOOLS)}
_RULE_NAMES = {**{name: name for name in CLAUDES}, "Agent": "Task", "ListFiles": "LS"}
_MILLISECONDS = 1000
"""From so many on it takes a time-out for milliseconds."""


def _rule(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    yield from conditional_rule(path, folder, parted, texts.texts(parted.front.get("paths")))


def _command(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    prompt, losses = in_claudes_syntax(parted.body)
    yield from said_command(path, folder, parted, prompt)
    for what in losses:
        yield Lost(source=path, key="prompt", why=f"what begins with {what} is only text for Claude Code")


def _more(documents: Documents) -> Iterator[New | Lost]:
    yield from claude_hooks(documents, _SETTINGS, ("hooks",), _hook)
    yield from variables(documents, _SETTINGS, ("env",))
    for action in Action:
        listed = documents.table(_SETTINGS, "permissions").get(action.value)
        for text in (str(each) for each in listed if each) if isinstance(listed, list) else ():
            yield _permission(f"permissions/{action.value}: {text}", action, text)
    for name in texts.texts(documents.table(_SETTINGS, "mcp").get("excluded")):
        yield permission(_SETTINGS, f"mcp/excluded: {name}", Action.DENY, f"mcp__{name}")


_RULE = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)


def _permission(key: str, action: Action, text: str) -> New | Lost:
    """Whole tools, servers and commands: paths and domains mean something else there."""
    said = _said(text)
    if said is None:
        why = "it means something else in Qwen Code than in Claude Code, or nothing there"
        return Lost(source=_SETTINGS, key=key, why=why, security=action is Action.DENY)
    return permission(_SETTINGS, key, action, said)


def _said(text: str) -> str | None:
    if re.fullmatch(r"mcp__[\w-]+", text):
        return text
    match = _RULE.fullmatch(text)
    name = _RULE_NAMES.get(match[1]) if match else None
    if match is None or name is None:
        return None
    if match[2] in (None, "*"):
        return name
    words = match[2].removesuffix(" *").removesuffix(":*")
    # Without a star, too, it holds for the command with anything behind it.
    return f"Bash({words}:*)" if name == "Bash" and re.fullmatch(r"[\w./ =-]+", words) else None


def _hook(event: str, matcher: str, handler: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | str:
    if event not in EVENTS:
        return "Claude Code has no such event"
    if event in ("PreToolUse", "PostToolUse", "PermissionRequest") and matcher not in ("", "*", ".*"):
        names = matcher.strip("()").split("|")
        if any(name not in _TOOLS and not name.startswith("mcp__") for name in names):
            return f"its matcher can't be said by Claude Code's names of tools: {matcher}"
        matcher = "|".join(dict.fromkeys(tool for name in names for tool in _TOOLS.get(name, (name,))))
    told = {key: value for key, value in handler.items() if key not in ("type", "timeout", "name", "description")}
    timeout = handler.get("timeout")
    if isinstance(timeout, (int, float)) and 0 < timeout < MOST_MS:
        told["timeout"] = max(1, round(timeout / 1000)) if timeout >= _MILLISECONDS else timeout
    return event, matcher, told


def _server(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    why = "Qwen Code runs its tools without asking: Claude Code asks, until its permissions allow them"
    return dict(raw), {"trust": why} if raw.get("trust") is True else {}


_AGENTS: Mapping[str, str] = {".qwen/agents": "*.md"}
_COMMANDS: Mapping[str, str] = {".qwen/commands": "**/*.md"}
_RULES: Mapping[str, str] = {".qwen/rules": "**/*.md"}
_SERVERS = {_SETTINGS: ("mcpServers",)}
_SKILLS = (".agents/skills", ".qwen/skills")
IMPORTER = importer(
    Kept(
        nested="QWEN.md",
        rules=_RULES,
        skills=_SKILLS,
        agents=_AGENTS,
        commands=_COMMANDS,
        servers=_SERVERS,
    ),
    Kept(
        agents_md=False,
        instructions={".qwen/QWEN.md": ".claude/CLAUDE.md", ".qwen/AGENTS.md": ".claude/rules/qwen.md"},
        rules=_RULES,
        skills=_SKILLS,
        agents=_AGENTS,
        commands=_COMMANDS,
        servers=_SERVERS,
    ),
    rule=_rule,
    agent=AgentForm(tools=_TOOLS, server=claudes_server, kept=("maxTurns", "permissionMode")).read,
    command=_command,
    tongue=Tongue(
        harness="Qwen Code",
        text=same_references,
        urls={"httpUrl": "http", "url": "sse"},
        timeout=("timeout", 1),
        known=frozenset({"description"}),
    ),
    server=_server,
    more=_more,
)
