"""What git would do with the files that outputs go into: who could get what is private, or a credential."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.desired import Desired, FileOutput, Output
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.files import asking_git, git
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.tracked import ask_tracked


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """Paths of outputs, as `Observed` has them."""

    tracked: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = field(default=())


def look_at_git(
    root: Path, scope: Scope, desired: Desired, looked: Looked, *, hides: bool, filled: Collection[str] = ()
) -> Exposed:
    """Ask git about the outputs of a scope. `hides` says whether outputs are put into `info/exclude`, which takes a
    repository that acknowledges the worktree. `filled` are the paths at which we have filled gaps.

    Of outputs that are neither private nor hold a credential, only whether they are tracked matters. What decides
    about the others, the index and the patterns above them, counts as looked at. Blocking.
    """
    secret = {address.path for address, wish in desired.possible.items() if _is_secret(wish.output)}
    delicate = secret | {address.path for address, wish in desired.possible.items() if wish.output.private}
    top = root if scope is Scope.PROJECT else git.worktree_root(root) if secret else None
    paths = sorted({address.path for address in desired.possible} | {*filled} if scope is Scope.PROJECT else secret)
    own = git.git_dir(top) if top is not None else None
    if top is None or own is None or not paths:
        return Exposed(ignored=frozenset(delicate))
    if delicate or filled:
        looked.lstat(str(own / "index"))
    if delicate:
        look_at_patterns(root, delicate, looked)
    tracked, problems = ask_tracked(root, paths, top=top, index=own / "index", asker=str(root))
    ignored = asking_git.Ignored()
    if delicate and not problems:
        ignored, problems = asking_git.ignored(root, sorted(delicate))
    unhidden = secret if scope is Scope.USER or not hides else frozenset[str]()
    unlisted = {address.path for address, wish in desired.possible.items() if wish.output.hidden_by is not None}
    return Exposed(
        tracked=tracked,
        ignored=ignored.hidden | (ignored.listed & unlisted),
        shown=ignored.shown | (unhidden - ignored.hidden),
        unasked=frozenset(delicate) if problems else frozenset(),
        problems=problems,
    )


def _is_secret(output: Output) -> bool:
    """Does it hold a credential? What a worktree is to begin with is in no git either."""
    return bool(output.secrets) or (isinstance(output, FileOutput) and output.once)


def look_at_patterns(root: Path, paths: Collection[str], looked: Looked) -> None:
    """A pattern that comes or goes changes what git would show."""
    for file in git.pattern_files(root, paths):
        looked.lstat(file)
