"""The matchers of hooks about tools, in other harnesses' names.

Claude Code compares a list of names with `|` as it is, and takes anything else for a pattern that may match anywhere.
A name can be put for a name in a list; in a pattern that excludes a tool, or names it in part, it would match others.
So does a pattern with one anchor: `Write$` is about `TodoWrite`, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from harnesssync_adapters.shared.hooks import GUARDS
from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import Loss
from harnesssync_orchestrator.core.items import Hook
from harnesssync_orchestrator.core.targets import View

EVERY = frozenset({"", "*", ".*", ".+", "^.*$", "^.+$"})
EVERY_SERVER = frozenset({"mcp__.*", "mcp__.+"})

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[A-Za-z]\w*")
_GROUP = re.compile(r"(?P<anchor>\^)?\((?:\?:)?(?P<inside>[A-Za-z0-9_|-]+)\)(?(anchor)\$)")
_WITH_ONE_ANCHOR = re.compile(r"\^[A-Za-z0-9_|()?:-]+|[A-Za-z0-9_|()?:-]+\$|\^mcp__.*|mcp__.*\$")
_OF_SERVER = re.compile(
    r"mcp__(?P<server>[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*)__(?P<tool>[A-Za-z0-9_.(][A-Za-z0-9_.*+?()|:!=-]*)"
)


@dataclass(frozen=True, slots=True)
class Naming:
    """How a harness names tools: what it has for each of Claude Code's, and a pattern for an alternative that begins
    with `mcp__`, if it has one."""

    harness: str
    tools: Mapping[str, Collection[str]]
    server: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Matched:
    """A matcher in the names of a harness, None if nothing of it can be said in them; and what of it can't."""

    pattern: str | None
    unnamed: tuple[str, ...] = ()


def matched(matcher: str, naming: Naming) -> Matched:
    """A tool that the harness lacks stays by its own name, and is to be told: it matches nothing there."""
    if matcher in EVERY:
        return Matched(matcher)
    found: list[str] = []
    unnamed: list[str] = []
    for one in _parts(matcher):
        name = _name(one, naming)
        if name is None:
            unnamed.append(one)
        else:
            found.append(name)
    return Matched("|".join(found) or None, tuple(unnamed))


def _name(alternative: str, naming: Naming) -> str | None:
    bare = _bare(alternative)
    if _WITH_ONE_ANCHOR.fullmatch(bare) is not None:
        return None
    if bare.startswith("mcp__"):
        return naming.server(bare)
    if _NAME.fullmatch(bare) is not None:
        return either(naming.tools.get(bare, ())) or (bare if bare[0].isupper() else None)
    return alternative if _bears_same_names(alternative, naming) else None


def _bare(alternative: str) -> str:
    """Without the anchors that say no more than the list does: both of them, or those of all that a server has."""
    if alternative.startswith("^") and alternative.endswith("$"):
        return alternative[1:-1]
    if alternative.startswith("^mcp__") and alternative.endswith((".*", ".+")):
        return alternative[1:]
    return alternative[:-1] if alternative.startswith("mcp__") and alternative.endswith((".*$", ".+$")) else alternative


def matcher_losses(view: View, hook: Hook, result: Matched, naming: Naming) -> Iterator[Loss]:
    """What of a matcher has no name there, whether the hook is left out, and for what else it runs."""
    what = f"{hook.id}: matcher {hook.matcher}"
    if result.unnamed:
        why = f"{naming.harness} has no name for what {' or '.join(result.unnamed)} matches"
        if result.pattern is None:
            why += ": the hook is left out"
        yield loss(view, hook, what, why, security=hook.event in GUARDS)
    if result.pattern not in {None, *EVERY}:
        yield from (loss(view, hook, what, why) for why in _runs_besides(hook.matcher, naming))


def _runs_besides(matcher: str, naming: Naming) -> Iterator[str]:
    """That a tool of the harness stands for more than the matcher names."""
    named = [_bare(one) for one in _parts(matcher)]
    for theirs in dict.fromkeys(name for tool in named for name in naming.tools.get(tool, ())):
        does = {_RENAMED.get(tool, tool) for tool, names in naming.tools.items() if theirs in names}
        if does - {_RENAMED.get(tool, tool) for tool in named}:
            yield f"{naming.harness} has one tool for {' and '.join(sorted(does))}: the hook runs for all that it does"


_RENAMED = {"Task": "Agent", "MultiEdit": "Edit"}
"""Earlier names of Claude Code's own tools, by which a matcher may still call them."""


def is_pattern(matcher: str) -> bool:
    """Is it more than a list of names?"""
    return matcher not in EVERY and not all(one.startswith("mcp__") or _NAME.fullmatch(one) for one in _parts(matcher))


def of_server(alternative: str) -> tuple[str, str] | None:
    """The server and the pattern of its tools, None if the server itself is a pattern."""
    found = _OF_SERVER.fullmatch(alternative)
    return (found["server"], found["tool"]) if found else None


def single_barred(alternative: str) -> str | None:
    """For harnesses in which servers' tools are `mcp_server_tool`."""
    found = of_server(alternative)
    if found is not None:
        return f"mcp_{found[0]}_{found[1]}"
    return "mcp_.*" if alternative in EVERY_SERVER else None


def is_apart(prefix: str, tools: Collection[str]) -> bool:
    """Does none of the harness's own tools begin like those of a server?"""
    return not any(tool.startswith(prefix) for tool in tools)


def either(names: Collection[str]) -> str:
    """A pattern for one of these names, empty if there is none."""
    return "".join(names) if len(names) < 2 else f"({'|'.join(names)})"


def one_each(names: Mapping[str, str]) -> dict[str, tuple[str]]:
    """For harnesses that have one tool for each that they have at all."""
    return {tool: (name,) for tool, name in names.items()}


def _bears_same_names(matcher: str, naming: Naming) -> bool:
    """Does a pattern name nothing but tools that are the same there, and none that stands for others too?"""
    named = [word for word in _WORD.findall(matcher) if not word.startswith("mcp__")]
    theirs = [name for names in naming.tools.values() for name in names]
    same = all([*naming.tools.get(word, ())] == [word] and theirs.count(word) == 1 for word in named)
    return bool(named or "mcp" in matcher) and same and ("mcp" not in matcher or naming.server(matcher) == matcher)


def _parts(matcher: str) -> list[str]:
    """The alternatives, also of a list that stands in one group as a whole."""
    group = _GROUP.fullmatch(matcher)
    return _alternatives(group["inside"] if group else matcher)


def _alternatives(matcher: str) -> list[str]:
    """The parts between the bars that stand in no group."""
    if "[" in matcher or "\\" in matcher:
        return [matcher]
    found, depth = [""], 0
    for sign in matcher:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "|" and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found if depth == 0 else [matcher]
