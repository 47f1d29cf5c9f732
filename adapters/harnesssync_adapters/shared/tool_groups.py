"""Tools in groups, for harnesses that give an agent or a hook a whole group of them and no single one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harnesssync_adapters.shared.names import loss
from harnesssync_adapters.shared.tools import bare, is_allowed, split_mcp
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Agent, Kind
from harnesssync_orchestrator.core.targets import View


@dataclass(frozen=True, slots=True)
class Granted:
    """What an agent gets: the names of groups and servers' tools; what it gets more than it had (`wider`), what of its
    own it can't have (`absent`), and of that, which tools it must not use that are in the same group (`withheld`)."""

    names: tuple[str, ...]
    wider: tuple[str, ...]
    absent: tuple[str, ...]
    withheld: Mapping[str, tuple[str, ...]]


_GONE = frozenset({"LS", "MultiEdit", "Task", "Agent"})
"""Tools that are gone, or are called by two names: to get one of them says nothing new."""

_NEVER_USED = frozenset({"LS", "MultiEdit"})
"""Tools that Claude Code no longer has: to deny one takes nothing away."""


def granted(
    view: View, agent: Agent, groups: Mapping[str, tuple[str, ...]], mcp: Callable[[str, str | None], str | None]
) -> Granted:
    """The groups of which the agent has a tool, not of notebooks alone, and none that still exists is taken from it.

    `groups` gives Claude Code's tools in each of the harness's groups. `mcp` names a server's tool, or with None all
    of them; it gives None where that can't be said. Of a server that the agent may not use in part, it gets nothing.
    """
    denied = {bare(tool) for tool in agent.disallowed_tools}
    narrowed = {server[0] for tool in denied if (server := split_mcp(tool)) is not None}
    names: list[str] = []
    wider: list[str] = []
    absent: list[str] = []
    withheld: dict[str, tuple[str, ...]] = {}
    for group, tools in groups.items():
        having = [tool for tool in tools if is_allowed(tool, agent.tools, agent.disallowed_tools)]
        taken = denied.intersection(tools)
        if set(having) - {"NotebookEdit"} and taken <= _NEVER_USED:
            names.append(group)
            wider += [tool for tool in tools if tool not in having and (tool not in _GONE or tool in taken)]
        else:
            lost = having if agent.tools is not None else [tool for tool in having if tool not in _GONE]
            absent += lost
            if reasons := tuple(tool for tool in tools if tool in taken and tool not in _NEVER_USED):
                withheld |= dict.fromkeys(lost, reasons)
    if agent.tools is None:
        servers = [server.name for server in view.of(Kind.MCP_SERVER) if server.name not in narrowed]
        names += [name for server in servers if (name := mcp(server, None)) is not None]
    known = {tool for tools in groups.values() for tool in tools}
    for tool in agent.tools or ():
        server = split_mcp(tool)
        name = None if server is None or server[0] in narrowed else mcp(*server)
        if name is not None:
            names.append(name)
        elif tool not in known:
            absent.append(tool)
    return Granted(tuple(dict.fromkeys(names)), tuple(wider), tuple(absent), withheld)


def absent_losses(view: View, agent: Agent, tools: Granted, harness: str, otherwise: str) -> Iterator[Loss]:
    """What of its own an agent loses: with what it must not use, or for why `otherwise`."""
    for tool in tools.absent:
        why = otherwise
        if (denied := tools.withheld.get(tool)) is not None:
            why = f"{harness} gives it only together with {', '.join(denied)}, which the agent must not use"
        yield loss(view, agent, f"tools: {tool}", why)
