"""Instructions: `CLAUDE.md` in its places, `CLAUDE.local.md`, and `.claude/rules/**/*.md`.

Observed with Claude Code 2.1.330: at the root it reads `CLAUDE.md`, `.claude/CLAUDE.md`, `.claude/rules` and
`CLAUDE.local.md`; the same in a folder below once it works there. Rules with `paths:` hold for those files only.
Claude Code also reads these files in the folders above the worktree. They are no part of the project, so nothing
is written for them, and a harness that wants them finds its own file there if the folder above is a project too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Layer, Rule
from harnesssync_orchestrator.files.discovery.globs import expand_braces, matches, split_list
from harnesssync_orchestrator.files.discovery.imports import expand_imports
from harnesssync_orchestrator.files.discovery.inheritance import LOCAL_RULES, Inheritance
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.discovery.settings import LayeredSettings
from harnesssync_orchestrator.files.discovery.subfolders import find_instructed_folders


def read_rule_file(
    path: str, name: str, directory: str, ground: Ground, reader: Reader, home: Path, *, below_checked: bool = False
) -> Rule | None:
    """One file of instructions; None if it is missing, empty or unreadable.

    Its `source` is what a link leads to: whoever links `CLAUDE.md` to a hand-kept `AGENTS.md` means that file.
    """
    front_matter = reader.front_matter(path, ground, below_checked=below_checked)
    if front_matter is None or not front_matter.body.strip():
        return None
    reader.report_flaw(front_matter.flaw, path, hides=front_matter.is_broken and ground.plugin is None)
    expansion = expand_imports(front_matter.body, path, ground, reader, home)
    return Rule(
        name=name,
        origin=ground.origin(path),
        source=reader.looked.real(path),
        text=front_matter.body,
        expanded=expansion.text,
        directory=directory,
        globs=_globs(front_matter.metadata),
        imports=tuple(expansion.files),
        unread=tuple(expansion.unread),
        plain=not front_matter.present and not expansion.files,
    )


def read_rules_folder(
    folder: str, prefix: str, directory: str, ground: Ground, reader: Reader, home: Path
) -> Iterator[Rule]:
    """Every rule below a `rules` folder. `prefix` is the folder as names show it (`.claude/rules`)."""
    for parts, path in reader.markdown_files(folder, ground):
        if all(reader.safe(part, "rule", path) for part in parts):
            name = "/".join((prefix, *parts))
            rule = read_rule_file(path, name, directory, ground, reader, home, below_checked=True)
            if rule is not None:
                yield rule


def read_project_rules(root: str, shared: Ground, local: Ground, reader: Reader, home: Path) -> Iterator[Rule]:
    """The instructions of a worktree: of its root, and then of each folder below that has some. What the main checkout
    lends is that one's."""
    yield from _read_folder(root, "", shared, local, reader, home)
    shared, local = replace(shared, main=None), replace(local, main=None)
    for directory in find_instructed_folders(root, reader):
        yield from _read_folder(str(Path(root, directory)), directory, shared, local, reader, home)


def read_inherited_rules(inheritance: Inheritance, shared: Ground, reader: Reader, home: Path) -> Iterator[Rule]:
    """The instructions that a linked worktree has of its main checkout: what it lacks, and what links of a person's
    lead to."""
    main = inheritance.main
    for name in ("CLAUDE.md", ".claude/CLAUDE.md"):
        if reader.is_lent(f"{main.worktree}/{name}", shared):
            rule = read_rule_file(f"{main.path}/{name}", name, "", inheritance.whole, reader, home)
            if rule is not None:
                yield rule
    folder = f"{main.path}/.claude/rules"
    is_whole = reader.is_lent(f"{main.worktree}/.claude/rules", shared)
    ground = inheritance.whole if is_whole else inheritance.parts
    if is_whole or inheritance.has(".claude/rules/"):
        yield from read_rules_folder(folder, ".claude/rules", "", ground, reader, home)
    if inheritance.has(LOCAL_RULES):
        path = f"{main.path}/{LOCAL_RULES}"
        rule = read_rule_file(path, LOCAL_RULES, "", inheritance.parts, reader, home)
        if rule is not None:
            yield rule


def read_user_rules(config_dir: Path, shown: str, ground: Ground, reader: Reader, home: Path) -> Iterator[Rule]:
    """`CLAUDE.md` and `rules` of the user's configuration folder, which names show as `shown`."""
    rule = read_rule_file(str(config_dir / "CLAUDE.md"), f"{shown}/CLAUDE.md", "", ground, reader, home)
    if rule is not None:
        yield rule
    yield from read_rules_folder(str(config_dir / "rules"), f"{shown}/rules", "", ground, reader, home)


def read_managed_rules(managed_dir: Path, ground: Ground, reader: Reader, home: Path) -> Iterator[Rule]:
    """What an administrator prescribes: `CLAUDE.md` and `.claude/rules` of the managed folder."""
    rule = read_rule_file(str(managed_dir / "CLAUDE.md"), "managed/CLAUDE.md", "", ground, reader, home)
    if rule is not None:
        yield rule
    rules_folder = managed_dir / ".claude" / "rules"
    yield from read_rules_folder(str(rules_folder), "managed/rules", "", ground, reader, home)


def _read_folder(
    folder: str, directory: str, shared: Ground, local: Ground, reader: Reader, home: Path
) -> Iterator[Rule]:
    for parts, ground in (
        (("CLAUDE.md",), shared),
        ((".claude", "CLAUDE.md"), shared),
        (None, shared),
        (("CLAUDE.local.md",), local),
    ):
        if parts is None:
            prefix = _joined(directory, ".claude", "rules")
            rules_folder = os.path.join(folder, ".claude", "rules")  # noqa: PTH118 - measured
            yield from read_rules_folder(rules_folder, prefix, directory, ground, reader, home)
            continue
        path = os.path.join(folder, *parts)  # noqa: PTH118 - measured
        if reader.is_lent(path, ground):
            continue
        rule = read_rule_file(path, _joined(directory, *parts), directory, ground, reader, home)
        if rule is not None:
            yield rule


def without_excluded(rules: Iterable[Rule], settings: LayeredSettings) -> Iterator[Rule]:
    """The rules that no `claudeMdExcludes` matches; patterns are for absolute paths, and spare an administrator's."""
    patterns = sorted(settings.joined("claudeMdExcludes"))
    for rule in rules:
        path = rule.origin.file.replace(os.sep, "/")
        if rule.origin.layer is Layer.MANAGED or not any(matches(pattern, path) for pattern in patterns):
            yield rule


def each_once(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules without those whose file was there before, under another name: Claude Code reads a file once."""
    seen: set[str] = set()
    for rule in rules:
        if rule.source not in seen:
            seen.add(rule.source)
            yield rule


def _joined(directory: str, *parts: str) -> str:
    return "/".join((directory, *parts) if directory else parts)


def _globs(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """`paths:` as a list, or as text with commas; a rule for every file has none."""
    patterns: list[str] = []
    for value in _texts(metadata.get("paths")):
        for pattern in split_list(value):
            patterns.extend(expand_braces(pattern))
    return () if all(pattern in {"**", "**/*"} for pattern in patterns) else tuple(dict.fromkeys(patterns))


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else ()
