"""Outputs that are wanted only beside something else, which hides what a harness would read itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    FileOutput,
    LinkOutput,
    Loss,
    Output,
    Wanted,
    link_hash,
)
from harnesssync_orchestrator.core.items import ItemId, Kind, Skill
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Missing, Observed, ObservedFile, ObservedLink, Obstructed, PathState
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.standby import called
from harnesssync_orchestrator.core.targets import Target, View

PATHS = ("AGENTS.md", "api/AGENTS.md")
LINK = ObservedLink("CLAUDE.md", "/w/CLAUDE.md")
OURS = Entry(method=Method.SYMLINK, digest=link_hash("CLAUDE.md"), timestamp="", owners=("heron",))


def link(path: str, *beside: str) -> LinkOutput:
    return LinkOutput(
        path=path,
        items=(ItemId("rule", "CLAUDE.md"),),
        source=f"/w/{path.replace('AGENTS', 'CLAUDE')}",
        directory=False,
        digest="d" * 16,
        only_beside=frozenset(beside),
    )


STANDBY = Desired(standby={Address(path): Wanted(link(path, *PATHS), ("heron",)) for path in PATHS})


def wanted(state: PathState, entry: Entry | None = None, known: tuple[str, ...] = ("heron",)) -> set[str]:
    """What is wanted where `state` is at the root, and nothing below."""
    ledger = Ledger(entries={Address("AGENTS.md"): entry} if entry is not None else {})
    observed = Observed(paths={"AGENTS.md": state, "api/AGENTS.md": Missing()})
    return {address.path for address in called(STANDBY, observed, ledger, known).wanted}


@pytest.mark.parametrize("state", [Missing(), Obstructed("api", None)])
def test_beside_nothing_it_stands_by(state: PathState) -> None:
    """The harness reads Claude Code's own file."""
    assert wanted(state) == set()


@pytest.mark.parametrize("state", [ObservedFile("other"), LINK, Obstructed("api", "/elsewhere")])
def test_beside_what_is_not_ours_it_is_wanted(state: PathState) -> None:
    """All that is hidden by it is."""
    assert wanted(state) == set(PATHS)


def test_what_is_ours_calls_for_nothing() -> None:
    """It goes, once nothing else is there."""
    assert wanted(LINK, OURS) == set()


@pytest.mark.parametrize(
    "entry",
    [
        replace(OURS, created=False),
        replace(OURS, kept=True),
        replace(OURS, origin="0001"),
        replace(OURS, digest="edited"),
    ],
    ids=["a person's", "kept", "restored over", "edited"],
)
def test_what_a_person_has_a_say_in_calls_for_it(entry: Entry) -> None:
    """What would be given back if ours went, and what was edited, are among that."""
    assert wanted(LINK, entry) == set(PATHS)


def test_what_another_package_made_stays() -> None:
    """Its target can't be used for the moment, and its outputs are left alone."""
    assert wanted(LINK, OURS, known=("ibis",)) == set(PATHS)


def written(*results: Output | Loss) -> Callable[..., Iterable[Output | Loss]]:
    def render(view: View, skills: tuple[Skill, ...]) -> Iterable[Output | Loss]:
        return results

    return render


@pytest.mark.parametrize(("linked", "count"), [(False, 1), (True, 0)])
def test_a_loss_is_told_beside_a_file_that_is_written_for_another_target(
    skill: Callable[[str], Skill],
    source: Callable[..., Source],
    target: Callable[..., Target],
    linked: bool,
    count: int,
) -> None:
    """A link says what the harness has read already."""
    item = skill("pdf")
    lost = Loss(target="heron", item=item.id, what="told once", why="it is there twice", beside="AGENTS.md")
    file = FileOutput(path="AGENTS.md", items=(item.id,), content=b"Be kind.\n")
    other = target("ibis", Kind.SKILL, written(link("AGENTS.md") if linked else file))
    heron = target("heron", Kind.SKILL, written(lost))
    assert desired_state([heron], source(item)).losses == ()
    assert desired_state([heron, other], source(item)).losses == (replace(lost, beside=""),) * count


def test_what_another_target_writes_calls_for_it(
    skill: Callable[[str], Skill], source: Callable[..., Source], target: Callable[..., Target]
) -> None:
    """And what is so wanted calls for more. One that is wanted anyway has both as its owners."""
    by_itself = target("heron", Kind.SKILL, written(*(link(path, *PATHS) for path in PATHS)))
    below = target("ibis", Kind.SKILL, written(link("api/x/AGENTS.md", "api/AGENTS.md")))
    root = target("stork", Kind.SKILL, written(link("AGENTS.md")))
    items = source(skill("pdf"))
    alone = desired_state([by_itself, below], items)
    assert (alone.wanted, len(alone.standby)) == ({}, 3)
    together = desired_state([by_itself, below, root], items)
    assert {str(address): wish.owners for address, wish in together.wanted.items()} == {
        "AGENTS.md": ("heron", "stork"),
        "api/AGENTS.md": ("heron",),
        "api/x/AGENTS.md": ("ibis",),
    }
