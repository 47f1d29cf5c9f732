"""What OpenCode and the harnesses that were made from it have in common: where files go, agents, and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import commands
from harnesssync_adapters.shared.agents import agent_losses, is_agent_private, is_limited, limits, named_servers
from harnesssync_adapters.shared.command_skills import command_losses
from harnesssync_adapters.shared.names import has_skill, is_private, loss, unsafe
from harnesssync_adapters.shared.opencode_tools import NOTEBOOKS, TOOLS, server_prefix, tool_key
from harnesssync_adapters.shared.skills import skill_losses
from harnesssync_adapters.shared.tools import bare, is_allowed, split_mcp
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output
from harnesssync_orchestrator.core.items import Agent, Command, Kind, Scope, Skill
from harnesssync_orchestrator.core.targets import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One of them, `name`, and its places in a project and in a home, in this order.

    `folders` hold agents and commands. Of the configuration files, `main` have servers and rules, `early` what is
    allowed, and `late`, which are merged over both, what is not. `read` are all of those, and others that are read.
    """

    name: str
    folders: tuple[str, str]
    main: tuple[str, str]
    early: tuple[str, str]
    late: tuple[str, str]
    read: tuple[tuple[str, ...], tuple[str, ...]]

    def folder(self, view: View) -> str:
        return self.folders[view.scope is Scope.USER]

    def config(self, view: View) -> str:
        return self.main[view.scope is Scope.USER]

    def rivals(self, view: View) -> tuple[str, ...]:
        """The files besides `config` in which a server may stand."""
        return tuple(path for path in self.read[view.scope is Scope.USER] if path != self.config(view))

    def early_config(self, view: View) -> str:
        return self.early[view.scope is Scope.USER]

    def late_config(self, view: View) -> str:
        return self.late[view.scope is Scope.USER]


def rendered_agents(view: View, agents: Sequence[Agent], family: Family) -> Iterator[Output | Loss]:
    for agent in agents:
        stem = agent.name.replace(":", "-")
        if (refused := unsafe(view, agent, [stem])) is not None:
            yield refused
            continue
        front: dict[str, JsonValue] = {"description": agent.description or agent.name, "mode": "subagent"}
        if is_limited(agent):
            front["permission"] = _denials(view, agent)
            why = "everything that it may not use is denied, but for tools of plugins and of other servers"
            yield loss(view, agent, limits(agent), why, security=True)
            yield from _edit_losses(view, agent, family)
        gathered = named_servers(agent, denied=True)
        yield FileOutput(
            path=f"{family.folder(view)}/agents/{stem}.md",
            items=(agent.id,),
            content=markdown(front, agent.prompt),
            private=is_agent_private(view, agent, gathered),
            gathers=gathered,
        )
        yield from agent_losses(view, agent, family.name)


def _denials(view: View, agent: Agent) -> dict[str, JsonValue]:
    """Only denials: an agent's permissions stand behind all others, so allowing here would defeat a denial there."""
    usable = [tool for tool in TOOLS if is_allowed(tool, agent.tools, agent.disallowed_tools)]
    allowed = {TOOLS[tool] for tool in usable if tool != NOTEBOOKS}  # `edit` is about all files
    allowed |= {"list"} if allowed & {"read", "glob"} else set()
    denials: dict[str, JsonValue] = {key: "deny" for key in dict.fromkeys(TOOLS.values()) if key not in allowed}
    servers = {server.name for server in view.of(Kind.MCP_SERVER)}
    named = {tool for tool in agent.tools or () if split_mcp(tool) is not None}
    for server in sorted(servers):
        if agent.tools is not None and not any((split_mcp(tool) or ("",))[0] == server for tool in named):
            denials[f"{server_prefix(server)}*"] = "deny"
    for tool in agent.disallowed_tools:
        key = tool_key(bare(tool))
        if bare(tool) == NOTEBOOKS:
            denials.setdefault("edit", {"*.ipynb": "deny"})
        elif key is not None:
            denials[key] = "deny"
    return denials


def _edit_losses(view: View, agent: Agent, family: Family) -> Iterator[Loss]:
    """What an agent can't change any more, since one of the tools that are all `edit` is taken from it."""
    tools = [tool for tool, key in TOOLS.items() if key == "edit"]
    having = [tool for tool in tools if is_allowed(tool, agent.tools, agent.disallowed_tools)]
    taken = {bare(tool) for tool in agent.disallowed_tools}.intersection(tools) - {NOTEBOOKS}
    if having and (taken or having == [NOTEBOOKS]):
        lacks = ", ".join(tool for tool in having if tool != "MultiEdit")
        if lacks:
            yield loss(
                view, agent, f"tools: {lacks}", f"{family.name} has one tool for all changes of files: it is denied"
            )


def called_skill_losses(view: View, skills: Sequence[Skill], family: Family, *, runs: bool) -> Iterator[Loss]:
    """What is lost of skills that people call: the text is that of a command then, and a shell command in it `runs`."""
    puts_in = (prompts.Arguments, prompts.Argument, prompts.File, *([prompts.Shell] if runs else []))
    yield from skill_losses(view, skills, family.name, puts_in=puts_in)
    for skill in skills:
        for part in skill.placeholders:
            if isinstance(part, prompts.Shell) and runs:
                is_run = prompts.may_run(part.written)
                yield loss(view, skill, part.written, _runs(family) if is_run else _is_text(family), security=is_run)
            elif isinstance(part, prompts.Argument):
                why = f"{family.name} counts arguments from 1, and leaves nothing of one that is not typed"
                yield loss(view, skill, part.written, why)


def rendered_commands(view: View, items: Sequence[Command], family: Family) -> Iterator[Output | Loss]:
    """The text is nearly the same: OpenCode has taken over `$ARGUMENTS`, !`command` and `@file`. Its `$1` is the first
    argument, and `$100` the hundredth, of which nothing is left if there is none."""
    for command in items:
        if (refused := unsafe(view, command, command.path)) is not None:
            yield refused
            continue
        if has_skill(view, command.name):
            continue
        description = commands.described(command)
        text = commands.rewritten(command.prompt, commands.spaced, _written)
        yield FileOutput(
            path=f"{family.folder(view)}/commands/{'/'.join(command.path)}.md",
            items=(command.id,),
            content=markdown({"description": description}, text),
            private=is_private(view, command),
            executes=prompts.may_run(text),
        )
        last = max(map(int, NUMBERED.findall(text)), default=0)
        for part in prompts.distinct(command.prompt):
            what = "$" if isinstance(part, str) else part.written
            if isinstance(part, prompts.Shell) and prompts.may_run(_written(part)):
                yield loss(view, command, what, _runs(family), security=True)
            for why in _whys(part, family, last):
                yield loss(view, command, what, why)
        yield from command_losses(view, command, family.name)


def _runs(family: Family) -> str:
    return f"{family.name} runs it without asking"


def _is_text(family: Family) -> str:
    return f"{family.name} has no such blocks: it is only text"


NUMBERED = re.compile(r"\$([0-9]{1,9})")
"""An argument by its number, as these read it."""


def _whys(part: prompts.Part | str, family: Family, last: int) -> Iterator[str]:
    """What of a part is lost, where the argument `last` is that with the highest number."""
    if isinstance(part, str):
        if commands.NUMBERS.search(part):
            yield commands.why_spaced(family.name)
        return
    if isinstance(part, prompts.Shell):
        if not prompts.may_run(_written(part)):
            yield _is_text(family)
        if commands.NUMBERS.search(part.command):
            yield f"{family.name} leaves nothing of an argument that is not typed, Claude Code its place"
    if isinstance(part, (prompts.Shell, prompts.Argument)) and str(last) in NUMBERED.findall(_written(part)):
        yield f"{family.name} puts all arguments that are left in the place of the last"


def _written(part: prompts.Part) -> str:
    if isinstance(part, prompts.Argument):  # of `$ARGUMENTS[0]` it would see the beginning, and put all there
        return f"${part.number}"
    return prompts.renumbered(part.written) if isinstance(part, prompts.Shell) else part.written
