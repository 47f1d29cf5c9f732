"""What an agent says that other harnesses don't read."""

from __future__ import annotations

from collections.abc import Iterator

from harnesssync_adapters.shared.names import ignored, is_private, loss
from harnesssync_adapters.shared.tools import bare, split_mcp
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Agent, Kind
from harnesssync_orchestrator.core.targets import View

_SETTINGS = ("skills", "mcpServers", "hooks", "maxTurns", "memory", "background", "isolation", "effort")
_STRICT_MODES = frozenset({"plan", "dontAsk"})


def is_limited(agent: Agent) -> bool:
    """Has the agent less than all tools?"""
    return agent.tools is not None or bool(agent.disallowed_tools)


def named_servers(agent: Agent, *, denied: bool = False) -> frozenset[Kind]:
    """What the file of an agent gathers besides it, where its limits are the names of tools and servers that it has: an
    agent from which some are taken gets the others by name. Where they are those that it has not (`denied`), that is
    one with a list of its own."""
    names = is_limited(agent) and (agent.tools is not None) is denied
    return frozenset({Kind.MCP_SERVER}) if names else frozenset()


def is_agent_private(view: View, agent: Agent, gathers: frozenset[Kind]) -> bool:
    """Must what is made of an agent stay out of what a team commits? Also where it gathers the names of servers that
    are private, and that its own file does not name."""
    named = {mcp[0] for tool in (*(agent.tools or ()), *agent.disallowed_tools) if (mcp := split_mcp(bare(tool)))}
    servers = view.of(Kind.MCP_SERVER) if Kind.MCP_SERVER in gathers else ()
    return is_private(view, agent, *(server for server in servers if server.name not in named))


def limits(agent: Agent) -> str:
    """Its limits as its file states them."""
    if agent.tools is not None:
        return f"tools: {', '.join(agent.tools)}"
    return f"disallowedTools: {', '.join(agent.disallowed_tools)}"


def agent_losses(view: View, agent: Agent, harness: str, *, kept: tuple[str, ...] = ()) -> Iterator[Loss]:
    """Its model and its settings, but for those that are `kept`. A mode that only plans limits it, too."""
    if agent.model not in (None, "inherit") and "model" not in kept:
        why = f"{harness} has other models; the agent takes the session's"
        yield loss(view, agent, f"model: {agent.model}", why)
    mode = agent.metadata.get("permissionMode")
    if mode not in (None, "", "default") and "permissionMode" not in kept:
        why = f"{harness} has no modes for agents"
        yield loss(view, agent, f"permissionMode: {mode}", why, security=mode in _STRICT_MODES)
    yield from ignored(view, agent, agent.metadata, [name for name in _SETTINGS if name not in kept], harness)
