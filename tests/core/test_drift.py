"""Drift by three hashes, what a person or a policy decides about it, and that a decision is about one output alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Output,
    Wanted,
    link_hash,
    short_hash,
    value_hash,
)
from harnesssync_orchestrator.core.drift import (
    Choice,
    Drift,
    Policies,
    Policy,
    ProjectPolicies,
    Resolution,
    classify,
    worst,
)
from harnesssync_orchestrator.core.items import EnvironmentVariable, ItemId, Layer, Origin, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    Observed,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    Obstructed,
    PathState,
    Unusable,
)
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Plan, Remove, WriteFile, state_of
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import AddElement, RemoveKey, SetKey
from harnesssync_orchestrator.core.trust import OWN, Trust

ROOT = "/w/project"
ITEM = (ItemId("rule", "CLAUDE.md"),)
SOURCE = Source(
    scope=Scope.PROJECT,
    root=ROOT,
    items=(EnvironmentVariable(name="A", origin=Origin(layer=Layer.PROJECT, file=f"{ROOT}/x"), value="1"),),
)
FILE = FileOutput(path="a.toml", items=ITEM, content=b"new")
LINK = LinkOutput(path="AGENTS.md", items=ITEM, source=f"{ROOT}/CLAUDE.md", directory=False, digest="5" * 16)
KEY = KeyOutput(path="c.json", items=ITEM, format="json", pointer=("mcp", "files"), value={"url": "ours"})
OTHER_KEY = replace(KEY, pointer=("mcp", "docs"))
ELEMENT = ElementOutput(path="c.json", items=ITEM, format="json", pointer=("hooks", "Stop"), value={"run": "x"})
NEW, OLD, EDITED = short_hash(b"new"), short_hash(b"old"), short_hash(b"edited")


def wrote(output: Output, digest: str, **changes: Any) -> Ledger:
    method = {LinkOutput: Method.SYMLINK, FileOutput: Method.WRITE}.get(type(output), Method.MERGE)
    source = output.source if isinstance(output, LinkOutput) else ""
    entry = Entry(method=method, digest=digest, timestamp="t", owners=("codex",), source=source)
    return Ledger(entries={output.address: replace(entry, **changes)})


def planned(
    *outputs: Output,
    there: Mapping[str, PathState],
    ledger: Ledger | None = None,
    values: Mapping[str, Any] | None = None,
    choice: Choice | None = None,
    policy: Policy = Policy.ASK,
    owners: tuple[str, ...] = ("codex",),
    trust: Trust = OWN,
    tracked: frozenset[str] = frozenset(),
) -> Plan:
    """The plan for some outputs; `choice` is made for all of them, and for what the ledger has. `tracked` are paths."""
    ledger = ledger or Ledger()
    addresses = {*(output.address for output in outputs), *ledger.entries}
    choices = dict.fromkeys(addresses, choice) if choice is not None else {}
    return plan(
        Desired(wanted={output.address: Wanted(output, owners) for output in outputs}),
        Observed(paths=there, documents={} if values is None else {"c.json": Document(values)}, tracked=tracked),
        ledger,
        source=SOURCE,
        trust=trust,
        confirmed=True,
        resolution=Resolution(project=ROOT, policies=Policies(policy=policy), choices=choices),
    )


def the_state(result: Plan) -> Drift | None:
    """Of the one output that is not in step."""
    states = [conflict.state for conflict in result.conflicts]
    states += [state for operation in result.operations for state in operation.states.values()]
    (state,) = states
    return state


# --- by hashes


@pytest.mark.parametrize(
    ("wanted", "there", "wrote", "state"),
    [
        ("a", "a", "a", Drift.IN_STEP),
        ("a", "a", None, Drift.IN_STEP),
        ("a", "a", "b", Drift.IN_STEP),
        ("a", None, None, Drift.SOURCE_CHANGED),
        ("a", "b", "b", Drift.SOURCE_CHANGED),
        ("a", None, "a", Drift.MISSING),
        ("a", None, "b", Drift.MISSING),
        ("a", "b", None, Drift.FOREIGN),
        (None, "b", None, Drift.FOREIGN),
        ("a", "b", "a", Drift.OUTPUT_EDITED),
        ("a", "b", "c", Drift.BOTH),
        (None, "a", "a", Drift.ORPHAN),
        (None, "b", "a", Drift.ORPHAN),
        (None, None, "a", Drift.IN_STEP),
        (None, None, None, Drift.IN_STEP),
    ],
)
def test_three_hashes_tell_the_state(wanted: str | None, there: str | None, wrote: str | None, state: Drift) -> None:
    """Every case there is."""
    assert classify(wanted=wanted, there=there, wrote=wrote) is state


DIGEST = st.sampled_from((None, "a", "b", "c"))


@given(DIGEST, DIGEST, DIGEST, st.permutations("abc"))
def test_only_equality_of_hashes_counts(
    wanted: str | None, there: str | None, wrote: str | None, names: list[str]
) -> None:
    """Other hashes in the same relation give the same state."""
    other = {None: None, **dict(zip("abc", names, strict=True))}
    state = classify(wanted=wanted, there=there, wrote=wrote)
    assert classify(wanted=other[wanted], there=other[there], wrote=other[wrote]) is state


def test_the_words_of_states_are_stable() -> None:
    """Scripts read them."""
    words = ["in-step", "kept", "source-changed", "missing", "orphan", "foreign", "output-edited", "both"]
    assert [state.value for state in Drift] == words
    assert worst((Drift.MISSING, Drift.BOTH, Drift.FOREIGN)) is Drift.BOTH


# --- in plans


@pytest.mark.parametrize(
    ("there", "known", "state"),
    [
        (Missing(), None, Drift.SOURCE_CHANGED),
        (Missing(), OLD, Drift.MISSING),
        (ObservedFile(OLD), OLD, Drift.SOURCE_CHANGED),
        (ObservedFile(EDITED), None, Drift.FOREIGN),
        (ObservedFile(EDITED), NEW, Drift.OUTPUT_EDITED),
        (ObservedLink("/x", "/x"), NEW, Drift.OUTPUT_EDITED),
        (ObservedTree(""), NEW, Drift.OUTPUT_EDITED),
        (ObservedFile(EDITED), OLD, Drift.BOTH),
        (Unusable("a pipe"), NEW, Drift.OUTPUT_EDITED),
        (Obstructed("dir", None), None, Drift.FOREIGN),
    ],
)
def test_the_state_of_a_file_is_told(there: PathState, known: str | None, state: Drift) -> None:
    """With what is done about it, or left alone."""
    result = planned(FILE, there={FILE.path: there}, ledger=None if known is None else wrote(FILE, known))
    assert the_state(result) is state
    assert result.drift[state] == 1
    assert sum(result.drift.values()) == 1


@pytest.mark.parametrize(
    ("there", "text", "source", "state"),
    [
        (ObservedFile(EDITED), "CLAUDE.md", LINK.source, Drift.OUTPUT_EDITED),
        (ObservedLink("other.md", None), "CLAUDE.md", LINK.source, Drift.OUTPUT_EDITED),
        (ObservedFile(EDITED), "other.md", f"{ROOT}/other.md", Drift.BOTH),
        (ObservedLink("old.md", None), "old.md", f"{ROOT}/old.md", Drift.SOURCE_CHANGED),
        (ObservedLink("../moved/CLAUDE.md", None), "../moved/CLAUDE.md", LINK.source, Drift.SOURCE_CHANGED),
        (Missing(), "CLAUDE.md", LINK.source, Drift.MISSING),
    ],
)
def test_the_state_of_a_link_is_told(there: PathState, text: str, source: str, state: Drift) -> None:
    """Its source counts as unchanged as long as it is the same file, in whatever words the link says so."""
    result = planned(LINK, there={LINK.path: there}, ledger=wrote(LINK, link_hash(text), source=source))
    assert the_state(result) is state


@pytest.mark.parametrize(
    ("value", "known", "state"),
    [
        (None, None, Drift.SOURCE_CHANGED),
        (None, {"url": "ours"}, Drift.MISSING),
        ({"url": "old"}, {"url": "old"}, Drift.SOURCE_CHANGED),
        ({"url": "theirs"}, None, Drift.FOREIGN),
        ({"url": "theirs"}, {"url": "ours"}, Drift.OUTPUT_EDITED),
        ({"url": "theirs"}, {"url": "old"}, Drift.BOTH),
    ],
)
def test_the_state_of_a_key_is_told(value: Any, known: Any, state: Drift) -> None:
    """Key by key, in one document."""
    values = {"mcp": {} if value is None else {"files": value}}
    known_ledger = None if known is None else wrote(KEY, value_hash(known))
    result = planned(KEY, there={"c.json": ObservedFile("d")}, values=values, ledger=known_ledger)
    assert the_state(result) is state


def test_an_orphan_is_told_whether_it_goes_or_was_edited() -> None:
    """Either is an orphan; only the edited one is a conflict."""
    known = wrote(FILE, OLD)
    gone = planned(there={FILE.path: ObservedFile(OLD)}, ledger=known)
    edited = planned(there={FILE.path: ObservedFile(EDITED)}, ledger=known)
    assert [the_state(each) for each in (gone, edited)] == [Drift.ORPHAN, Drift.ORPHAN]
    assert (len(gone.operations), len(edited.conflicts)) == (1, 1)


def test_the_worst_state_of_several_keys_is_that_of_the_operation() -> None:
    """The counts have each key by itself."""
    values = {"mcp": {"docs": {"url": "old"}}}
    known = wrote(OTHER_KEY, value_hash({"url": "old"}))
    known = known.changed(record=wrote(KEY, value_hash({"url": "ours"})).entries)
    result = planned(KEY, OTHER_KEY, there={"c.json": ObservedFile("d")}, values=values, ledger=known)
    (operation,) = result.operations
    assert state_of(operation) is Drift.MISSING
    assert (result.drift[Drift.MISSING], result.drift[Drift.SOURCE_CHANGED]) == (1, 1)


# --- restore


@pytest.mark.parametrize("output", [FILE, LINK])
@pytest.mark.parametrize("there", [ObservedFile(EDITED), ObservedLink("/x", "/x")])
@pytest.mark.parametrize("known", [True, False])
def test_restoring_replaces_just_what_is_there(
    output: FileOutput | LinkOutput, there: ObservedFile | ObservedLink, known: bool
) -> None:
    """The operation says what it expects, so that this is kept in the history and nothing newer is lost."""
    ours = NEW if isinstance(output, FileOutput) else link_hash("CLAUDE.md")
    result = planned(
        output, there={output.path: there}, ledger=wrote(output, ours) if known else None, choice=Choice.RESTORE
    )
    (operation,) = result.operations
    assert isinstance(operation, WriteFile if isinstance(output, FileOutput) else MakeLink)
    assert operation.expected == (there.digest if isinstance(there, ObservedFile) else link_hash(there.text))
    assert operation.state is (Drift.OUTPUT_EDITED if known else Drift.FOREIGN)
    assert not result.conflicts


@pytest.mark.parametrize("there", [ObservedTree("t"), ObservedTree(""), Unusable("a pipe"), Obstructed("x", None)])
def test_restoring_does_not_replace_what_its_hash_does_not_tell_all_about(there: PathState) -> None:
    """A folder of a person's may hold what no digest counts, such as a repository."""
    result = planned(FILE, there={FILE.path: there}, ledger=wrote(FILE, NEW), choice=Choice.RESTORE)
    assert (len(result.conflicts), result.operations) == (1, ())


def test_an_edited_copy_of_ours_can_be_restored() -> None:
    """Its marker and the ledger say what it is."""
    folder = replace(LINK, directory=True)
    known = wrote(folder, "c" * 16, method=Method.COPY, source_digest=folder.digest)
    result = planned(folder, there={folder.path: ObservedTree("e" * 16, marker=True)}, ledger=known)
    assert the_state(result) is Drift.OUTPUT_EDITED
    assert Choice.RESTORE in result.conflicts[0].choices
    restored = planned(
        folder, there={folder.path: ObservedTree("e" * 16, marker=True)}, ledger=known, choice=Choice.RESTORE
    )
    assert restored.operations[0].expected == "e" * 16


def test_a_copy_that_says_what_its_source_says_is_in_step() -> None:
    """Also where both were changed alike: there is nothing to decide."""
    folder = replace(LINK, directory=True)
    known = wrote(folder, "c" * 16, method=Method.COPY, source_digest="c" * 16)
    result = planned(folder, there={folder.path: ObservedTree(folder.digest, marker=True)}, ledger=known)
    assert (result.operations, result.conflicts) == ((), ())
    entry = result.adopt[folder.address]
    assert (entry.digest, entry.source_digest, entry.created) == (folder.digest, folder.digest, True)


def test_restoring_one_key_leaves_the_others() -> None:
    """A choice is about one key, and everything else in the file stays."""
    values = {"mcp": {"files": {"url": "mine"}, "docs": {"url": "mine"}}}
    known = wrote(KEY, value_hash({"url": "ours"})).changed(
        record=wrote(OTHER_KEY, value_hash({"url": "ours"})).entries
    )
    outputs: dict[Address, Wanted[Output]] = {output.address: Wanted(output, ("codex",)) for output in (KEY, OTHER_KEY)}
    result = plan(
        Desired(wanted=outputs),
        Observed(paths={"c.json": ObservedFile("d")}, documents={"c.json": Document(values)}),
        known,
        source=SOURCE,
        trust=OWN,
        resolution=Resolution(choices={KEY.address: Choice.RESTORE}),
    )
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (SetKey(KEY.pointer, KEY.value),)
    assert [conflict.address for conflict in result.conflicts] == [OTHER_KEY.address]


def test_restoring_an_orphan_removes_it() -> None:
    """Without us nothing would be there; the edit is in the history."""
    for output, there, values in (
        (FILE, {FILE.path: ObservedFile(EDITED)}, None),
        (KEY, {"c.json": ObservedFile("d")}, {"mcp": {"files": {"url": "mine"}}}),
    ):
        result = planned(there=there, values=values, ledger=wrote(output, OLD), choice=Choice.RESTORE)
        (operation,) = result.operations
        if isinstance(operation, Remove):
            assert operation.expected == EDITED
        else:
            assert isinstance(operation, EditDocument)
            assert operation.edits == (RemoveKey(KEY.pointer),)


def test_what_stands_in_the_way_of_a_list_can_only_be_kept() -> None:
    """A value of a person's can't become a list."""
    values = {"hooks": {"Stop": "mine"}}
    for choice in (None, Choice.RESTORE):
        result = planned(ELEMENT, there={"c.json": ObservedFile("d")}, values=values, choice=choice)
        assert (result.conflicts[0].choices, result.operations) == ((Choice.KEEP,), ())
    kept = planned(ELEMENT, there={"c.json": ObservedFile("d")}, values=values, choice=Choice.KEEP)
    assert (kept.conflicts, len(kept.kept)) == ((), 1)


# --- keep


@pytest.mark.parametrize("there", [ObservedFile(EDITED), ObservedLink("/x", "/x"), ObservedTree("")])
@pytest.mark.parametrize("known", [True, False])
def test_what_is_kept_is_a_persons_from_now_on(there: PathState, known: bool) -> None:
    """No conflict, nothing written, nothing hidden from git, whatever becomes of the source."""
    first = planned(FILE, there={FILE.path: there}, ledger=wrote(FILE, NEW) if known else None, choice=Choice.KEEP)
    entry = first.adopt[FILE.address]
    assert (entry.kept, entry.created, first.operations, first.conflicts) == (True, False, (), ())
    assert FILE.path not in first.exclude
    later = replace(FILE, content=b"newer")
    second = planned(later, there={FILE.path: there}, ledger=Ledger(entries=first.adopt))
    assert (second.is_empty, second.conflicts) == (True, ())
    assert [kept.address for kept in second.kept] == [FILE.address]
    assert second.drift[Drift.KEPT] == 1
    assert FILE.path not in second.exclude


def test_what_is_kept_may_be_edited_further() -> None:
    """It is no business of ours."""
    known = wrote(FILE, OLD, created=False, kept=True)
    result = planned(FILE, there={FILE.path: ObservedFile(EDITED)}, ledger=known, policy=Policy.RESTORE)
    assert (result.is_empty, len(result.kept)) == (True, 1)


def test_what_was_kept_and_is_deleted_is_made_again() -> None:
    """Deleting it gives it back to us."""
    known = wrote(FILE, EDITED, created=False, kept=True)
    result = planned(FILE, there={FILE.path: Missing()}, ledger=known)
    assert (the_state(result), result.kept) == (Drift.MISSING, ())
    key = wrote(KEY, value_hash("x"), created=False, kept=True)
    result = planned(KEY, there={"c.json": ObservedFile("d")}, values={}, ledger=key)
    assert (the_state(result), result.kept) == (Drift.MISSING, ())


@pytest.mark.parametrize("digest", [EDITED, NEW])
def test_what_was_kept_can_be_restored(digest: str) -> None:
    """Then it is ours again, also where it says by now what we would write."""
    known = wrote(FILE, EDITED, created=False, kept=True)
    result = planned(FILE, there={FILE.path: ObservedFile(digest)}, ledger=known, choice=Choice.RESTORE)
    assert result.kept == ()
    if digest == EDITED:
        assert result.operations[0].expected == EDITED
    else:
        assert (result.adopt[FILE.address].created, result.adopt[FILE.address].kept) == (True, False)


def test_keeping_is_per_key() -> None:
    """The other keys of the file are written as ever."""
    values = {"mcp": {"files": {"url": "mine"}}, "hooks": {"Stop": []}}
    known = wrote(KEY, value_hash({"url": "mine"}), created=False, kept=True)
    there = {"c.json": ObservedFile("d")}
    result = planned(KEY, OTHER_KEY, ELEMENT, there=there, values=values, ledger=known)
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (
        SetKey(OTHER_KEY.pointer, OTHER_KEY.value),
        AddElement(ELEMENT.pointer, ELEMENT.value),
    )
    assert [kept.address for kept in result.kept] == [KEY.address]


def test_what_is_kept_stays_when_its_item_goes() -> None:
    """It is forgotten, not removed: a person's file."""
    known = wrote(FILE, EDITED, created=False, kept=True)
    result = planned(there={FILE.path: ObservedFile(EDITED)}, ledger=known)
    assert (result.operations, result.conflicts, result.forget) == ((), (), (FILE.address,))


def test_an_edited_orphan_that_is_kept_is_forgotten() -> None:
    """Nobody wants it any more, and it is the person's."""
    result = planned(there={FILE.path: ObservedFile(EDITED)}, ledger=wrote(FILE, OLD), choice=Choice.KEEP)
    assert (result.operations, result.conflicts, result.forget) == ((), (), (FILE.address,))


def test_what_is_kept_is_remembered_while_it_waits_for_trust() -> None:
    """An approval that lapses for a while takes no decision back."""
    executes = replace(FILE, executes=True)
    known = wrote(FILE, EDITED, created=False, kept=True)
    result = planned(executes, there={FILE.path: ObservedFile(EDITED)}, ledger=known, trust=Trust())
    assert (len(result.held), result.forget) in ((1, ()), (0, ()))
    assert result.is_empty


# --- policies


@pytest.mark.parametrize("state", [ObservedFile(EDITED)])
def test_a_policy_is_about_what_we_wrote_alone(state: PathState) -> None:
    """What is not ours is never replaced without asking, nor is an orphan removed that was edited."""
    foreign = planned(FILE, there={FILE.path: state}, policy=Policy.RESTORE)
    orphan = planned(there={FILE.path: state}, ledger=wrote(FILE, OLD), policy=Policy.RESTORE)
    for result in (foreign, orphan):
        assert (len(result.conflicts), result.operations) == (1, ())
    edited = planned(FILE, there={FILE.path: state}, ledger=wrote(FILE, NEW), policy=Policy.RESTORE)
    both = planned(FILE, there={FILE.path: state}, ledger=wrote(FILE, OLD), policy=Policy.RESTORE)
    for result in (edited, both):
        assert (result.conflicts, len(result.operations)) == ((), 1)


@pytest.mark.parametrize(
    ("output", "there", "digest"),
    [(FILE, ObservedFile(EDITED), NEW), (FILE, ObservedFile(EDITED), OLD), (LINK, ObservedFile(EDITED), OLD)],
)
def test_no_policy_replaces_what_git_tracks(output: Output, there: PathState, digest: str) -> None:
    """A branch brought it, and nobody edited ours; a person may still choose so."""
    known, tracked = wrote(output, digest), frozenset({output.path})
    result = planned(output, there={output.path: there}, ledger=known, policy=Policy.RESTORE, tracked=tracked)
    assert result.operations == ()
    assert "git tracks something else there" in result.conflicts[0].message
    chosen = planned(output, there={output.path: there}, ledger=known, choice=Choice.RESTORE, tracked=tracked)
    assert (chosen.conflicts, len(chosen.operations)) == ((), 1)


def test_a_policy_holds_for_keys_in_a_file_that_git_tracks() -> None:
    """Merged files are a team's as often as not, and a key of ours in one can be edited."""
    there, values = {"c.json": ObservedFile("f" * 16)}, {"mcp": {"files": {"url": "mine"}}}
    known = wrote(KEY, value_hash(KEY.value))
    result = planned(
        KEY, there=there, values=values, ledger=known, policy=Policy.RESTORE, tracked=frozenset({"c.json"})
    )
    assert (result.conflicts, len(result.operations)) == ((), 1)


def test_a_choice_beats_the_policy() -> None:
    """A person is nearer than their settings."""
    there = {FILE.path: ObservedFile(EDITED)}
    result = planned(FILE, there=there, ledger=wrote(FILE, NEW), policy=Policy.RESTORE, choice=Choice.KEEP)
    assert (result.operations, len(result.kept)) == ((), 1)


@pytest.mark.parametrize(
    ("policies", "owners", "choice"),
    [
        (Policies(), ("codex",), None),
        (Policies(policy=Policy.ADOPT), ("codex",), Choice.ADOPT),
        (Policies(targets={"codex": Policy.RESTORE}), ("codex",), Choice.RESTORE),
        (Policies(targets={"codex": Policy.RESTORE}), ("codex", "gemini"), None),
        (Policies(policy=Policy.RESTORE, targets={"codex": Policy.RESTORE}), ("codex", "gemini"), Choice.RESTORE),
        (Policies(policy=Policy.RESTORE, projects={ROOT: ProjectPolicies(policy=Policy.ASK)}), ("codex",), None),
        (
            Policies(targets={"codex": Policy.ASK}, projects={ROOT: ProjectPolicies(policy=Policy.RESTORE)}),
            ("codex",),
            Choice.RESTORE,
        ),
        (
            Policies(projects={ROOT: ProjectPolicies(policy=Policy.ADOPT, targets={"codex": Policy.ASK})}),
            ("codex",),
            None,
        ),
        (Policies(projects={"/elsewhere": ProjectPolicies(policy=Policy.RESTORE)}), ("codex",), None),
    ],
)
def test_the_nearest_policy_holds_and_owners_must_agree(
    policies: Policies, owners: tuple[str, ...], choice: Choice | None
) -> None:
    """Targets that share an output and disagree leave it alone."""
    resolution = Resolution(project=ROOT, policies=policies)
    assert resolution.of(Address("x"), owners, Drift.OUTPUT_EDITED) is choice
    assert resolution.of(Address("x"), owners, Drift.FOREIGN) is None


@pytest.mark.parametrize(
    ("known", "choices"),
    [
        (NEW, (Choice.RESTORE, Choice.KEEP, Choice.ADOPT)),
        (OLD, (Choice.RESTORE, Choice.KEEP)),
        (None, (Choice.RESTORE, Choice.KEEP)),
    ],
)
def test_a_conflict_says_which_choices_there_are(known: str | None, choices: tuple[Choice, ...]) -> None:
    """An edit can be adopted only while the source says what it said; the hint says what to type."""
    ledger = None if known is None else wrote(FILE, known)
    result = planned(FILE, there={FILE.path: ObservedFile(EDITED)}, ledger=ledger)
    assert result.conflicts[0].choices == choices
    assert result.conflicts[0].hint.endswith("or harnesssync resolve a.toml")


@pytest.mark.parametrize("choice", list(Choice))
def test_a_plan_with_choices_carried_out_leaves_nothing_of_them(choice: Choice) -> None:
    """Restored or kept, the next plan is empty; adopting is nothing that a plan alone can do."""
    there = {FILE.path: ObservedFile(EDITED)}
    result = planned(FILE, there=there, ledger=wrote(FILE, NEW), choice=choice)
    if choice is Choice.ADOPT:
        assert len(result.conflicts) == 1
        return
    after = {FILE.path: ObservedFile(NEW)} if result.operations else there
    again = planned(FILE, there=after, ledger=wrote(FILE, NEW).changed(record=result.adopt))
    assert (again.is_empty, again.conflicts) == (True, ())
