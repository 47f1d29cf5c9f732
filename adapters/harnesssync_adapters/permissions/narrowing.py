"""What narrows an allowance: the denials and questions that are about a part of what it allows.

A harness that can't be told of one of them would do unasked, were the allowance written, what Claude Code denies or
asks about. Where it can't be said for certain whether two rules meet, they do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_adapters.shared.tools import split_mcp
from harnesssync_orchestrator.core.items import Action, PermissionRule

WRITERS = frozenset({"Edit", "Write", "MultiEdit", "NotebookEdit"})
"""Claude Code's tools that change files."""

_FAMILIES = {"Read": frozenset({"Read", "Grep", "Glob", "LS", "NotebookRead"}), "Edit": WRITERS}
"""In Claude Code a rule about the one is about what all the others read or change."""
_FILES = frozenset().union(*_FAMILIES.values())
_AGENTS = frozenset({"Agent", "Task"})

_QUOTES = re.compile(r"""["'\\]""")
_GROUPS = re.compile(r"\?|\[[^\]]*\]|\{[^}]*\}")

Reach = Callable[[PermissionRule], Collection[str]]
"""The harness's tools, in its own names, about which it can be told all that a rule says; none if it can't."""


def narrowing(allowance: PermissionRule, rules: Iterable[PermissionRule]) -> Iterator[PermissionRule]:
    """Those of the rules that deny or ask about a part of what is allowed."""
    for rule in rules:
        if rule.action is not Action.ALLOW and meet(allowance, rule):
            yield rule


def unheld(allowance: PermissionRule, rules: Sequence[PermissionRule], reach: Reach) -> PermissionRule | None:
    """A rule that narrows the allowance and that the harness can't be told; None if the allowance can be written.

    One about the same tool, or about all that reads or changes files, must reach every tool that would be allowed.
    """
    allowed = frozenset(reach(allowance))
    if not allowed:
        return None
    for rule in narrowing(allowance, rules):
        held = reach(rule)
        is_of_all = rule.tool in (allowance.tool, *_FAMILIES)
        if not held or (is_of_all and not allowed <= frozenset(held)):
            return rule
    return None


def has_wild_name(rule: PermissionRule) -> bool:
    """Is the rule about tools by a pattern of their names, other than all of one server?"""
    return rule.tool == "mcp__*" or "*" in rule.tool.removesuffix("__*")


def meet(one: PermissionRule, other: PermissionRule) -> bool:
    """May both rules be about the same use of a tool?"""
    if not _tools_meet(one.tool, other.tool):
        return False
    mine, its = one.specifier, other.specifier
    if mine is None or its is None or "*" in (mine, its):
        return True
    if one.tool == "Bash":
        return _any_meet(_commands(mine), _commands(its))
    if one.tool in _FILES:
        return _paths_meet(mine.strip(), its.strip())
    if one.tool == "WebFetch" and mine.startswith("domain:") and its.startswith("domain:"):
        return _any_meet(_domains(mine), _domains(its))
    if one.tool in _AGENTS or one.tool == "Skill":
        return globs_meet(mine.replace(":*", "*"), its.replace(":*", "*"))
    return True


@lru_cache(maxsize=1 << 16)  # each target asks about the same pairs
def globs_meet(one: str, other: str) -> bool:
    """Is there a text that both match? `*` stands for any text."""
    seen: set[tuple[int, int]] = set()
    ahead = [(0, 0)]
    while ahead:
        place = i, j = ahead.pop()
        if place in seen:
            continue
        seen.add(place)
        mine, its = one[i : i + 1], other[j : j + 1]
        if not mine and not its:
            return True
        if mine == "*":
            ahead += [(i + 1, j), *([(i, j + 1)] if its else [])]
        if its == "*":
            ahead += [(i, j + 1), *([(i + 1, j)] if mine else [])]
        if mine == its:
            ahead.append((i + 1, j + 1))
    return False


def _any_meet(some: Iterable[str], others: Collection[str]) -> bool:
    return any(globs_meet(one, other) for one in some for other in others)


def _tools_meet(one: str, other: str) -> bool:
    if one in _AGENTS and other in _AGENTS:
        return True
    for head, family in _FAMILIES.items():
        if {one, other} <= family and (head in (one, other)):
            return True
    return _any_meet(_names(one), _names(other))


def _names(tool: str) -> list[str]:
    server = split_mcp(tool)
    return [f"mcp__{server[0]}", f"mcp__{server[0]}__*"] if server is not None and server[1] is None else [tool]


def _commands(specifier: str) -> list[str]:
    """What the specifier matches. A harness that compares words sees no quotes, so they are left out."""
    pattern = command_pattern(specifier)
    text = _QUOTES.sub("", pattern.text)
    if pattern.shape is Shape.EVERY:
        return ["*"]
    return [text, f"{text} *"] if pattern.shape is Shape.PREFIX else [text, text.removesuffix(" *")]


def _domains(specifier: str) -> list[str]:
    """A domain and, as harnesses that know no better have it, all below it."""
    domain = specifier.removeprefix("domain:").strip().rstrip(".").casefold()
    return [domain, f"*.{domain}"]


def _paths_meet(one: str, other: str) -> bool:
    """Patterns in the manner of `.gitignore`, each about all that is below it too. A path from the root of the disk, of
    the home directory and of the project may be the same one."""
    mine, its = _path(one), _path(other)
    return mine is None or its is None or mine[0] != its[0] or _any_meet(mine[1], its[1])


def _path(specifier: str) -> tuple[str, list[str]] | None:
    """Where the path begins and what it matches, None if it can't be told. Letters count in no case."""
    if specifier.startswith("!") or ".." in specifier:
        return None
    start = next((start for start in ("//", "~/") if specifier.startswith(start)), "")
    path = specifier.removeprefix(start).rstrip("/")
    if not start and not path.startswith(("/", "./")) and "/" not in path:
        path = f"**/{path}"
    path = _GROUPS.sub("*", _QUOTES.sub("", path.removeprefix("./").lstrip("/"))).casefold()
    glob = path.replace("**/", "*").replace("**", "*")
    return start, [glob, f"{glob}/*"] if glob not in ("", ".") else ["*"]
