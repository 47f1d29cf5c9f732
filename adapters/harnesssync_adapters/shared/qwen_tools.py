"""Qwen Code's tools, for all that speaks of them. A list of tools takes these names alone; rules and the matchers of
hooks take most of Claude Code's too."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harnesssync_adapters.shared.tools import bare, is_narrowed, split_mcp

TOOLS = {
    "Read": "read_file",
    "Edit": "edit",
    "MultiEdit": "edit",
    "Write": "write_file",
    "NotebookEdit": "notebook_edit",
    "Bash": "run_shell_command",
    "Grep": "grep_search",
    "Glob": "glob",
    "LS": "list_directory",
    "WebFetch": "web_fetch",
    "WebSearch": "web_search",
    "TodoWrite": "todo_write",
    "Task": "agent",
    "Agent": "agent",
    "Skill": "skill",
    "AskUserQuestion": "ask_user_question",
    "ExitPlanMode": "exit_plan_mode",
}

_EXPANDED = re.compile(r"\$(?:\w+|\{[^}]+\})")


def would_expand(text: str) -> bool:
    """Would Qwen Code put a variable in the place of a part of it? It does so in every text of its settings."""
    return _EXPANDED.search(text) is not None


def allowed_tools(tools: Iterable[str]) -> tuple[list[str], list[str]]:
    """An agent's tools in these names, and those that it can't have: of a server only single tools can be named."""
    names, absent = [], []
    for tool in tools:
        mcp = split_mcp(tool)
        name = (tool if mcp[1] is not None else None) if mcp is not None else TOOLS.get(tool)
        if name is None or is_narrowed(tool):
            absent.append(tool)
        else:
            names.append(name)
    return list(dict.fromkeys(names)), absent


def denied_tools(tools: Iterable[str]) -> list[str]:
    """The tools that an agent must not have; a server stands for all of its tools. What Qwen Code has not, nobody
    has there."""
    named = (bare(tool) for tool in tools)
    return list(dict.fromkeys(TOOLS.get(tool, tool) for tool in named if tool in TOOLS or split_mcp(tool) is not None))
