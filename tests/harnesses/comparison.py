"""What a program saw against what the source says and what is declared lost: sentences about every difference.

Two rules hold for all kinds. What is in the source arrives exactly, or its absence is declared as a loss; and
whatever arrives is in the source. A declared loss is no licence for a wrong value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harnesses import expected as source
from harnesses.asking import HOOK
from harnesses.expected import Expected, Named, Rule, without_defaults, without_references
from harnesses.seen import CALLED_WITH, Listed, Seen, Server, squeezed


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of one target, as reports in JSON tell them."""

    entries: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, reports: Iterable[Mapping[str, Any]], target: str) -> Losses:
        return cls(tuple(loss for report in reports for loss in report["losses"] if loss["target"] == target))

    def about(self, item: str) -> list[str]:
        """What is lost of an item (`skill pdf-tools`)."""
        return [loss["what"] for loss in self.entries if loss["item"] == item]

    def declare(self, item: str, what: str) -> bool:
        return any(lost.startswith(what) for lost in self.about(item))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How a harness spells the names of things, where files and calls leave it no choice."""

    agent: Callable[[str], str]
    command: Callable[[str], str]
    skill: Callable[[Named], str] = lambda skill: skill.shown
    commands_are_skills: bool = False


SPELLINGS = {
    "claude-code": Spelling(agent=str, command=str, skill=lambda skill: skill.name),
    "codex": Spelling(
        agent=str,
        command=lambda name: name.replace(":", "-"),
        # Codex follows the link and finds the plugin's manifest there, so it calls the skill as Claude Code does.
        skill=lambda skill: skill.name,
        commands_are_skills=True,
    ),
    "gemini": Spelling(agent=lambda name: re.sub(r"[^a-z0-9_-]+", "-", name.lower()), command=str),
    "opencode": Spelling(agent=lambda name: name.replace(":", "-"), command=lambda name: name.replace(":", "/")),
    "kimi": Spelling(
        agent=lambda name: re.sub(r"[^a-z0-9]+", "-", name.lower()),
        command=lambda name: name.replace(":", "-"),
        commands_are_skills=True,
    ),
    "droid": Spelling(
        agent=lambda name: re.sub(r"[^a-z0-9_-]+", "-", name.lower()), command=lambda name: name.replace(":", "-")
    ),
    "kilo": Spelling(agent=lambda name: name.replace(":", "-"), command=lambda name: name.replace(":", "/")),
    "pi": Spelling(agent=str, command=lambda name: name.replace(":", "-")),
    "copilot": Spelling(
        agent=lambda name: name.replace(":", "-"),
        command=lambda name: name.replace(":", "-"),
        commands_are_skills=True,
    ),
    "cline": Spelling(agent=str, command=lambda name: name.replace(":", "-")),
    "continue": Spelling(agent=str, command=lambda name: name.replace(":", "-"), commands_are_skills=True),
    "vibe": Spelling(agent=str, command=lambda name: name.replace(":", "-"), commands_are_skills=True),
    "openhands": Spelling(
        agent=lambda name: name.replace(":", "-"),
        command=lambda name: name.replace(":", "-"),
        commands_are_skills=True,
    ),
    "aider": Spelling(agent=str, command=str),
    "auggie": Spelling(agent=str, command=str),
    "amp": Spelling(agent=str, command=str),
    "qwen": Spelling(agent=lambda name: name.replace(":", "-"), command=str),
}


UNTOLD = {
    "claude-code": ("model",),
    "copilot": ("model", "tools"),
    "gemini": ("tools",),
    "qwen": ("tools",),
    "droid": ("model", "tools"),
}
"""Settings of agents that a harness takes and does not tell."""


AGENTS_UNTOLD: frozenset[str] = frozenset({"vibe"})
"""Harnesses that take agents, and tell neither a person nor the model which."""

CONDITIONAL: frozenset[str] = frozenset({"copilot", "claude-code"})
"""Harnesses that tell a conditional rule once a file calls for it."""


def repeated(kind: str, names: Iterable[str]) -> Iterator[str]:
    """Names that are there more than once."""
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{kind} {name} is there {times} times"


def servers(expected: Expected, seen: Seen, losses: Losses) -> Iterator[str]:
    """Every server, by command, arguments, environment, URL and headers as they arrived at it."""
    yield from repeated("server", (server.name for server in seen.servers))
    yield from repeated("listed server", seen.listed_servers)
    arrived = {_plain(server.name): server for server in seen.servers}
    wanted = {_plain(server.name): server for server in expected.servers}
    for name in sorted({*arrived, *map(_plain, seen.listed_servers)} - set(wanted)):
        yield f"server {name} is not in the source"
    for name, server in wanted.items():
        item = f"mcp_server {server.name}"
        if name in arrived:
            yield from _server_differences(server, arrived[name], losses.about(item))
        elif seen.refusal is not None and name in map(_plain, seen.listed_servers):
            continue  # nothing was started
        elif not losses.about(item):
            yield f"server {name} does not arrive, and that is not declared"


def _server_differences(wanted: source.Server, arrived: Server, lost: Sequence[str]) -> Iterator[str]:
    def is_right(text: str | None, value: str | None) -> bool:
        """Also where a variable that is unset, and whose default is declared lost, leaves nothing, or its name."""
        template = wanted.templates.get(text or "", text or "")
        declared = [one for one in lost if one.startswith("${")]
        return value in (text, without_references(template, declared), without_defaults(template, declared))

    name = wanted.name
    if arrived.command != wanted.command:
        yield f"server {name} has the command {arrived.command}, not {wanted.command}"
    if len(arrived.arguments) != len(wanted.arguments) or not all(map(is_right, wanted.arguments, arrived.arguments)):
        yield f"server {name} has the arguments {arrived.arguments}, not {wanted.arguments}"
    if arrived.url != wanted.url:
        yield f"server {name} has the URL {arrived.url}, not {wanted.url}"
    for part, there, values in (
        ("env", arrived.environment, wanted.environment),
        ("header", arrived.headers, wanted.headers),
    ):
        for key, value in values.items():
            if key not in there:
                if not any(one.lower().startswith(f"{part} {key}".lower()) for one in lost):
                    yield f"server {name} lacks {part} {key}, and that is not declared"
            elif not is_right(value, there[key]):
                yield f"server {name} has {part} {key}={there[key]!r}, not {value!r}"
    for key in set(arrived.headers) - set(wanted.headers):
        yield f"server {name} got the header {key}, which is not in the source"


def _plain(name: str) -> str:
    """A name as all programs can have it in the name of a tool."""
    return re.sub(r"\W", "_", name)


def skills(expected: Expected, seen: Seen, losses: Losses) -> Iterator[str]:
    """Every skill with its description; in some harnesses commands are skills too."""
    spelling = SPELLINGS[seen.harness]
    wanted = {spelling.skill(skill): (f"skill {skill.name}", skill) for skill in expected.skills}
    if spelling.commands_are_skills:
        wanted |= {spelling.command(one.name): (f"command {one.name}", one) for one in expected.commands}
    yield from _listed("skill", wanted, seen.skills, losses)


def agents(expected: Expected, seen: Seen, losses: Losses) -> Iterator[str]:
    """Every agent with its description and, where it is told, its prompt; its model and tools or their loss."""
    if seen.harness in AGENTS_UNTOLD or seen.refusal is not None:
        return
    wanted = {SPELLINGS[seen.harness].agent(one.name): (f"agent {one.name}", one) for one in expected.agents}
    yield from _listed("agent", wanted, seen.agents, losses)
    for listed in seen.agents:
        item, agent = wanted.get(listed.name, ("", None))
        if agent is None:
            continue
        if listed.text is not None and squeezed(listed.text) != squeezed(agent.text):
            yield f"the prompt of agent {agent.name} is {listed.text!r}"
        for key in ("model", "tools"):
            # OpenCode alone tells what an agent may do and by which model; others take both or one, and do not say so.
            told = listed.settings.get("permission" if key == "tools" else key)
            is_told_of = key not in UNTOLD.get(seen.harness, ())
            is_said = agent.settings.get(key) not in (None, "inherit") and is_told_of
            if is_said and not told and not losses.declare(item, f"{key}: "):
                yield f"agent {agent.name} comes without its {key}, and that is not declared"


def commands(expected: Expected, seen: Seen, losses: Losses) -> Iterator[str]:
    """Every command with its description, where there is a list; and what the model gets when it is called."""
    spelling = SPELLINGS[seen.harness]
    wanted = {spelling.command(one.name): (f"command {one.name}", one) for one in expected.commands}
    if seen.commands:
        yield from _listed("command", wanted, seen.commands, losses)
    if seen.refusal is not None:
        return
    for name in sorted(set(seen.called) - set(wanted)):
        yield f"command {name} is not in the source"
    for name, (item, command) in wanted.items():
        if name not in seen.called:
            if not losses.about(item):
                yield f"command {name} does not arrive, and that is not declared"
            continue
        got = squeezed(seen.called[name])
        for part in _parts(command, losses.about(item)):
            if part not in got:
                yield f"the call of command {name} goes on otherwise after {_common_beginning(part, got)[-80:]!r}"


def _common_beginning(part: str, text: str) -> str:
    """The longest beginning of `part` that is in `text`."""
    length = next(length for length in range(len(part), -1, -1) if part[:length] in text)
    return part[:length]


def _parts(command: Named, lost: Sequence[str]) -> Iterator[str]:
    """The text of a command with arguments put in, in parts between what is declared lost."""
    text = command.text
    for one in lost:
        text = text.replace(one, "\0")
    text = text.replace("$ARGUMENTS", CALLED_WITH).replace("$0", CALLED_WITH)
    yield from (part for part in map(squeezed, text.split("\0")) if part)


def _listed(
    kind: str, wanted: Mapping[str, tuple[str, Named]], listed: Sequence[Listed], losses: Losses
) -> Iterator[str]:
    yield from repeated(kind, (one.name for one in listed))
    for one in listed:
        if one.name not in wanted:
            yield f"{kind} {one.name} is not in the source"
        elif squeezed(one.description) != squeezed(wanted[one.name][1].description):
            yield f"{kind} {one.name} is described as {one.description!r}, not {wanted[one.name][1].description!r}"
        if one.settings.get("enabled") is False:
            yield f"{kind} {one.name} is switched off"
    for name in sorted(set(wanted) - {one.name for one in listed}):
        if not losses.about(wanted[name][0]):
            yield f"{kind} {name} does not arrive, and that is not declared"


def rules(expected: Expected, seen: Seen, losses: Losses, directory: str = "") -> Iterator[str]:
    """Every line of every rule that holds in `directory`, once; those of other folders once at most."""
    if seen.refusal is not None:
        return
    for file, times in seen.rules.items():
        if times > 1:
            yield f"{file} is loaded {times} times"
    everything = [line for rule in expected.rules for line in rule.lines]
    # What a file of the project hides of a person's own is told with the rule that it stands for.
    hidden = any(loss["item"].startswith("rule ") and loss["what"].startswith("~/") for loss in losses.entries)
    for rule in expected.rules:
        if rule.personal and hidden:
            continue
        holds = rule.directory in ("", directory) and not (rule.conditional and seen.harness in CONDITIONAL)
        for line in telling(rule, everything):
            times = seen.times(line)
            if (times > 1 and not losses.declare(f"rule {rule.name}", "told once")) or (
                times == 0 and holds and not losses.about(f"rule {rule.name}")
            ):
                yield f"{rule.name}: the model is told {times} times: {line!r}"


def telling(rule: Rule, everything: Sequence[str]) -> Iterator[str]:
    """The lines of a rule that stand nowhere else in the rules."""
    for line in rule.lines:
        if sum(line in other for other in everything) == 1:
            yield line


def hooks(expected: Expected, seen: Seen, losses: Losses, events: Sequence[str]) -> Iterator[str]:
    """Every hook for one of `events`, which occur once in a turn, runs once or is declared as lost."""
    if seen.refusal is not None:
        return
    ran = Counter(seen.hooks)
    wanted = {hook.command.removeprefix(f"{HOOK} "): hook for hook in expected.hooks if HOOK in hook.command}
    declared = sum(loss["item"].startswith("hook ") and loss["item"] == loss["what"] for loss in losses.entries)
    for command, times in ran.items():
        if times > 1:
            yield f"the hook {command} ran {times} times"
    for command in sorted(set(ran) - set(wanted)):
        yield f"the hook {command} is not in the source"
    hidden = any(loss["item"].startswith("hook ") and ": ~/" in loss["what"] for loss in losses.entries)
    expected_to_run = {one for one, hook in wanted.items() if hook.event in events and not (hook.personal and hidden)}
    silent = sorted(expected_to_run - set(ran))
    if len(silent) > declared:
        yield f"these hooks did not run, and {declared} are declared as lost: {silent}"
