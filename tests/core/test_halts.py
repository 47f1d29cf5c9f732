"""When a plan waits for a person: the limits, and what does not count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harnesssync_orchestrator.core.desired import Address, Clash, Desired, FileOutput, Wanted
from harnesssync_orchestrator.core.halts import HaltReason, why_halt
from harnesssync_orchestrator.core.items import EnvironmentVariable, Hook, ItemId, Layer, Origin, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import Missing, Observed, ObservedFile
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.core.trust import OWN, Trust

ORIGIN = Origin(layer=Layer.PROJECT, file="/w/x")
SOURCE = Source(scope=Scope.PROJECT, root="/w", items=(EnvironmentVariable(name="A", origin=ORIGIN, value="1"),))
UNREADABLE = Problem(code="json_invalid", message="m", file="/w/x", hint="h")
DIGEST = "f" * 16


def addresses(number: int, kind: str = "") -> list[Address]:
    return [Address(f"{kind}{index}.md") for index in range(number)]


def known(*parts: list[Address], owners: tuple[str, ...] = ("codex",)) -> Ledger:
    entry = Entry(method=Method.WRITE, digest=DIGEST, timestamp="t", owners=owners)
    return Ledger(entries={address: entry for part in parts for address in part})


def wanted(*parts: list[Address], executes: bool = False) -> Desired:
    items = (ItemId("hook", "Stop"),)
    return Desired(
        wanted={
            address: Wanted(FileOutput(path=address.path, items=items, content=b"x", executes=executes), ("codex",))
            for part in parts
            for address in part
        }
    )


def reason(source: Source, desired: Desired, ledger: Ledger, **options: object) -> HaltReason | None:
    halt = why_halt(source, desired, ledger, **options)  # type: ignore[arg-type]
    return halt.reason if halt else None


@pytest.mark.parametrize(
    ("stay", "go", "halts"),
    [
        (0, 5, False),
        (0, 6, True),
        (13, 6, True),
        (14, 6, False),
        (70, 30, False),
        (69, 31, True),
    ],
)
def test_more_than_five_and_more_than_thirty_percent_at_once_halt(stay: int, go: int, halts: bool) -> None:
    """Of the outputs of a target; less than that is an everyday change."""
    ledger = known(addresses(stay), addresses(go, "gone"))
    found = reason(SOURCE, wanted(addresses(stay)), ledger)
    assert found is (HaltReason.MASS_REMOVAL if halts else None)


def test_each_target_counts_by_itself() -> None:
    """With many targets each item has many outputs, and two items that go are still two."""
    ledger = Ledger(
        entries={
            **known(addresses(4, "codex"), owners=("codex",)).entries,
            **known(addresses(4, "gemini"), owners=("gemini",)).entries,
            **known(addresses(4, "opencode"), owners=("opencode",)).entries,
        }
    )
    assert reason(SOURCE, Desired(), ledger) is None
    shared = Ledger(entries={**ledger.entries, **known(addresses(2, "shared"), owners=("codex", "gemini")).entries})
    halt = why_halt(SOURCE, Desired(), shared)
    assert halt is not None
    assert halt.message.startswith("6 of 6 outputs for codex")


def test_what_belonged_to_targets_that_are_not_chosen_any_more_does_not_count() -> None:
    """Taking a target away is a person's word already."""
    ledger = known(addresses(20))
    assert reason(SOURCE, Desired(), ledger, targets=["gemini"]) is None
    assert reason(SOURCE, Desired(), ledger, targets=["gemini", "codex"]) is HaltReason.MASS_REMOVAL


def test_nothing_goes_where_another_folder_stands_than_the_approved_one() -> None:
    """A disk that is mounted there, or a copy, may lack what was never taken away."""
    ledger = known(addresses(20), addresses(1, "gone"))
    assert reason(SOURCE, wanted(addresses(20)), ledger) is None
    assert reason(SOURCE, wanted(addresses(20)), ledger, is_another=True) is HaltReason.ROOT_REPLACED
    assert reason(SOURCE, wanted(addresses(20)), ledger, is_another=True, confirmed=True) is None
    assert reason(SOURCE, wanted(addresses(20), addresses(1, "gone")), ledger, is_another=True) is None


def test_what_is_held_back_or_wanted_twice_does_not_count() -> None:
    """Its item is there; taking an approval back takes effect at once."""
    outputs = addresses(20)
    assert reason(SOURCE, wanted(outputs, executes=True), known(outputs)) is None
    clashes = tuple(Clash(address=address, owners=("codex",), reason="r") for address in outputs)
    assert reason(SOURCE, Desired(clashes=clashes), known(outputs)) is None
    observed = Observed(paths={address.path: ObservedFile(DIGEST) for address in outputs})
    result = plan(wanted(outputs, executes=True), observed, known(outputs), source=SOURCE, trust=Trust())
    assert result.halt is None
    assert len(result.operations) == len(result.held) == 20


def test_what_is_a_persons_does_not_count() -> None:
    """What was there before us, and what they keep, does not go with its item."""
    ledger = known(addresses(20))
    for change in ({"created": False}, {"kept": True}):
        entries = {address: replace(entry, **change) for address, entry in ledger.entries.items()}  # type: ignore[arg-type]
        assert reason(SOURCE, Desired(), Ledger(entries=entries)) is None


def test_the_elements_of_one_list_count_as_one() -> None:
    """Twenty allowances in one file are one setting that a person has removed."""
    elements = [Address("settings.json", ("tools", "allowed"), f"{index:016x}") for index in range(20)]
    assert reason(SOURCE, Desired(), known(elements, addresses(5))) is HaltReason.MASS_REMOVAL
    assert reason(SOURCE, Desired(), known(elements, addresses(4))) is None


def test_a_source_that_is_gone_or_empty_halts_however_few_outputs_there_are() -> None:
    """A folder that is not there is told apart from one without configuration."""
    ledger = known(addresses(1))
    assert reason(replace(SOURCE, present=False, items=()), Desired(), ledger) is HaltReason.SOURCE_MISSING
    assert reason(replace(SOURCE, items=()), Desired(), ledger) is HaltReason.SOURCE_EMPTIED
    assert reason(replace(SOURCE, items=()), Desired(), Ledger()) is None


def test_what_is_confirmed_is_done() -> None:
    """By `--confirm`, or by resuming."""
    for source in (SOURCE, replace(SOURCE, present=False, items=()), replace(SOURCE, items=())):
        assert reason(source, Desired(), known(addresses(20)), confirmed=True) is None


@pytest.mark.parametrize("items", [SOURCE.items, ()])
def test_what_cannot_be_parsed_halts_removals_alone(items: tuple[Hook, ...]) -> None:
    """Writes go on, and the project tells that it waits."""
    source = replace(SOURCE, items=items, problems=(UNREADABLE,))
    gone, new = addresses(8), addresses(1, "new")
    paths = {**{address.path: ObservedFile(DIGEST) for address in gone}, new[0].path: Missing()}
    result = plan(wanted(new), Observed(paths=paths), known(gone), source=source, trust=OWN)
    assert result.halt is HaltReason.SOURCE_UNPARSABLE
    assert not result.stops
    assert "8 outputs" in result.halt_message
    assert [operation.path for operation in result.operations] == ["new0.md"]
    confirmed = plan(wanted(new), Observed(paths=paths), known(gone), source=source, trust=OWN, confirmed=True)
    assert (confirmed.halt, len(confirmed.operations)) == (None, 9)


def test_what_cannot_be_parsed_halts_nothing_while_nothing_waits_for_it() -> None:
    """A mistake in a new file is a problem, and no more."""
    source = replace(SOURCE, problems=(UNREADABLE,))
    there = addresses(1)
    observed = Observed(paths={there[0].path: ObservedFile(DIGEST)})
    assert plan(wanted(there), observed, known(there), source=source, trust=OWN).halt is None
