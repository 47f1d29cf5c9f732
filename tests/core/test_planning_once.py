"""Outputs that only fill a gap, and those that are written once: what stands in their place is a person's, silently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    FileOutput,
    LinkOutput,
    Output,
    Wanted,
    link_hash,
    short_hash,
)
from harnesssync_orchestrator.core.items import ItemId, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Missing, Observed, ObservedFile, ObservedLink, PathState
from harnesssync_orchestrator.core.plan import MakeLink, Plan, Remove, WriteFile
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.trust import OWN
from harnesssync_orchestrator.core.unlinking import unlink_plan

OWNERS = ("claude-code",)
LINK = LinkOutput(
    path=".claude/rules/a.md",
    items=(ItemId("rule", "a"),),
    source="/main/.claude/rules/a.md",
    directory=False,
    digest="d" * 16,
    private=True,
    yields=True,
    hidden_by=".claude/.gitignore",
)
FILE = FileOutput(
    path=".env",
    items=(ItemId("file", ".env"),),
    content=b"A=1",
    private=True,
    yields=True,
    once=True,
    closed=True,
)
LINKED = Entry(
    method=Method.SYMLINK,
    digest=link_hash(LINK.source),
    timestamp="",
    owners=OWNERS,
    source=LINK.source,
    yields=True,
    unlisted=True,
)
WRITTEN = Entry(method=Method.WRITE, digest=short_hash(b"A=1"), timestamp="", owners=OWNERS, yields=True, once=True)
OTHER = ObservedFile("other")
SAME = ObservedFile(short_hash(b"A=1"))


def planned(
    output: Output, state: PathState, entry: Entry | None, *, wanted: bool = True, tracked: bool = False
) -> Plan:
    wishes = {output.address: Wanted(output, OWNERS)} if wanted else {}
    ledger = Ledger(entries={output.address: entry} if entry else {})
    observed = Observed(paths={output.path: state}, tracked=frozenset({output.path} if tracked else ()))
    source = Source(scope=Scope.PROJECT, root="/w")
    return plan(Desired(wanted=wishes), observed, ledger, source=source, trust=OWN, confirmed=True)


@pytest.mark.parametrize("entry", [None, LINKED])
def test_something_in_the_place_of_a_link_that_yields_is_no_conflict(entry: Entry | None) -> None:
    """And what the ledger has is forgotten."""
    for wanted in (True, False):
        result = planned(LINK, OTHER, entry, wanted=wanted)
        assert (result.operations, result.conflicts, result.exclude) == ((), (), ())
        assert result.forget == ((LINK.address,) if entry else ())


def test_a_link_that_yields_is_made_and_goes_like_any_other() -> None:
    """But it is hidden by something else than info/exclude."""
    (made,) = planned(LINK, Missing(), None).operations
    assert isinstance(made, MakeLink)
    assert (made.yields, made.unlisted, made.delicate) == (True, True, True)
    assert planned(LINK, Missing(), None).exclude == ()
    there = ObservedLink(LINK.source, LINK.source)
    assert planned(LINK, there, LINKED).is_empty
    assert planned(LINK, there, LINKED).exclude == ()
    (gone,) = planned(LINK, there, LINKED, wanted=False).operations
    assert isinstance(gone, Remove)


def test_a_file_for_once_is_written_where_nothing_is() -> None:
    """For its owner alone, if it is so where it comes from; and named in info/exclude."""
    result = planned(FILE, Missing(), None)
    (written,) = result.operations
    assert isinstance(written, WriteFile)
    assert (written.once, written.secret, written.delicate) == (True, True, True)
    assert result.exclude == (".env",)


@pytest.mark.parametrize("state", [OTHER, SAME])
def test_a_file_for_once_is_not_written_over_another(state: PathState) -> None:
    """Nor taken for ours, nor hidden."""
    result = planned(FILE, state, None)
    assert (result.is_empty, result.conflicts, result.exclude) == (True, (), ())


@pytest.mark.parametrize("state", [OTHER, SAME, Missing()])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_file_for_once_is_left_alone_afterwards(state: PathState, wanted: bool) -> None:
    """Edited, deleted, or not wanted any more."""
    changed = replace(FILE, content=b"A=2")
    result = planned(changed, state, WRITTEN, wanted=wanted)
    assert (result.is_empty, result.conflicts) == (True, ())


def test_a_file_that_a_branch_has_by_now_is_forgotten() -> None:
    """Also if it says the same."""
    result = planned(FILE, SAME, WRITTEN, tracked=True)
    assert (result.operations, result.conflicts, result.losses) == ((), (), ())
    assert result.forget == (FILE.address,)


def test_a_file_that_a_killed_sync_wrote_is_ours() -> None:
    """It had said that it would."""
    ledger = Ledger(pending={FILE.address: short_hash(b"A=1")})
    desired = Desired(wanted={FILE.address: Wanted(FILE, OWNERS)})
    source = Source(scope=Scope.PROJECT, root="/w")
    result = plan(desired, Observed(paths={".env": SAME}), ledger, source=source, trust=OWN)
    assert result.adopt == {FILE.address: WRITTEN}


@pytest.mark.parametrize(("state", "removed"), [(SAME, True), (OTHER, False), (Missing(), False)])
def test_only_what_nobody_edited_is_taken_back(state: PathState, removed: bool) -> None:
    """By unlink, without a conflict."""
    ledger = Ledger(entries={FILE.address: WRITTEN})
    result = unlink_plan(Observed(paths={".env": state}), ledger, scope=Scope.PROJECT, targets=None)
    assert [type(operation) for operation in result.operations] == ([Remove] if removed else [])
    assert result.conflicts == ()


@pytest.mark.parametrize("path", [".env", ".env/inside", "."])
def test_a_file_for_once_gives_way_to_other_outputs(target: Any, source: Any, path: str) -> None:
    """In its place, below it and around it: no clash, whoever wants what."""
    other = replace(FILE, path=path, once=False) if path != "." else replace(FILE, path="config", once=False)
    once = replace(FILE, path="config/.env") if path == "." else FILE
    carrier = replace(target("a"), carries=lambda _: [once])
    writer = replace(target("b"), carries=lambda _: [other])
    desired = desired_state([carrier, writer], source())
    assert desired.wanted.keys() == {Address(other.path)}
    assert desired.clashes == ()
