"""Which files of a source git keeps from a team, whose text would come into outputs that git shows to it.

What a person ignores is theirs, like `CLAUDE.local.md`: a rule, a file of settings, or a `.env` that a rule imports. As
long as git sees no output, nothing comes of that, and git is not asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePath, PurePosixPath

from harnesssync_orchestrator.core.desired import Desired, LinkOutput, Output
from harnesssync_orchestrator.core.exposure import WhollyOurs, why_seen
from harnesssync_orchestrator.core.items import ItemId, Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.core.unshared import text_files
from harnesssync_orchestrator.files import asking_git, git
from harnesssync_orchestrator.files.opened import is_within
from harnesssync_orchestrator.files.reading import Looked

_NEGATED = re.compile(rb"^!", re.MULTILINE)


def unshared(
    root: Path, source: Source, desired: Desired, observed: Observed, ledger: Ledger, looked: Looked
) -> tuple[frozenset[str], tuple[Problem, ...]]:
    """The absolute paths of such files, as the items have them. Those about which git gives no answer are among them.

    At most two questions to git: the one about patterns, and which of the ignored files it tracks all the same. The
    patterns count as looked at. Blocking.
    """
    own = git.git_dir(root) if source.scope is Scope.PROJECT else None
    copied = [wish.output for wish in desired.possible.values() if _is_public_copy(wish.output)]
    if own is None or not copied:
        return frozenset(), ()
    whole = WhollyOurs(desired, observed, ledger)
    if not _takes_back(root, {output.path for output in copied}, looked):
        copied = [output for output in copied if why_seen(output, observed, whole)]
    places = _places(root, _files(source, copied))
    if not places:
        return frozenset(), ()
    outputs = {output.path for output in copied}
    _look_at_patterns(root, outputs.union(places.values()), looked)
    patterns, problems = asking_git.ignored(root, sorted(outputs.union(places.values())))
    if problems:
        return frozenset(places), problems
    now = replace(observed, ignored=observed.ignored | patterns.hidden, shown=observed.shown | patterns.shown)
    seen = _files(source, [output for output in copied if why_seen(output, now, whole)])
    ignored = {file: places[file] for file in seen & places.keys() if places[file] in _hidden(patterns)}
    tracked, problems = asking_git.tracked(root, sorted({*ignored.values()}))
    return frozenset(file for file, place in ignored.items() if place not in tracked), problems


def _is_public_copy(output: Output) -> bool:
    """Has it text of its items, and is nothing known that keeps it from git? A link has none."""
    copies = output.copied if isinstance(output, LinkOutput) else True
    return copies and not (output.private or output.secrets)


def _hidden(patterns: asking_git.Ignored) -> Container[str]:
    """Also what `info/exclude` hides: of a source that is a person's own pattern, or a copy of what is ignored."""
    return patterns.hidden | patterns.listed


def _files(source: Source, outputs: Iterable[Output]) -> frozenset[str]:
    """The files from which the text of outputs comes."""
    made: set[ItemId] = {item for output in outputs for item in output.items}
    own = (item for item in source.items if item.id in made and not item.origin.private)
    return frozenset(chain.from_iterable(map(text_files, own)))


def _places(root: Path, files: Collection[str]) -> Mapping[str, str]:
    """Where the text of each file lies, below the root; without those that lie outside altogether."""
    real_root = os.path.realpath(root)
    found: dict[str, str] = {}
    for file in files:
        real = os.path.realpath(file)
        if is_within(real, real_root):
            found[file] = os.path.relpath(real, real_root)
        elif is_within(file, str(root)):  # what leads there is git's to ignore, and it sees nothing behind a link
            found[file] = _first_link(root, os.path.relpath(file, root))
    return {file: place.replace(os.sep, "/") for file, place in found.items()}


def _first_link(root: Path, path: str) -> str:
    folders = [str(folder) for folder in PurePath(path).parents][-2::-1]
    return next((place for place in folders if (root / place).is_symlink()), path)


def _takes_back(root: Path, paths: Collection[str], looked: Looked) -> bool:
    """Is there a negated pattern that may show an output which `info/exclude` hides?"""
    looked.lstat(str(root / ".gitignore"))
    common = git.common_dir(root)
    files = [root / folder / ".gitignore" for folder in _folders(paths)]
    return any(map(_has_negated, files if common is None else [*files, common / "info" / "exclude"]))


def _has_negated(file: Path) -> bool:
    try:
        return _NEGATED.search(file.read_bytes()) is not None
    except FileNotFoundError:
        return False
    except OSError:  # git may be able to
        return True


def _look_at_patterns(root: Path, paths: Collection[str], looked: Looked) -> None:
    for folder in _folders(paths):
        looked.lstat(str(root / folder / ".gitignore"))


def _folders(paths: Collection[str]) -> set[PurePosixPath]:
    return {folder for path in paths for folder in PurePosixPath(path).parents}
