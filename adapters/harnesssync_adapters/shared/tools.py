"""The names of Claude Code's tools, taken apart."""

from __future__ import annotations

from collections.abc import Iterable


def split_mcp(tool: str) -> tuple[str, str | None] | None:
    """`mcp__server__tool` as server and tool (None for all of the server's), None for any other tool."""
    if not tool.startswith("mcp__"):
        return None
    server, _, name = tool[len("mcp__") :].partition("__")
    return server, None if name in ("", "*") else name


def is_narrowed(tool: str) -> bool:
    """Does an entry of `tools:` name a part of a tool, such as `Bash(git:*)`?"""
    return "(" in tool


def bare(tool: str) -> str:
    """The tool without its specifier."""
    return tool.split("(", 1)[0].strip()


def is_allowed(name: str, tools: Iterable[str] | None, disallowed: Iterable[str]) -> bool:
    """Has an agent the whole of a tool? Of a narrowed one it has less, and counts as not having it."""
    if name in {bare(tool) for tool in disallowed}:
        return False
    return tools is None or name in {tool for tool in tools if not is_narrowed(tool)}


def may_write(tools: Iterable[str] | None, disallowed: Iterable[str]) -> bool:
    """Has an agent a tool that changes files? (`MultiEdit` is gone, but older agents still name it.)"""
    names = ("Edit", "Write", "NotebookEdit") if tools is None else ("Edit", "Write", "NotebookEdit", "MultiEdit")
    return any(is_allowed(name, tools, disallowed) for name in names)
