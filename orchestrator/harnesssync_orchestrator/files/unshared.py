"""Which files of a source git keeps from a team, whose text would come into outputs that git shows to it.

What a person ignores is theirs, like `CLAUDE.local.md`: a rule, a file of settings, or a `.env` that a rule imports. As
long as git sees no output, nothing comes of that, and git is not asked.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePath
from typing import NamedTuple

from harnesssync_orchestrator.core.desired import Desired, LinkOutput, Output
from harnesssync_orchestrator.core.exposure import WhollyOurs, why_seen
from harnesssync_orchestrator.core.items import ItemId, Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.core.unshared import text_files
from harnesssync_orchestrator.files import asking_git, git
from harnesssync_orchestrator.files.exposed import look_at_patterns
from harnesssync_orchestrator.files.opened import is_within
from harnesssync_orchestrator.files.reading import Looked, SpecialFileError, TooLargeError

_MOST_BYTES = 16 * 1024 * 1024
"""Of a file of patterns: more than anybody writes, and than git reads in less than seconds."""


class Unshared(NamedTuple):
    """Such `files`, by their absolute paths, as the items have them. Where git gave no answer, `problems` say why; then
    all that were asked about are among them, and what is at the `doubtful` paths, of all outputs that have text, is
    neither to be written nor removed: hidden ones have that of the same files."""

    files: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    doubtful: frozenset[str] = frozenset()


def unshared(
    root: Path, source: Source, desired: Desired, observed: Observed, ledger: Ledger, looked: Looked
) -> Unshared:
    """Which files those are.

    At most two questions to git: the one about patterns, and which of the ignored files it tracks all the same. The
    patterns count as looked at. Blocking.
    """
    own = git.git_dir(root) if source.scope is Scope.PROJECT else None
    copies = [wish.output for wish in desired.possible.values() if _is_public_copy(wish.output)]
    if own is None or not copies:
        return Unshared()
    paths, whole = frozenset(output.path for output in copies), WhollyOurs(desired, observed, ledger)
    back = _taken_back(root, paths, looked)
    shown = [
        output
        for output in copies
        if why_seen(output, observed, whole) or (back and not back.isdisjoint(output.path.split("/")))
    ]
    places = _places(root, _files(source, shown))
    if not places:
        return Unshared()
    asked = {*places.values(), *(output.path for output in shown)}
    look_at_patterns(root, asked, looked)
    patterns, problems = asking_git.ignored(root, sorted(asked))
    if problems:
        return Unshared(frozenset(places), problems, paths)
    now = replace(observed, ignored=observed.ignored | patterns.hidden, shown=observed.shown | patterns.shown)
    seen = _files(source, [output for output in shown if why_seen(output, now, whole)])
    ignored = {file: places[file] for file in seen & places.keys() if places[file] in _hidden(patterns)}
    tracked, problems = asking_git.tracked(root, sorted({*ignored.values()}))
    files = frozenset(file for file, place in ignored.items() if place not in tracked)
    return Unshared(files, problems, paths if problems else frozenset())


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
    folders = {folder: os.path.realpath(folder) for folder in {file.rpartition(os.sep)[0] for file in files}}
    found: dict[str, str] = {}
    for file in files:
        folder, _, name = file.rpartition(os.sep)
        real = f"{folders[folder]}{os.sep}{name}"
        real = os.path.realpath(real) if Path(real).is_symlink() else real
        if is_within(real, real_root):
            found[file] = real[len(real_root) + 1 :]
        elif is_within(file, str(root)):  # what leads there is git's to ignore, and it sees nothing behind a link
            found[file] = _first_link(root, os.path.relpath(file, root))
    return {file: place.replace(os.sep, "/") for file, place in found.items()}


def _first_link(root: Path, path: str) -> str:
    folders = [str(folder) for folder in PurePath(path).parents][-2::-1]
    return next((place for place in folders if (root / place).is_symlink()), path)


def _taken_back(root: Path, paths: Collection[str], looked: Looked) -> frozenset[str]:
    """The names, of files and folders on the way to outputs, that a negated pattern may show though `info/exclude`
    hides them: only its last part is looked at, the rest is for git to say."""
    common = git.common_dir(root)
    files = git.pattern_files(root, paths)
    patterns = set(chain.from_iterable(_negated(file, looked) for file in files))
    if common is not None:
        patterns.update(_negated(f"{common}/info/exclude", Looked()))  # ours, and others', to write to
    if not patterns:
        return frozenset()
    names = {name for path in paths for name in path.split("/")}
    matching = re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)
    return frozenset(name for name in names if matching.match(name))


def _negated(file: str, looked: Looked) -> Iterable[str]:
    """The last parts of the negated patterns in a file; `*` where that is hard to tell, or nobody may read them. What
    is no file for patterns shows nothing: git waits for a pipe, and ends at a file without end."""
    try:
        lines = looked.read(file, _MOST_BYTES).splitlines()
    except (FileNotFoundError, SpecialFileError, TooLargeError):
        return
    except OSError:
        yield "*"
        return
    for line in lines:
        if line.startswith(b"!"):
            name = os.fsdecode(line[1:]).rstrip(" /").rpartition("/")[2]
            yield "*" if "\\" in name or "[" in name else name
