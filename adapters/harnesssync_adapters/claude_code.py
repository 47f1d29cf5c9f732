"""Claude Code itself, in a linked worktree, observed with version 2.1.330.

What it reads is the source, so there is nothing to be written for it, but for one thing: of what a person keeps out of
git in the main checkout it reads the local settings alone, and skills, agents and commands where the worktree has no
folder for them. For the rest there are links, so that every edit holds in all worktrees, and no credential is copied;
but of rules there are copies, which are made anew when the main checkout's change.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared.names import is_private
from harnesssync_orchestrator.core.desired import FileOutput, LinkOutput, Output
from harnesssync_orchestrator.core.items import Absent, Item, Kind, McpServer, Skill
from harnesssync_orchestrator.core.markers import marker_path
from harnesssync_orchestrator.core.targets import Link, Native, Support, Target, View

_KINDS = (Kind.RULE, Kind.SKILL, Kind.AGENT, Kind.COMMAND, Kind.MCP_SERVER)

_SPECIAL = re.compile(r"([\\*?\[\]]| $)")
"""What stands for more than itself in a pattern of git's."""


def _gaps(view: View, items: Sequence[Item]) -> Iterator[Output]:
    """A link in each place where Claude Code would look in vain, once it is hidden from git. The servers of one file
    wait for approval together."""
    missed: dict[Absent, list[Item]] = defaultdict(list)
    for item in items:
        if item.origin.absent is not None:
            missed[item.origin.absent].append(item)
    for hiding in dict.fromkeys(absent.hidden_by for absent in missed if absent.hidden_by):
        yield _hidden(view, hiding)
    for absent, there in missed.items():
        first = there[0]
        yield LinkOutput(
            path=absent.path,
            items=tuple(item.id for item in there),
            source=absent.source,
            directory=isinstance(first, Skill),
            digest=first.digest if isinstance(first, Skill) else absent.digest,
            copied=absent.copied,
            private=is_private(view, *there),
            executes=any(isinstance(item, McpServer) and item.executes for item in there),
            yields=True,
            hidden_by=absent.hidden_by,
        )


def _files(view: View) -> Iterator[Output]:
    """The files that Claude Code copies, by `.worktreeinclude`, into the worktrees that it makes itself."""
    for file in view.files:
        yield FileOutput(
            path=file.name,
            items=(file.id,),
            content=file.content,
            executable=file.executable,
            private=True,
            yields=True,
            once=True,
            closed=file.closed,
        )


def _hidden(view: View, path: str) -> FileOutput:
    """The file of patterns that hides itself, and what lies beside and below it of all kinds but servers."""
    items = [item for kind in _KINDS for item in view.of(kind)]
    hidden = [item for item in items if item.origin.absent is not None and item.origin.absent.hidden_by == path]
    folder = posixpath.dirname(path)
    missed = [item.origin.absent for item in hidden if item.origin.absent is not None]
    # Beside each copy stands a file that says what it is one of.
    places = {path, *(each.path for each in missed), *(marker_path(each.path) for each in missed if each.copied)}
    lines = [_SPECIAL.sub(r"\\\1", f"/{posixpath.relpath(place, folder)}") for place in sorted(places)]
    return FileOutput(
        path=path,
        items=tuple(item.id for item in hidden),
        content="".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"),
        private=is_private(view, *hidden),
        yields=True,
        hidden_by=path,
        gathers=frozenset(_KINDS) - {Kind.MCP_SERVER},
    )


_SETTINGS = Native("in a linked worktree it reads the settings.local.json of the main checkout as well")
_OWN = Native("these are its own files")

_PROJECT: Mapping[Kind, Support] = {
    **dict.fromkeys(_KINDS, Link(_gaps, "of what a linked worktree lacks, what git would show there")),
    **dict.fromkeys((Kind.PERMISSIONS, Kind.HOOK, Kind.ENVIRONMENT), _SETTINGS),
}

TARGET = Target(
    id="claude-code",
    name="Claude Code",
    programs=("claude",),
    project_signs=(),
    user_signs=(),
    home=".claude",
    home_variable="CLAUDE_CONFIG_DIR",
    project=_PROJECT,
    user=dict.fromkeys(Kind, _OWN),
    only_linked=True,
    carries=_files,
    shared=None,
)
