"""What waits while some of the source can't be read: changes of outputs that would lack what it says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import FileOutput, LinkOutput, Output, short_hash
from harnesssync_orchestrator.core.draft import Draft
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.items import ItemId, Kind, Rule
from harnesssync_orchestrator.core.ledger import Entry
from harnesssync_orchestrator.core.plan import Operation, WriteFile
from harnesssync_orchestrator.core.source import FILE_UNREADABLE, Source


@dataclass(frozen=True, slots=True)
class Unread:
    """What of a source may be missing: items of some `kinds`, and a part of some `rules`, or of what they import."""

    kinds: frozenset[Kind] = frozenset()
    rules: frozenset[ItemId] = frozenset()

    @classmethod
    def of(cls, source: Source, *, confirmed: bool) -> Unread:
        """Who has confirmed knows of what they broke, but not of a disk that fails while it is read."""
        hiding = [problem for problem in source.problems if problem.hides]
        files = {problem.file for problem in hiding if not confirmed or problem.code == FILE_UNREADABLE}
        if not files:
            return cls()
        rules = [rule for rule in source.of(Kind.RULE) if isinstance(rule, Rule)]
        partly = (rule.id for rule in rules if not files.isdisjoint((rule.origin.file, *rule.unread)))
        return cls(_kinds(files), frozenset(partly))

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def is_in(self, output: Output) -> bool:
        """Would the output say more if all of the source could be read? What leads to a file has all that it says."""
        lacks_text = isinstance(output, FileOutput) and not self.rules.isdisjoint(output.items)
        return lacks_text or not self.kinds.isdisjoint(output.gathers)


def let_wait(draft: Draft, output: FileOutput | LinkOutput, entry: Entry) -> None:
    """Take the decision back to write an output anew that would lack something, if that was the decision."""
    if draft.operations and draft.operations[-1].path == output.path and _waits(draft, output, entry):
        draft.waiting.append(draft.operations.pop())


def _waits(draft: Draft, output: FileOutput | LinkOutput, entry: Entry) -> bool:
    """Would what stands there be replaced by less, without a person's word? Where nothing stands, less is more than
    nothing, but for an agent: it could do more by limits that lack a server than one that is gone."""
    operation = draft.operations[-1]
    if output.address in draft.resolution.choices:
        return False
    if operation.state is Drift.MISSING:
        return Kind.MCP_SERVER in output.gathers and _says_something_else(operation, entry)
    return operation.state in (Drift.SOURCE_CHANGED, Drift.BOTH)


def _says_something_else(operation: Operation, entry: Entry) -> bool:
    return isinstance(operation, WriteFile) and short_hash(operation.content) != entry.digest


def _kinds(unread: Collection[str]) -> frozenset[Kind]:
    """The kinds of items that may stand in files of the source: in folders that have one for each of their files
    neither a rule nor a server does, and rules are text, servers are not."""
    elsewhere = [file for file in unread if not any(folder in file for folder in _SINGLE)]
    without = set[Kind]() if any(not file.endswith(".json") for file in elsewhere) else {Kind.RULE}
    without |= set[Kind]() if any(not file.endswith(".md") for file in elsewhere) else {Kind.MCP_SERVER}
    return frozenset(Kind) - without


_SINGLE = ("/.claude/skills/", "/.claude/commands/", "/.claude/agents/")
"""Folders with text in them that is no rule, nor part of one."""
