"""What was kept for Gemini CLI: `GEMINI.md`, skills, agents, commands, servers, hooks, and tools that are switched off.

`AGENTS.md` counts where the settings name it (`context.fileName`). The files are those of the adapter
(`harnesssync_adapters.gemini_cli`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.brace_prompts import in_claudes_syntax
from harnesssync_adapters.importing.servers import MOST_MS, Tongue, same_references, servers
from harnesssync_adapters.importing.settings import claude_hooks, permission
from harnesssync_adapters.shared.gemini_tools import SETTINGS, TOOLS
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Action, Scope

_SKILLS = (".agents/skills", ".gemini/skills")
_TONGUE = Tongue(
    harness="Gemini CLI",
    text=same_references,
    urls={"httpUrl": "http", "url": "sse"},
    timeout=("timeout", 1),
    known=frozenset({"description"}),
)
_CLAUDES = {
    **{name: tool for tool, names in TOOLS.items() for name in names if tool not in ("Edit", "MultiEdit")},
    "replace": "Edit",
}


def _read(documents: Documents) -> Iterator[New | Lost]:
    yield from _instructions(documents)
    yield from texts.skills(documents, *_SKILLS)
    yield from texts.each_text(documents, [".gemini/agents/*.md"], _agent)
    for path, _ in documents.matching(".gemini/commands/**/*.toml"):
        yield from _command(path, documents.values[path])
    yield from servers(documents, SETTINGS, ("mcpServers",), _TONGUE, _server)
    yield from claude_hooks(documents, SETTINGS, ("hooks",), _hook)
    for name in _listed(documents, "tools", "exclude"):
        yield _whole_tool("tools/exclude", Action.DENY, name)
    for name in _listed(documents, "tools", "confirmationRequired"):
        yield _whole_tool("tools/confirmationRequired", Action.ASK, name)
    for name in _listed(documents, "mcp", "excluded"):
        yield permission(SETTINGS, "mcp/excluded", Action.DENY, f"mcp__{name}")
    for name in _listed(documents, "tools", "allowed"):
        why = "in Gemini CLI all other commands are denied then: what is allowed is not brought over"
        yield Lost(source=SETTINGS, key=f"tools/allowed: {name}", why=why)


def _server(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    why = "Gemini CLI runs its tools without asking: Claude Code asks, until its permissions allow them"
    return dict(raw), {"trust": why} if raw.get("trust") is True else {}


def _listed(documents: Documents, *pointer: str) -> tuple[str, ...]:
    *tables, last = pointer
    return texts.texts(documents.table(SETTINGS, *tables).get(last))


def _instructions(documents: Documents) -> Iterator[New | Lost]:
    """A copy, not an import: a `GEMINI.md` that is imported would be read twice by Gemini CLI for ever."""
    if documents.scope is Scope.USER:
        if ".gemini/GEMINI.md" in documents.files:
            yield from texts.instructions(documents, ".gemini/GEMINI.md", ".claude/CLAUDE.md")
        return
    names = texts.texts(documents.table(SETTINGS, "context").get("fileName")) or ("GEMINI.md",)
    yield from texts.beside_agents_md(documents, "GEMINI.md", both="AGENTS.md" in names)


def _agent(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    front: dict[str, JsonValue] = {"description": str(parted.front.get("description", ""))}
    known = {"name", "description", "kind"}
    if isinstance(tools := parted.front.get("tools"), list):
        names = [_claudes(str(tool)) for tool in tools]
        if "mcp_*" in tools or "*" in tools or not any(names):
            yield Lost(source=path, key="tools", why="the agent gets all tools in Claude Code", security=True)
        else:
            front["tools"] = ", ".join(dict.fromkeys(name for name in names if name))
            for tool, name in zip(tools, names, strict=True):
                if name is None:
                    yield Lost(source=path, key=f"tools: {tool}", why="Claude Code has no such tool")
        known.add("tools")
    if isinstance(parted.front.get("max_turns"), int):
        front["maxTurns"] = parted.front["max_turns"]
        known.add("max_turns")
    name = str(parted.front.get("name") or texts.stems(path, ".gemini/agents", ".md")[-1])
    yield texts.agent(path, name, front, parted.body)
    yield from texts.unsaid(path, parted.front, known, "Claude Code has no such setting of an agent, or other values")


def _claudes(tool: str) -> str | None:
    """A tool by Claude Code's name. The name of a server ends at the first underscore in Gemini CLI."""
    if match := re.fullmatch(r"mcp_([^_]+)_(.+)", tool):
        return f"mcp__{match[1]}" if match[2] == "*" else f"mcp__{match[1]}__{match[2]}"
    return _CLAUDES.get(tool)


def _command(path: str, values: Mapping[str, Any]) -> Iterator[New | Lost]:
    prompt, losses = in_claudes_syntax(str(values.get("prompt", "")))
    front: dict[str, JsonValue] = {"description": str(values.get("description", ""))}
    yield texts.command(path, texts.stems(path, ".gemini/commands", ".toml"), front, prompt)
    for what in losses:
        yield Lost(source=path, key="prompt", why=f"what begins with {what} is only text for Claude Code")
    yield from texts.unsaid(path, values, ("prompt", "description"), "Claude Code has no such setting of a command")


def _whole_tool(key: str, action: Action, name: str) -> New | Lost:
    tool = _claudes(name)
    if tool is None or "(" in name:
        why = "Claude Code has no such tool, or not that part of it"
        return Lost(source=SETTINGS, key=f"{key}: {name}", why=why, security=action is Action.DENY)
    return permission(SETTINGS, f"{key}: {name}", action, tool)


_EVENTS = {
    "BeforeTool": "PreToolUse",
    "AfterTool": "PostToolUse",
    "BeforeAgent": "UserPromptSubmit",
    "AfterAgent": "Stop",
    "SessionStart": "SessionStart",
    "SessionEnd": "SessionEnd",
    "PreCompress": "PreCompact",
    "Notification": "Notification",
}


def _hook(event: str, matcher: str, handler: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | str:
    """Time-outs are in milliseconds there, and tools have other names; the variable of the project's folder too."""
    named = _EVENTS.get(event)
    if named is None:
        return "Claude Code has no such event"
    if event in ("BeforeTool", "AfterTool") and matcher not in ("", "*", ".*"):
        tools = [_claudes(tool) for tool in re.split(r"\|", matcher.strip("()"))]
        if None in tools:
            return f"its matcher can't be said by Claude Code's names of tools: {matcher}"
        matcher = "|".join(dict.fromkeys(tool for tool in tools if tool))
    told = {key: value for key, value in handler.items() if key not in ("type", "timeout", "name", "description")}
    told["command"] = re.sub(r"\$\{?GEMINI_PROJECT_DIR\}?", "${CLAUDE_PROJECT_DIR}", str(handler["command"]))
    timeout = handler.get("timeout")
    if isinstance(timeout, (int, float)) and 0 < timeout < MOST_MS:
        told["timeout"] = max(1, round(timeout / 1000))
    return named, matcher, told


_COMMON = (
    *texts.skill_patterns(*_SKILLS),
    ".gemini/agents/*.md",
    ".gemini/commands/**/*.toml",
    SETTINGS,
)
IMPORTER = Importer(
    project=("**/GEMINI.md", "**/AGENTS.md", *_COMMON), user=(".gemini/GEMINI.md", *_COMMON), read=_read
)
