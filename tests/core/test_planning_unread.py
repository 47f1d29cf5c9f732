"""What waits while some of the source can't be read, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.core.test_planning import FILE, SOURCE, desired, entry, ledger, seen

from harnesssync_orchestrator.core.desired import Address, LinkOutput, short_hash
from harnesssync_orchestrator.core.drift import Choice, Drift, Policies, Policy, Resolution
from harnesssync_orchestrator.core.halts import HaltReason
from harnesssync_orchestrator.core.items import ItemId, Kind, Layer, Origin, Rule
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.limiting import limited_to
from harnesssync_orchestrator.core.observed import Missing, Observed, ObservedFile
from harnesssync_orchestrator.core.plan import ConflictKind
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Problem
from harnesssync_orchestrator.core.trust import OWN

ALL_RULES = replace(FILE, items=(ItemId("rule", "tests"),), gathers=frozenset({Kind.RULE}))
HALF_READ = replace(
    SOURCE,
    problems=(
        Problem(code="front_matter_invalid", message="no", file="/w/project/.claude/rules/a.md", hint="Mend it"),
    ),
)


@pytest.mark.parametrize(
    ("unread", "written"),
    [
        ("/w/project/CLAUDE.md", 0),
        ("/w/project/.claude/rules", 0),
        ("/w/.mcp.json", 1),
        ("/w/project/.claude/skills/pdf/SKILL.md", 1),
        ("/w/project/.claude/commands/fix.md", 1),
    ],
)
def test_a_file_with_all_rules_waits_while_one_of_them_cannot_be_read(unread: str, written: int) -> None:
    """It would lose what that rule says. What holds no rules is no reason to wait."""
    source = replace(SOURCE, problems=(Problem(code="file_unreadable", message="no", file=unread, hint="Mend it"),))
    known = ledger(FILE.address, entry("f" * 16))
    result = plan(desired(ALL_RULES), seen(FILE.path, ObservedFile("f" * 16)), known, source=source, trust=OWN)
    assert len(result.operations) == written
    assert result.halt is (None if written else HaltReason.SOURCE_UNPARSABLE)
    assert ([each.path for each in result.waiting], result.unchanged) == ([] if written else [FILE.path], 0)


@pytest.mark.parametrize("wrote", [short_hash(FILE.content), "f" * 16])
def test_an_edit_of_what_would_wait_is_the_conflict_that_it_is(wrote: str) -> None:
    """Nothing of ours is to be written, so nothing waits: a person decides, and git sees the edit."""
    edited, known = seen(ALL_RULES.path, ObservedFile("e" * 16)), ledger(ALL_RULES.address, entry(wrote))
    private = replace(ALL_RULES, private=True)
    result = plan(desired(private), edited, known, source=HALF_READ, trust=OWN)
    (conflict,) = result.conflicts
    assert (conflict.kind, conflict.address, result.halt) == (ConflictKind.DRIFT, FILE.address, None)
    assert (result.exclude, result.theirs) == ((), (FILE.path,))
    state = Drift.OUTPUT_EDITED if wrote == short_hash(FILE.content) else Drift.BOTH
    assert (conflict.state, result.drift[state]) == (state, 1)


@pytest.mark.parametrize("choice", [Choice.RESTORE, Choice.KEEP])
def test_what_a_person_decides_does_not_wait(choice: Choice) -> None:
    """Whatever can't be read, it is their word about just this output."""
    edited, known = seen(ALL_RULES.path, ObservedFile("e" * 16)), ledger(ALL_RULES.address, entry("f" * 16))
    decided = Resolution(choices={FILE.address: choice})
    result = plan(desired(ALL_RULES), edited, known, source=HALF_READ, trust=OWN, resolution=decided)
    assert (result.waiting, result.conflicts, result.halt) == ((), (), None)
    assert (len(result.operations), len(result.kept)) == ((1, 0) if choice is Choice.RESTORE else (0, 1))


def test_a_policy_does_not_replace_an_edit_by_less() -> None:
    """It would lack what can't be read. The edit is a person's meanwhile, which git must not destroy."""
    edited, known = seen(ALL_RULES.path, ObservedFile("e" * 16)), ledger(ALL_RULES.address, entry("f" * 16))
    restoring = Resolution(policies=Policies(policy=Policy.RESTORE))
    private = replace(ALL_RULES, private=True)
    result = plan(desired(private), edited, known, source=HALF_READ, trust=OWN, resolution=restoring)
    assert ([each.path for each in result.waiting], result.operations) == ([FILE.path], ())
    assert (result.exclude, result.theirs, result.drift[Drift.BOTH]) == ((), (FILE.path,), 1)
    unchanged = ledger(ALL_RULES.address, entry(short_hash(FILE.content)))
    again = plan(desired(private), edited, unchanged, source=HALF_READ, trust=OWN, resolution=restoring)
    assert (len(again.operations), again.waiting) == (1, ())


def test_what_is_gone_is_made_again_of_what_can_be_read() -> None:
    """Less is more than nothing. An agent could do more if its limits lacked a server, so that one waits."""
    known = ledger(FILE.address, entry("f" * 16))
    result = plan(desired(ALL_RULES), seen(FILE.path, Missing()), known, source=HALF_READ, trust=OWN)
    assert ([each.state for each in result.operations], result.halt) == ([Drift.MISSING], None)
    agent = replace(FILE, items=(ItemId("agent", "x"),), gathers=frozenset({Kind.MCP_SERVER}))
    servers = replace(SOURCE, problems=(replace(HALF_READ.problems[0], file="/w/project/.mcp.json"),))
    waits = plan(desired(agent), seen(FILE.path, Missing()), known, source=servers, trust=OWN)
    assert ([each.state for each in waits.waiting], waits.operations) == ([Drift.MISSING], ())
    assert (waits.halt, waits.drift[Drift.MISSING]) == (HaltReason.SOURCE_UNPARSABLE, 1)
    known = ledger(FILE.address, entry(short_hash(FILE.content)))
    same = plan(desired(agent), seen(FILE.path, Missing()), known, source=servers, trust=OWN)
    assert (len(same.operations), same.waiting) == (1, ())


def test_what_waits_is_told_and_goes_on_when_a_person_confirms() -> None:
    """What is as it should be waits for nothing."""
    there, known = seen(FILE.path, ObservedFile("f" * 16)), ledger(FILE.address, entry("f" * 16))
    result = plan(desired(ALL_RULES), there, known, source=HALF_READ, trust=OWN)
    assert (result.is_empty, [each.path for each in result.waiting], result.unchanged) == (True, [FILE.path], 0)
    assert (result.halt, result.drift[Drift.SOURCE_CHANGED]) == (HaltReason.SOURCE_UNPARSABLE, 1)
    assert result.halt_message == "some of the source can't be read, so 1 output can't be written anew"
    in_step, recorded = short_hash(FILE.content), ledger(FILE.address, entry(short_hash(FILE.content)))
    as_wanted = plan(desired(ALL_RULES), seen(FILE.path, ObservedFile(in_step)), recorded, source=HALF_READ, trust=OWN)
    assert (as_wanted.halt, as_wanted.waiting, as_wanted.unchanged) == (None, (), 1)
    confirmed = plan(desired(ALL_RULES), there, known, source=HALF_READ, trust=OWN, confirmed=True)
    assert (confirmed.halt, confirmed.waiting, len(confirmed.operations)) == (None, (), 1)


@pytest.mark.parametrize(
    ("codes", "removal", "change", "confirmable"),
    [
        (["front_matter_invalid"], True, True, True),
        (["file_unreadable"], True, True, False),
        (["front_matter_invalid", "file_unreadable"], True, False, False),
        (["front_matter_invalid", "file_unreadable"], False, True, False),
    ],
)
def test_what_waits_tells_whether_a_person_can_confirm_some_of_it(
    codes: list[str], removal: bool, change: bool, confirmable: bool
) -> None:
    """Their word lets go what they broke, but nobody knows what a file says that can't be read."""
    gone = Address(".codex/agents/x.toml")
    entries = {**({FILE.address: entry("f" * 16)} if change else {}), **({gone: entry("a" * 16)} if removal else {})}
    observed = Observed(paths={FILE.path: ObservedFile("f" * 16), gone.path: ObservedFile("a" * 16)})
    problems = tuple(replace(HALF_READ.problems[0], code=code) for code in codes)
    wanted = desired(ALL_RULES) if change else desired()
    source = replace(SOURCE, problems=problems)
    result = plan(wanted, observed, Ledger(entries=entries), source=source, trust=OWN)
    waits = result.waits
    assert (waits.removals, waits.changes, waits.confirmable) == (int(removal), int(change), confirmable)
    confirmed = plan(wanted, observed, Ledger(entries=entries), source=source, trust=OWN, confirmed=True)
    assert bool(confirmed.operations) is confirmable


@pytest.mark.parametrize(
    ("broken", "waits"),
    [
        ("/w/project/.claude/rules/a.md", False),
        ("/w/project/CLAUDE.local.md", True),
        ("/w/project/notes.md", True),
        ("/w/project/other.md", False),
    ],
)
def test_what_comes_of_one_rule_waits_only_for_that_rule_and_its_imports(broken: str, waits: bool) -> None:
    """Another one says nothing in it."""
    one = replace(FILE, items=(ItemId("rule", "CLAUDE.local.md"),))
    mine = Rule(
        name="CLAUDE.local.md",
        origin=Origin(layer=Layer.LOCAL, file="/w/project/CLAUDE.local.md", private=True),
        source="/w/project/CLAUDE.local.md",
        text="@notes.md",
        expanded="@notes.md",
        unread=("/w/project/notes.md",) if broken == "/w/project/notes.md" else (),
    )
    source = replace(SOURCE, items=(mine,), problems=(replace(HALF_READ.problems[0], file=broken),))
    known = ledger(FILE.address, entry("f" * 16))
    result = plan(desired(one), seen(FILE.path, ObservedFile("f" * 16)), known, source=source, trust=OWN)
    assert (bool(result.waiting), bool(result.operations)) == (waits, not waits)
    link = LinkOutput(path=FILE.path, items=one.items, source="/w/main/mine.md", directory=False, digest="d" * 16)
    as_it_is = plan(desired(link), seen(FILE.path, ObservedFile("f" * 16)), known, source=source, trust=OWN)
    assert (as_it_is.waiting, len(as_it_is.operations)) == ((), 1)


@pytest.mark.parametrize(
    ("broken", "waits"),
    [("/w/project/.claude/skills/x/SKILL.md", False), ("/w/project/CLAUDE.md", False), ("/w/project/.mcp.json", True)],
)
def test_an_agent_waits_only_where_a_server_may_be_missing_of_its_limits(broken: str, waits: bool) -> None:
    """One without limits never does."""
    limited = replace(FILE, items=(ItemId("agent", "x"),), gathers=frozenset({Kind.MCP_SERVER}))
    source = replace(SOURCE, problems=(replace(HALF_READ.problems[0], file=broken),))
    there, known = seen(FILE.path, ObservedFile("f" * 16)), ledger(FILE.address, entry("f" * 16))
    result = plan(desired(limited), there, known, source=source, trust=OWN)
    assert (bool(result.waiting), bool(result.operations)) == (waits, not waits)
    free = plan(desired(replace(limited, gathers=frozenset())), there, known, source=source, trust=OWN)
    assert (free.waiting, len(free.operations)) == ((), 1)


def test_what_yields_gives_way_also_while_something_can_not_be_read() -> None:
    """A branch has it by now: it is not ours any more."""
    gap = replace(ALL_RULES, yields=True)
    tracked = replace(seen(FILE.path, ObservedFile("e" * 16)), tracked=frozenset([FILE.path]))
    result = plan(desired(gap), tracked, ledger(FILE.address, entry("f" * 16)), source=HALF_READ, trust=OWN)
    assert (result.forget, result.waiting, result.unchanged) == ((FILE.address,), (), 0)


def test_a_run_for_some_targets_is_not_halted_by_what_waits_for_others() -> None:
    """Neither by a change nor by a removal."""
    gone = Address(".codex/agents/x.toml")
    known = Ledger(entries={FILE.address: entry("f" * 16), gone: entry("a" * 16)})
    observed = Observed(paths={FILE.path: ObservedFile("f" * 16), gone.path: ObservedFile("a" * 16)})
    result = plan(desired(ALL_RULES), observed, known, source=HALF_READ, trust=OWN)
    assert (len(result.waiting), result.stuck) == (1, (gone,))
    of_codex = limited_to(result, ["codex"], known.entries)
    assert (of_codex.halt, of_codex.halt_message) == (result.halt, result.halt_message)
    assert result.halt is HaltReason.SOURCE_UNPARSABLE
    of_gemini = limited_to(result, ["gemini"], known.entries)
    assert (of_gemini.halt, of_gemini.halt_message, of_gemini.waiting, of_gemini.stuck) == (None, "", (), ())
