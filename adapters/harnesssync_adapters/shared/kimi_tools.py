"""Kimi Code's tools, which bear Claude Code's names but for a few. From the program of version 2.1.0."""

from __future__ import annotations

from collections.abc import Iterable

from harnesssync_adapters.shared.tools import bare, is_narrowed, split_mcp

TOOLS = {
    "Read": "Read",
    "Edit": "Edit",
    "MultiEdit": "Edit",
    "Write": "Write",
    "Bash": "Bash",
    "Grep": "Grep",
    "Glob": "Glob",
    "WebFetch": "FetchURL",
    "WebSearch": "WebSearch",
    "Task": "Agent",
    "Agent": "Agent",
    "TodoWrite": "TodoList",
    "Skill": "Skill",
    "AskUserQuestion": "AskUserQuestion",
}

RULE_TOOLS = {tool: (name,) for tool, name in TOOLS.items()} | {
    "Read": ("Read", "ReadMediaFile"),
    "Edit": ("Edit", "Write"),
}
"""What a rule about a tool is about: in Claude Code one about `Edit` holds for every change of a file."""


def agent_tools(tools: Iterable[str]) -> tuple[list[str], list[str]]:
    """The names of an agent's tools there, and those that have none. A part of a tool has none."""
    found: dict[str, None] = {}
    absent = []
    for tool in tools:
        mcp = split_mcp(tool)
        name = f"mcp__{mcp[0]}__{mcp[1] or '*'}" if mcp is not None else TOOLS.get(tool)
        if name is None or is_narrowed(tool):
            absent.append(tool)
        else:
            found[name] = None
    return list(found), absent


def denied_tools(tools: Iterable[str]) -> list[str]:
    """The names of tools that an agent must not have; of one that is denied in part it gets nothing."""
    return agent_tools(bare(tool) for tool in tools)[0]
