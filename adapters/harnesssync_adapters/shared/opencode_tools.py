"""OpenCode's tools, by the keys under which its permissions know them, and what it expands in its files."""

from __future__ import annotations

import re

from harnesssync_adapters.shared.tools import split_mcp

TOOLS = {
    "Read": "read",
    "Edit": "edit",
    "MultiEdit": "edit",
    "Write": "edit",
    "NotebookEdit": "edit",
    "Bash": "bash",
    "Grep": "grep",
    "Glob": "glob",
    "LS": "list",
    "WebFetch": "webfetch",
    "WebSearch": "websearch",
    "Task": "task",
    "Agent": "task",
    "TodoWrite": "todowrite",
    "Skill": "skill",
    "AskUserQuestion": "question",
}

NOTEBOOKS = "NotebookEdit"
"""The one of Claude Code's tools that changes notebooks alone, which is `edit` too."""

TABLES = frozenset({"read", "edit", "glob", "grep", "list", "bash", "task", "external_directory", "lsp", "skill"})
"""Keys that take a table of patterns. The others take one word: with a table the whole program refuses to start."""


def takes_table(key: str) -> bool:
    """May a table of patterns stand at this key? At those of servers' tools, which hold an underscore, it may."""
    return key in TABLES or "_" in key


_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")


def tool_key(tool: str) -> str | None:
    """The key of one of Claude Code's tools; a server's tools are `server_tool`, all of them `server_*`."""
    if (mcp := split_mcp(tool)) is not None:
        return f"{server_prefix(mcp[0])}{mcp[1] or '*'}"
    return TOOLS.get(tool)


def server_prefix(server: str) -> str:
    """How the names of the tools of an MCP server begin."""
    return _NOT_PLAIN.sub("_", server) + "_"


def would_expand(text: str) -> bool:
    """Would OpenCode put a variable or the content of a file in the place of a part of it? It does so wherever that
    stands in a configuration file, and refuses to start when the file is missing."""
    return "{env:" in text or "{file:" in text
