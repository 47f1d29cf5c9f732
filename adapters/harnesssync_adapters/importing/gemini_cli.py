"""What was kept for Gemini CLI: `GEMINI.md`, skills, agents, commands, servers, hooks, and tools that are switched off.

`AGENTS.md` counts where the settings name it (`context.fileName`). The files are those of the adapter
(`harnesssync_adapters.gemini_cli`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.servers import MOST_MS, Tongue, same_references, servers
from harnesssync_adapters.importing.settings import claude_hooks, permission
from harnesssync_adapters.shared.gemini_tools import SETTINGS, TOOLS
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New, NewFile
from harnesssync_orchestrator.core.items import Action, Kind, Scope
from harnesssync_orchestrator.core.prompts import mentions

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
    linked = {real for path, real in documents.links.items() if posixpath.basename(path) == "GEMINI.md"}
    shared = {new.path: new for new in texts.agents_md(documents) if "AGENTS.md" in names or new.source in linked}
    for path, file in documents.matching("**/GEMINI.md"):
        to = posixpath.join(posixpath.dirname(path), "CLAUDE.md")
        if not file.content.strip():
            continue
        if isinstance(agents := shared.get(to), NewFile):  # both are read there
            content = agents.content + b"\n" + file.content
            shared[to] = NewFile(kind=Kind.RULE, source=path, path=to, content=content)
        else:
            yield NewFile(kind=Kind.RULE, source=path, path=to, content=file.content)
    yield from shared.values()


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


_PARTS = re.compile(r"\{\{args\}\}|!\{([^{}`\n]*)\}|@\{([\w./~-]+)\}|[!@]\{")


def _command(path: str, values: Mapping[str, Any]) -> Iterator[New | Lost]:
    losses: list[str] = []

    def part(match: re.Match[str]) -> str:
        if match[0] == "{{args}}":
            return "$ARGUMENTS"
        if match[1] is not None:
            return f"!`{match[1].replace('{{args}}', '$ARGUMENTS')}`"
        if match[2] is not None:
            return f"@{match[2]}"
        losses.append(match[0])
        return match[0]

    prompt = _PARTS.sub(part, texts.without_arguments(_without_mentions(str(values.get("prompt", "")))))
    if "{{args}}" not in str(values.get("prompt", "")) and "$ARGUMENTS" not in prompt:
        prompt = prompt.rstrip()  # both append what was typed
    front: dict[str, JsonValue] = {"description": str(values.get("description", ""))}
    yield texts.command(path, texts.stems(path, ".gemini/commands", ".toml"), front, prompt)
    for what in losses:
        yield Lost(source=path, key="prompt", why=f"what begins with {what} is only text for Claude Code")
    yield from texts.unsaid(path, values, ("prompt", "description"), "Claude Code has no such setting of a command")


def _without_mentions(prompt: str) -> str:
    """`@path` is a mention there only in braces; a space keeps it as text for Claude Code. A command stays as it is."""
    seen = _PARTS.sub(lambda match: " " * len(match[0]), prompt)
    ends = [0, *mentions(seen), len(prompt)]
    return " ".join(prompt[begin:end] for begin, end in pairwise(ends))


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
