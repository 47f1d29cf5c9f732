"""What a person made of an output, and which change of its source that would be. Nothing is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harnesssync_orchestrator.core.adoption import NotAdoptableError, take_in, take_in_keys
from harnesssync_orchestrator.core.desired import FileOutput, LinkOutput, MergeOutput, Output, short_hash, value_hash
from harnesssync_orchestrator.core.documents import Gap, value_of
from harnesssync_orchestrator.core.items import Agent, Command, Item, McpServer, Rule
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import DocumentError, DocumentFormat
from harnesssync_orchestrator.files.hashing import hash_file
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.tree import list_tree, tree_digest

_UNCLEAR = "its place in the source is not clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An edit of one output. `files` are those of the source that would change, by real path, with their new content.

    `is_met` tells of an output rendered from the changed source whether it is just what was edited. `digest` is that of
    the edited file; `replaces_link` says that it stands where a link of ours stood.
    """

    files: Mapping[str, bytes]
    is_met: Callable[[Output], bool]
    digest: str = ""
    replaces_link: bool = False


def edited_output(
    root: Path,
    output: Output,
    source: Source,
    formats: Mapping[str, DocumentFormat],
    contents: Mapping[str, bytes],
) -> Edited:
    """The edit of an output that stands below `root` now. Blocking.

    `contents` are files of the source that have been changed already, if only in thought. Raises NotAdoptableError.
    """
    guess = _Guess(root, source, formats, contents)
    try:
        if isinstance(output, LinkOutput):
            return guess.of_link(output)
        if isinstance(output, FileOutput):
            return guess.of_file(output)
        return guess.of_value(output)
    except OSError as error:
        raise NotAdoptableError(f"{error.filename or 'it'} can't be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise NotAdoptableError("it is no text") from error


@dataclass(frozen=True, slots=True)
class _Guess:
    root: Path
    source: Source
    formats: Mapping[str, DocumentFormat]
    contents: Mapping[str, bytes] = field(default_factory=dict)

    # --- what stands where a link or a copy was made ---

    def of_link(self, output: LinkOutput) -> Edited:
        path = f"{self.root}/{output.path}"
        if stat.S_ISDIR(os.lstat(path).st_mode):
            return self._of_tree(output, path)
        if output.directory:
            raise NotAdoptableError("a folder is needed there")
        content = self._regular(path)
        if os.lstat(output.source).st_mtime_ns > os.lstat(path).st_mtime_ns:
            raise NotAdoptableError("its source was changed after it")
        former = self._read(output.source)
        return Edited(
            files={output.source: content} if content != former else {},
            is_met=lambda made: isinstance(made, LinkOutput) and made.source == output.source and not made.directory,
            digest=short_hash(content),
            replaces_link=True,
        )

    def _of_tree(self, output: LinkOutput, path: str) -> Edited:
        """Of a copied folder, whose files are those of its source."""
        listing = list_tree(path, Looked())
        copied = {each.relative: each for each in listing.files}
        original = {each.relative: each for each in list_tree(output.source, Looked()).files}
        if copied.keys() != original.keys():
            raise NotAdoptableError("files came or went in it")
        files: dict[str, bytes] = {}
        for name, file in copied.items():
            if file.link or original[name].link or not file.hashed:
                continue
            content = Looked().read(file.path)
            if content != self._read(original[name].path):
                files[original[name].path] = content
        digest = tree_digest(listing, {each.path: hash_file(each.path) for each in listing.files if each.hashed})
        return Edited(
            files=files,
            is_met=lambda made: isinstance(made, LinkOutput) and made.source == output.source and made.digest == digest,
            digest=digest,
        )

    # --- what was rendered ---

    def of_file(self, output: FileOutput) -> Edited:
        edited = self._regular(f"{self.root}/{output.path}")
        sources = self._texts(output)
        conditional = self._conditional(output) if len(output.items) > 1 else ()
        changed = take_in(output.content.decode("utf-8"), edited.decode("utf-8"), sources, conditional=conditional)
        return Edited(
            files={path: text.encode("utf-8") for path, text in changed.items()},
            is_met=lambda made: isinstance(made, FileOutput) and made.content == edited,
            digest=short_hash(edited),
        )

    def of_value(self, output: MergeOutput) -> Edited:
        """Of a server, whose keys bear the same names in most harnesses. What else is merged has no such likeness."""
        document_format = self.formats[output.format]
        try:
            values = document_format.parse(self._regular(f"{self.root}/{output.path}"))
        except DocumentError as error:
            raise NotAdoptableError(f"the file can't be parsed: {error.message}") from error
        found = value_of(values, output.address) if isinstance(values, Mapping) else Gap.ABSENT
        servers = [item for item in self._items(output) if isinstance(item, McpServer)]
        if isinstance(found, Gap) or len(servers) != 1 or servers[0].origin.plugin:
            raise NotAdoptableError(_UNCLEAR)
        file, name = servers[0].origin.file, servers[0].name
        edits = take_in_keys(output.value, found, ("mcpServers", name))
        try:
            content = self.formats["json"].edit(self._read(file), edits)
        except DocumentError as error:
            raise NotAdoptableError(_UNCLEAR) from error
        digest = value_hash(found)
        return Edited(
            files={file: content},
            is_met=lambda made: not isinstance(made, (LinkOutput, FileOutput)) and value_hash(made.value) == digest,
            digest=digest,
        )

    # --- reading ---

    def _items(self, output: Output) -> Iterable[Item]:
        return (item for item in self.source.items if item.id in output.items)

    def _texts(self, output: FileOutput) -> dict[str, str]:
        """The files that an output is made from, as far as they are the project's own."""
        files: dict[str, None] = {}
        for item in self._items(output):
            files[item.origin.file] = None
            if isinstance(item, (Rule, Agent, Command)):
                files[item.source] = None
            if isinstance(item, Rule):
                files.update(dict.fromkeys(item.imports))
        own_files = [file for file in files if file.startswith(f"{self.root}{os.sep}")]
        if not own_files:
            raise NotAdoptableError(f"it comes from {next(iter(files), 'elsewhere')}, outside of this project")
        return {file: self._read(file).decode("utf-8") for file in own_files}

    def _conditional(self, output: FileOutput) -> frozenset[str]:
        """The files of rules that hold for some paths alone."""
        rules = [item for item in self._items(output) if isinstance(item, Rule) and item.globs]
        return frozenset(file for rule in rules for file in (rule.origin.file, rule.source, *rule.imports))

    def _read(self, file: str) -> bytes:
        """A file of the source, as it is after the changes so far."""
        content = self.contents.get(file)
        return Looked().read(file) if content is None else content

    def _regular(self, path: str) -> bytes:
        """What stands at an output's path, if it is a plain file that no link leads to."""
        if not stat.S_ISREG(os.lstat(path).st_mode) or os.path.realpath(path) != path:
            raise NotAdoptableError("no plain file stands there")
        return Looked().read(path)
