"""What stands at the paths that the desired state and the ledger speak of, looked at without following a link.

Nothing is opened that need not be: of a link its text is read, of a file that has not changed the signature is enough.
Thousands of links lie in a few folders, so each folder on the way is looked at once.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.desired import Desired, ElementOutput, KeyOutput, LinkOutput, short_hash
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    Observed,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    Obstructed,
    PathState,
    Unparsable,
    Unusable,
)
from harnesssync_orchestrator.core.targets import DocumentError, DocumentFormat
from harnesssync_orchestrator.files.copying import read_marker
from harnesssync_orchestrator.files.hashing import HashCache, hash_file
from harnesssync_orchestrator.files.place import Place, is_link
from harnesssync_orchestrator.files.reading import Looked, Signature, SpecialFileError, TooLargeError
from harnesssync_orchestrator.files.tree import IGNORED, list_tree, tree_digest

_MISSING = Missing()


def observe(
    root: Path,
    desired: Desired,
    ledger: Ledger,
    formats: Mapping[str, DocumentFormat],
    cache: HashCache,
    looked: Looked,
    tracked: frozenset[str],
) -> Observed:
    """The observed state below `root` (absolute, resolved). Blocking; raises nothing for what is on disk.

    A folder where a link is wanted gets a digest only if it may be a copy of ours, by the ledger or a marker, or one of
    a person's that holds the same names as the source. Otherwise its digest is `""`, which is nobody's.
    """
    questions = _questions(desired, ledger)
    observer = _Observer(os.fspath(root), questions, formats, cache, looked)
    return Observed(
        paths={path: observer.state(path) for path in questions.paths},
        documents=observer.documents,
        tracked=tracked,
    )


@dataclass(slots=True)
class _Questions:
    """`sources` of wanted links, `formats` of merged files, and the `copies` that the ledger knows, by path."""

    paths: dict[str, None] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)


def _questions(desired: Desired, ledger: Ledger) -> _Questions:
    questions = _Questions()
    for address, entry in ledger.entries.items():
        questions.paths[address.path] = None
        if entry.method is Method.MERGE:
            questions.formats[address.path] = entry.format
        elif entry.method is Method.COPY:
            questions.copies.add(address.path)
    for address, wish in desired.possible.items():
        questions.paths[address.path] = None
        questions.paths.update(dict.fromkeys(wish.output.only_beside))
        output = wish.output
        if isinstance(output, LinkOutput):
            questions.sources[address.path] = output.source
        elif isinstance(output, (KeyOutput, ElementOutput)):
            questions.formats[address.path] = output.format
            for rival in output.rivals if isinstance(output, KeyOutput) else ():
                questions.paths[rival] = None
                questions.formats.setdefault(rival, output.format)
    return questions


class _Observer:
    """One observation in the making. Paths are relative to the root, with `/`."""

    def __init__(
        self,
        root: str,
        questions: _Questions,
        formats: Mapping[str, DocumentFormat],
        cache: HashCache,
        looked: Looked,
    ) -> None:
        self.prefix = root.rstrip(os.sep) + os.sep
        self.questions = questions
        self.formats = formats
        self.cache = cache
        self.looked = looked
        self.documents: dict[str, Document | Unparsable] = {}
        self.folders: dict[str, PathState | None] = {"": None}
        self.real_folders: dict[str, str | None] = {}

    def state(self, path: str) -> PathState:
        try:
            return self._state(path)
        except (SpecialFileError, TooLargeError) as error:
            return _unusable(error)
        except OSError as error:
            self.looked.uncertain = True
            return _unusable(error)

    def _state(self, path: str) -> PathState:
        folder = path.rpartition("/")[0]
        above = self._folder(folder)
        full = self.prefix + path
        if isinstance(above, Obstructed):
            return Obstructed(above.parent, self._spelled(path, self._real(full)))
        status = self.looked.lstat(full)
        if status is None or isinstance(above, Missing):
            return _MISSING
        if above is not None:
            return above
        if is_link(status):
            return self._link(path, folder)
        if (source := self.questions.sources.get(path)) is not None and self._real(source) == full:
            return Obstructed(path, source)  # the source itself stands here, and a link where Claude Code looks
        if stat.S_ISREG(status.st_mode):
            return self._file(path, full, status)
        if stat.S_ISDIR(status.st_mode):
            return self._tree(path, full)
        return Unusable("a named pipe, a socket or a device is there")

    def _folder(self, folder: str) -> PathState | None:
        """What keeps us from working in a folder; None if it is one, and all above it are."""
        if folder in self.folders:
            return self.folders[folder]
        above = self._folder(folder.rpartition("/")[0])
        self.folders[folder] = found = above if above is not None else self._look_at_folder(folder)
        return found

    def _look_at_folder(self, folder: str) -> PathState | None:
        # Not recorded as looked at: the signature of a folder changes with every entry that comes and goes.
        try:
            status = os.lstat(self.prefix + folder)
        except (FileNotFoundError, ValueError):
            return _MISSING
        except OSError as error:
            self.looked.uncertain = True
            return _unusable(error)
        if stat.S_ISDIR(status.st_mode) and not is_link(status):
            return None
        self.looked.lstat(self.prefix + folder)
        return Obstructed(folder, None)

    def _link(self, path: str, folder: str) -> ObservedLink:
        text = os.readlink(self.prefix + path)  # noqa: PTH115 - measured: half the time of an observation
        if os.path.isabs(text):  # noqa: PTH117 - see above
            target = text
        else:
            # Up from a folder that is no link is the folder above it; only later `..` may cross a link.
            ups = text
            start = (self.prefix + folder).rstrip("/")
            while ups.startswith("../"):
                ups, start = ups[3:], start.rpartition("/")[0]
            target = f"{start}/{ups}"
        return ObservedLink(text, self._spelled(path, self._real(target)))

    def _spelled(self, path: str, real: str | None) -> str | None:
        """A real path, spelled as the source of the link that is wanted at `path`, if that is what it is.

        The source may itself be a link, or below one, and the plan, which can't look, compares paths.
        """
        source = self.questions.sources.get(path)
        if real is None or source is None or real == source:
            return real
        return source if real == self._real(source) else real

    def _real(self, path: str) -> str | None:
        """The absolute path that `path` leads to without a link in it; None if it leads to nothing.

        The folder is resolved once for all that lie in it: full resolution looks at every part of every path. So does
        `Looked.real`, which says where nothing leads to as well; to ask it, and then whether anything is there, takes
        one look more for each link.
        """
        folder, _, name = path.rpartition("/")
        if name in {"", ".", ".."} or "/../" in path or os.sep != "/":
            return _resolved(path)
        if folder not in self.real_folders:
            self.real_folders[folder] = _resolved(folder or "/")
        real_folder = self.real_folders[folder]
        if real_folder is None:
            return None
        real = f"{real_folder.rstrip('/')}/{name}"
        try:
            return _resolved(real) if is_link(os.lstat(real)) else real
        except OSError:
            return None

    def _file(self, path: str, full: str, status: os.stat_result) -> PathState:
        executable, mode = bool(status.st_mode & stat.S_IXUSR), stat.S_IMODE(status.st_mode) & 0o777
        if path in self.questions.formats:
            content = self.looked.read(full)
            self.documents[path] = self._document(content, self.questions.formats[path])
            return ObservedFile(short_hash(content), executable, mode)
        return ObservedFile(self._digest(full, Signature.of(status)), executable, mode)

    def _document(self, content: bytes, name: str) -> Document | Unparsable:
        document_format = self.formats.get(name)
        if document_format is None:
            return Unparsable(f"it was written in a format that is not known here ({name})")
        try:
            values = document_format.parse(content)
        except DocumentError as error:
            return Unparsable(error.message, error.line, error.column)
        if not isinstance(values, Mapping):
            return Unparsable("it holds no table of keys at its top", 1, 1)
        return Document(values)

    def _tree(self, path: str, full: str) -> ObservedTree:
        known = path in self.questions.copies
        if not known and path not in self.questions.sources:
            return ObservedTree("")
        marker = read_marker(Place.by_path(Path(full))) is not None
        is_ours = known or marker
        if not is_ours and not _hold_the_same(full, self.questions.sources[path]):
            return ObservedTree("")
        listing = list_tree(full, self.looked)
        if listing.error is not None and not is_ours:
            return ObservedTree("")
        if listing.error is not None:  # what was not seen would count as removed
            raise listing.error
        digests = {file.path: self._digest(file.path, file.signature) for file in listing.files if file.hashed}
        return ObservedTree(tree_digest(listing, digests), marker)

    def _digest(self, full: str, signature: Signature) -> str:
        digest = self.cache.get(full, signature)
        if digest is None:
            read_ns = time.time_ns()
            digest = hash_file(full)
            self.cache.put(full, signature, digest, read_ns)
        return digest


def _hold_the_same(folder: str, other: str) -> bool:
    """Do two folders hold the same names? Whoever looks into one that does not looks for nothing."""
    try:
        names, others = ({*os.listdir(each)} - IGNORED for each in (folder, other))  # noqa: PTH208 - as above
    except OSError:
        return False
    return names == others


def _resolved(path: str) -> str | None:
    try:
        return os.path.realpath(path, strict=True)
    except (OSError, ValueError):
        return None


def _unusable(error: OSError) -> Unusable:
    reason = f"what is there can't be read ({error.strerror or error})"
    return Unusable(reason, closed=isinstance(error, PermissionError))
