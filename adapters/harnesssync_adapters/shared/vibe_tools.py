"""Mistral Vibe's tools, by the names under which its settings, hooks and agents know them (version 3.0.2)."""

from __future__ import annotations

import re

from harnesssync_adapters.shared.tools import bare, is_narrowed, split_mcp

TOOLS = {
    "Read": ("read_file",),
    "Edit": ("edit", "write_file"),
    "MultiEdit": ("edit",),
    "Write": ("write_file",),
    "Bash": ("bash",),
    "Grep": ("grep",),
    "WebFetch": ("web_fetch",),
    "WebSearch": ("web_search",),
    "Task": ("task",),
    "Agent": ("task",),
    "TodoWrite": ("todo",),
    "Skill": ("skill",),
    "AskUserQuestion": ("ask_user_question",),
}
"""A rule or a hook about `Edit` is about all changes of files."""

_NOT_PLAIN = re.compile(r"[^a-zA-Z0-9_-]")


def server_name(name: str) -> str:
    """The name that the program makes of a server's; empty if nothing is left of it."""
    return _NOT_PLAIN.sub("_", name).strip("_-")[:256]


def tool_patterns(tool: str) -> tuple[str, ...]:
    """The names of a tool, none if there is no such tool. Of a server it is a pattern for all of its tools."""
    if (mcp := split_mcp(tool)) is not None:
        return (f"{server_name(mcp[0])}_{mcp[1] or '*'}",)
    return TOOLS.get(tool, ())


def agent_tools(tools: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The names of an agent's tools, and those that it can't have there. A part of a tool is none of it."""
    single = {"Edit": ("edit",)}
    found = {tool: () if is_narrowed(tool) else single.get(tool) or tool_patterns(tool) for tool in tools}
    names = list(dict.fromkeys(name for group in found.values() for name in group))
    return names, [tool for tool, group in found.items() if not group]


def denied_tools(tools: tuple[str, ...]) -> list[str]:
    """The names of tools that an agent must not have; of one that is denied in part it gets nothing."""
    return list(dict.fromkeys(name for tool in tools for name in tool_patterns(bare(tool))))
