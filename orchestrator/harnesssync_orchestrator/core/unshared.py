"""Items whose text is a person's own since git ignores a file of theirs: they are private, like `CLAUDE.local.md`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from harnesssync_orchestrator.core.items import Agent, Command, Item, Origin, Permissions, Rule, Skill
from harnesssync_orchestrator.core.source import Source


def text_files(item: Item) -> frozenset[str]:
    """The absolute paths of all files of which an item has its text."""
    files = {item.origin.file}
    if isinstance(item, (Rule, Skill, Agent, Command)):
        files.add(item.source)
    if isinstance(item, Rule):
        files.update(item.imports)
    if isinstance(item, Permissions):
        files.update(rule.origin.file for rule in item.rules if not rule.origin.private)
    return frozenset(files)


def with_private(source: Source, files: Collection[str]) -> Source:
    """The source, with what has text of one of these files as private."""
    if not files:
        return source
    return replace(source, items=tuple(_with_private(item, files) for item in source.items))


def _with_private(item: Item, files: Collection[str]) -> Item:
    if isinstance(item, Permissions):  # each of its rules has an origin of its own
        rules = tuple(
            replace(rule, origin=_private(rule.origin)) if rule.origin.file in files else rule for rule in item.rules
        )
        return item if rules == item.rules else replace(item, rules=rules)
    return item if text_files(item).isdisjoint(files) else replace(item, origin=_private(item.origin))


def _private(origin: Origin) -> Origin:
    return replace(origin, private=True)
