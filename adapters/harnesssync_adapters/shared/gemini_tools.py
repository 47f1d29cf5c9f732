"""Gemini CLI's tools and settings, for all that speaks of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harnesssync_adapters.shared.tools import bare, is_narrowed, split_mcp
from harnesssync_orchestrator.core.desired import ElementOutput, JsonValue, Output
from harnesssync_orchestrator.core.items import Agent, Item, Kind, Scope
from harnesssync_orchestrator.core.targets import View

SETTINGS = ".gemini/settings.json"

_SERVER = re.compile(r"[A-Za-z0-9.:-][A-Za-z0-9_.:-]*")

TOOLS = {
    "Read": ("read_file", "read_many_files"),
    "Edit": ("replace", "write_file"),
    "MultiEdit": ("replace",),
    "Write": ("write_file",),
    "Bash": ("run_shell_command",),
    "Grep": ("grep_search",),
    "Glob": ("glob",),
    "LS": ("list_directory",),
    "WebFetch": ("web_fetch",),
    "WebSearch": ("google_web_search",),
    "TodoWrite": ("write_todos",),
    "Skill": ("activate_skill",),
    "AskUserQuestion": ("ask_user",),
}
"""Claude Code's tools in the names of the program's own tools reference. A rule about `Edit` is about all changes
of files, an agent's tool `Edit` is `replace` alone."""

ALL_TOOLS = tuple(dict.fromkeys(name for names in TOOLS.values() for name in names))


def tool_names(tool: str, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The names of a tool, none if the program has no such tool or can't name it."""
    if (mcp := split_mcp(tool)) is not None:
        return mcp_names(mcp[0], mcp[1])
    return table.get(tool, ())


def mcp_names(server: str, tool: str | None) -> tuple[str, ...]:
    """A server's tool, or all of them. The program takes a name apart at the first underscore, and refuses what
    is then no name: so there is no wildcard for a server with an underscore in its own."""
    if _SERVER.fullmatch(server) is None or (tool is None and "_" in server):
        return ()
    return (f"mcp_{server}_{tool or '*'}",)


def narrowed_servers(agent: Agent) -> frozenset[str]:
    """The servers of which something is taken from the agent: it gets the others by name then, and no wildcard."""
    return frozenset(mcp[0] for tool in agent.disallowed_tools if (mcp := split_mcp(bare(tool))) is not None)


def agent_tools(view: View, agent: Agent) -> tuple[list[str], list[str]]:
    """The tools that the agent has, in the program's names, and those that it can't have there.

    Nothing can be taken from a list but by leaving it out: of a server that the agent may not use in part, it
    gets nothing by a wildcard.
    """
    denied = {name for tool in agent.disallowed_tools for name in tool_names(bare(tool), TOOLS)}
    narrowed = narrowed_servers(agent)
    if agent.tools is None:
        names = ["mcp_*"]
        absent: list[str] = []
        if narrowed:
            servers = [item.name for item in view.of(Kind.MCP_SERVER) if item.name not in narrowed]
            names = [name for server in servers for name in mcp_names(server, None)]
            absent = [f"mcp__{server}" for server in servers if not mcp_names(server, None)]
        return [name for name in (*ALL_TOOLS, *names) if name not in denied], absent
    single = {**TOOLS, "Edit": ("replace",)}
    found: dict[str, tuple[str, ...]] = {}
    for tool in agent.tools:
        mcp = split_mcp(tool)
        whole = mcp is not None and mcp[1] is None and mcp[0] in narrowed
        found[tool] = () if is_narrowed(tool) or whole else tool_names(tool, single)
    names = list(dict.fromkeys(name for group in found.values() for name in group if name not in denied))
    return names, [tool for tool, group in found.items() if not group]


def setting(view: View, items: Sequence[Item], pointer: tuple[str, ...], value: JsonValue, *, private: bool) -> Output:
    return ElementOutput(
        path=SETTINGS,
        items=tuple(item.id for item in items),
        private=private and view.scope is Scope.PROJECT,
        format="json",
        pointer=pointer,
        value=value,
    )
