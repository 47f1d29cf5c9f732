"""Plans: what is done, what is left alone, and that a plan carried out leaves nothing to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.growth import grows_with_length

from harnesssync_orchestrator.core.desired import (
    Address,
    Clash,
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
from harnesssync_orchestrator.core.drift import Choice, Resolution
from harnesssync_orchestrator.core.halts import HaltReason
from harnesssync_orchestrator.core.items import EnvironmentVariable, ItemId, Layer, Origin, Scope
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.limiting import limited_to
from harnesssync_orchestrator.core.links import link_text
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
from harnesssync_orchestrator.core.plan import (
    ConflictKind,
    EditDocument,
    MakeLink,
    Plan,
    Remove,
    WriteFile,
)
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Problem, Source
from harnesssync_orchestrator.core.targets import AddElement, RemoveElement, RemoveKey, SetKey
from harnesssync_orchestrator.core.trust import OWN, Standing, Trust

ROOT = "/w/project"
ITEM = (ItemId("skill", "pdf"),)
SOURCE = Source(
    scope=Scope.PROJECT,
    root=ROOT,
    items=(EnvironmentVariable(name="A", origin=Origin(layer=Layer.PROJECT, file=f"{ROOT}/x"), value="1"),),
)
LINK = LinkOutput(
    path=".agents/skills/pdf", items=ITEM, source=f"{ROOT}/.claude/skills/pdf", directory=True, digest="5" * 16
)
LINK_TEXT = "../../.claude/skills/pdf"
FILE = FileOutput(path="AGENTS.md", items=ITEM, content=b"new")
KEY = KeyOutput(path="c.json", items=ITEM, format="json", pointer=("mcp", "files"), value={"url": "u"})
ELEMENT = ElementOutput(path="c.json", items=ITEM, format="json", pointer=("hooks", "Stop"), value={"run": "x"})
ALL: tuple[Output, ...] = (LINK, FILE, KEY, ELEMENT)


def desired(*outputs: Output) -> Desired:
    return Desired(wanted={output.address: Wanted(output, ("codex",)) for output in outputs})


def entry(digest: str, method: Method = Method.WRITE, **changes: object) -> Entry:
    made = Entry(method=method, digest=digest, timestamp="t", owners=("codex",))
    return replace(made, **changes)  # type: ignore[arg-type]


def ledger(address: Address, recorded: Entry) -> Ledger:
    return Ledger(entries={address: recorded})


def seen(path: str, state: PathState, values: object = None) -> Observed:
    documents = {} if values is None else {path: Document(values)}  # type: ignore[arg-type]
    return Observed(paths={path: state}, documents=documents)


def planned(wanted: Desired, observed: Observed, known: Ledger | None = None, *, trust: Trust = OWN) -> Plan:
    return plan(wanted, observed, known or Ledger(), source=SOURCE, trust=trust)


def the_conflict(result: Plan) -> ConflictKind:
    assert not result.operations
    assert result.conflicts[0].hint
    return result.conflicts[0].kind


# --- links


def test_a_missing_link_is_made() -> None:
    """Relative, since its source lies in the project."""
    result = planned(desired(LINK), seen(LINK.path, Missing()))
    (operation,) = result.operations
    assert isinstance(operation, MakeLink)
    assert (operation.text, operation.expected) == (LINK_TEXT, None)


@pytest.mark.parametrize("state", [ObservedLink(LINK_TEXT, None), ObservedLink("/elsewhere", LINK.source)])
def test_a_link_that_is_right_is_adopted_as_a_persons(state: ObservedLink) -> None:
    """It is left as it is, and will never be removed by us."""
    result = planned(desired(LINK), seen(LINK.path, state))
    assert not result.operations
    assert not result.adopt[LINK.address].created


def test_a_link_that_an_unfinished_sync_made_is_ours() -> None:
    """A crash before recording heals itself."""
    known = Ledger(pending={LINK.address: link_hash(LINK_TEXT)})
    result = planned(desired(LINK), seen(LINK.path, ObservedLink(LINK_TEXT, LINK.source)), known)
    assert result.adopt[LINK.address].created


def test_a_recorded_link_that_is_right_is_unchanged() -> None:
    """Nothing to do, nothing to record."""
    known = ledger(LINK.address, entry(link_hash(LINK_TEXT), Method.SYMLINK))
    result = planned(desired(LINK), seen(LINK.path, ObservedLink(LINK_TEXT, LINK.source)), known)
    assert (result.is_empty, result.unchanged) == (True, 1)


def test_our_link_to_another_place_is_replaced() -> None:
    """The ledger says it is ours and the disk confirms it."""
    known = ledger(LINK.address, entry(link_hash("../old"), Method.SYMLINK))
    result = planned(desired(LINK), seen(LINK.path, ObservedLink("../old", "/w/old")), known)
    assert result.operations[0].expected == link_hash("../old")


@pytest.mark.parametrize(
    "state",
    [
        ObservedLink("/etc/passwd", "/etc/passwd"),
        ObservedFile("f" * 16),
        ObservedTree(""),
        ObservedTree("", marker=True),
    ],
)
def test_something_foreign_at_a_links_place_is_a_conflict(state: PathState) -> None:
    """A person's file, folder or link is never removed."""
    assert the_conflict(planned(desired(LINK), seen(LINK.path, state))) is ConflictKind.FOREIGN


def test_a_stale_copy_of_ours_is_refreshed() -> None:
    """Its source changed since it was copied."""
    known = ledger(LINK.address, entry("c" * 16, Method.COPY, source_digest="old"))
    result = planned(desired(LINK), seen(LINK.path, ObservedTree("c" * 16, marker=True)), known)
    assert result.operations[0].expected == "c" * 16


def test_a_copy_that_a_killed_sync_left_is_known_for_what_it_is_a_copy_of() -> None:
    """It says what its source says now, and nobody had come to record that."""
    known = ledger(LINK.address, entry(LINK.digest, Method.COPY))
    result = planned(desired(LINK), seen(LINK.path, ObservedTree(LINK.digest, marker=True)), known)
    assert not result.operations
    assert result.adopt[LINK.address].source_digest == LINK.digest


def test_a_current_copy_of_ours_is_unchanged() -> None:
    """Its source is what was copied."""
    known = ledger(LINK.address, entry("c" * 16, Method.COPY, source_digest=LINK.digest))
    assert planned(desired(LINK), seen(LINK.path, ObservedTree("c" * 16, marker=True)), known).is_empty


def test_a_copy_of_ours_that_was_edited_is_drift() -> None:
    """Somebody's work is in it."""
    known = ledger(LINK.address, entry("c" * 16, Method.COPY, source_digest="old"))
    result = planned(desired(LINK), seen(LINK.path, ObservedTree("e" * 16, marker=True)), known)
    assert the_conflict(result) is ConflictKind.DRIFT


def test_nothing_is_written_through_a_linked_folder() -> None:
    """The output would land outside of the project."""
    result = planned(desired(LINK), seen(LINK.path, Obstructed(".agents", "/elsewhere/pdf")))
    assert the_conflict(result) is ConflictKind.OBSTRUCTED


def test_a_folder_that_is_itself_linked_to_the_sources_needs_nothing() -> None:
    """`.agents/skills -> ../.claude/skills` is a person's own way of doing the same."""
    assert planned(desired(LINK), seen(LINK.path, Obstructed(".agents/skills", LINK.source))).is_empty


@pytest.mark.parametrize(
    ("path", "target", "text"),
    [
        ("AGENTS.md", f"{ROOT}/CLAUDE.md", "CLAUDE.md"),
        ("a/AGENTS.md", f"{ROOT}/a/CLAUDE.md", "CLAUDE.md"),
        (".agents/skills/x", f"{ROOT}/.claude/skills/x", "../../.claude/skills/x"),
        (".agents/skills/x", "/home/u/.claude/plugins/x", "/home/u/.claude/plugins/x"),
        ("AGENTS.md", f"{ROOT}-other/CLAUDE.md", f"{ROOT}-other/CLAUDE.md"),
    ],
)
def test_links_inside_a_project_are_relative_and_others_absolute(path: str, target: str, text: str) -> None:
    """The tree can move; the home directory stays where it is."""
    assert link_text(path, target, ROOT, Scope.PROJECT) == text
    assert link_text(path, target, ROOT, Scope.USER) == target


# --- files


def test_a_missing_file_is_written() -> None:
    """Nothing may be there when it is."""
    (operation,) = planned(desired(FILE), seen(FILE.path, Missing())).operations
    assert isinstance(operation, WriteFile)
    assert (operation.content, operation.expected) == (b"new", None)


def test_our_file_is_rewritten_when_its_items_change() -> None:
    """It is just as we left it."""
    known = ledger(FILE.address, entry(short_hash(b"old")))
    result = planned(desired(FILE), seen(FILE.path, ObservedFile(short_hash(b"old"))), known)
    assert result.operations[0].expected == short_hash(b"old")


def test_our_link_becomes_a_file_when_a_link_no_longer_says_it() -> None:
    """`AGENTS.md` is a link until `CLAUDE.md` imports something."""
    known = ledger(FILE.address, entry(link_hash("CLAUDE.md"), Method.SYMLINK))
    result = planned(desired(FILE), seen(FILE.path, ObservedLink("CLAUDE.md", "/w/project/CLAUDE.md")), known)
    assert isinstance(result.operations[0], WriteFile)


def test_an_edited_output_is_drift() -> None:
    """It is reported and left alone."""
    known = ledger(FILE.address, entry(short_hash(b"old")))
    result = planned(desired(FILE), seen(FILE.path, ObservedFile(short_hash(b"mine"))), known)
    assert the_conflict(result) is ConflictKind.DRIFT


def test_a_file_of_a_persons_that_was_adopted_is_never_rewritten() -> None:
    """It said the same once; that does not make it ours."""
    known = ledger(FILE.address, entry(short_hash(b"old"), created=False))
    result = planned(desired(FILE), seen(FILE.path, ObservedFile(short_hash(b"old"))), known)
    assert the_conflict(result) is ConflictKind.FOREIGN


@pytest.mark.parametrize("state", [Unusable("it is a named pipe"), ObservedTree(""), ObservedLink("x", None)])
def test_what_is_no_file_is_a_conflict(state: PathState) -> None:
    """Whatever it is, it is not ours."""
    assert planned(desired(FILE), seen(FILE.path, state)).conflicts


@pytest.mark.parametrize(
    ("closed", "remedies"),
    [
        (True, ("Give yourself the right to read it", "Give yourself the right to read and write it")),
        (False, ("Move it away", "Put a regular file there")),
    ],
)
def test_what_may_not_be_read_needs_another_remedy_than_what_is_no_file(
    closed: bool, remedies: tuple[str, str]
) -> None:
    """It may be just what should be there."""
    state = Unusable("it can't be read", closed=closed)
    conflicts = [planned(desired(each), seen(each.path, state)).conflicts[0] for each in (FILE, KEY)]
    assert all(each.hint.startswith(remedy) for each, remedy in zip(conflicts, remedies, strict=True))


# --- keys and elements of merged files


def test_a_missing_merged_file_is_made_with_its_containers() -> None:
    """All of them are recorded as made, so that they go with the last key."""
    (operation,) = planned(desired(KEY, ELEMENT), seen("c.json", Missing())).operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (SetKey(KEY.pointer, KEY.value), AddElement(ELEMENT.pointer, ELEMENT.value))
    assert operation.made == (
        Address("c.json", ("mcp",)),
        Address("c.json", ("hooks",)),
        Address("c.json", ("hooks", "Stop")),
    )
    assert set(operation.record) == {KEY.address, ELEMENT.address}


FIRST = replace(ELEMENT, first=True)
OTHER = {"run": "theirs"}


@pytest.mark.parametrize(
    ("there", "known", "edits"),
    [
        ([OTHER], False, [AddElement(FIRST.pointer, FIRST.value, first=True)]),
        ([OTHER, FIRST.value], False, [AddElement(FIRST.pointer, FIRST.value, first=True)]),
        (
            [OTHER, FIRST.value],
            True,
            [
                RemoveElement(FIRST.pointer, FIRST.address.element),
                AddElement(FIRST.pointer, FIRST.value, first=True),
            ],
        ),
        ([FIRST.value, OTHER], True, []),
    ],
)
def test_an_element_that_is_to_be_first_stands_before_foreign_ones(
    there: list[object], known: bool, edits: list[object]
) -> None:
    """Ours is moved; a person's own of the same text stays where it is."""
    before = ledger(FIRST.address, entry(FIRST.address.element, Method.MERGE, format="json")) if known else Ledger()
    values = {"hooks": {"Stop": there}}
    result = planned(desired(FIRST), seen("c.json", ObservedFile("h"), values), before)
    assert not result.conflicts
    assert edits == [edit for operation in result.operations for edit in getattr(operation, "edits", ())]


def test_elements_that_are_to_be_first_do_not_move_for_each_other() -> None:
    """Also if the ledger knows none of them, as after a sync that was killed."""
    second = replace(FIRST, value={"run": "y"})
    values = {"hooks": {"Stop": [second.value, FIRST.value, OTHER]}}
    assert planned(desired(FIRST, second), seen("c.json", ObservedFile("h"), values)).operations == ()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("wants", [True, False])
def test_many_elements_of_an_array_take_time_in_proportion(first: bool, wants: bool) -> None:
    """Hundreds of denials are one element each, also when all of them go."""

    def make(number: int) -> tuple[Desired, Observed, Ledger]:
        outputs = [replace(ELEMENT, value={"run": str(each)}, first=first) for each in range(number)]
        there = {"hooks": {"Stop": [one.value for one in outputs]}}
        made = {one.address: entry(one.address.element, Method.MERGE, format="json") for one in outputs}
        return desired(*outputs) if wants else desired(), seen("c.json", ObservedFile("h"), there), Ledger(entries=made)

    (operations,) = {len(planned(*make(number)).operations) for number in (3, 30)}
    assert operations == (0 if wants else 1)
    assert grows_with_length(lambda given: planned(*given), make, 1600)


def test_a_persons_entry_of_the_same_name_is_a_conflict() -> None:
    """It is not ours to take; the other keys go on."""
    values = {"mcp": {"files": {"url": "theirs"}}}
    result = planned(desired(KEY, ELEMENT), seen("c.json", ObservedFile("h"), values))
    assert [conflict.kind for conflict in result.conflicts] == [ConflictKind.FOREIGN]
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (AddElement(ELEMENT.pointer, ELEMENT.value),)


@pytest.mark.parametrize("values", [{"mcp": 1}, {"mcp": {"files": 1, "x": 2}, "hooks": {"Stop": "x"}}, {"hooks": []}])
def test_a_value_where_a_container_is_needed_is_a_conflict(values: object) -> None:
    """Nothing of a person's is replaced to make room."""
    result = planned(desired(KEY, ELEMENT), seen("c.json", ObservedFile("h"), values))
    assert result.conflicts


def test_our_key_changes_with_its_item() -> None:
    """Just as we left it, so ours to change."""
    known = ledger(KEY.address, entry(value_hash({"url": "old"}), Method.MERGE, format="json"))
    result = planned(desired(KEY), seen("c.json", ObservedFile("h"), {"mcp": {"files": {"url": "old"}}}), known)
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (SetKey(KEY.pointer, KEY.value),)


def test_an_edited_key_is_drift() -> None:
    """Somebody changed the value that we wrote."""
    known = ledger(KEY.address, entry(value_hash({"url": "old"}), Method.MERGE, format="json"))
    result = planned(desired(KEY), seen("c.json", ObservedFile("h"), {"mcp": {"files": {"url": "mine"}}}), known)
    assert the_conflict(result) is ConflictKind.DRIFT


def test_an_unparsable_file_is_one_conflict_with_its_place() -> None:
    """The file stays untouched and the other outputs are written."""
    observed = Observed(
        paths={"c.json": ObservedFile("h"), FILE.path: Missing()}, documents={"c.json": Unparsable("bad", 3, 7)}
    )
    result = planned(desired(KEY, ELEMENT, FILE), observed)
    assert [conflict.kind for conflict in result.conflicts] == [ConflictKind.UNPARSABLE]
    assert "line 3, column 7" in result.conflicts[0].message
    assert [operation.path for operation in result.operations] == [FILE.path]


def test_a_merged_file_that_is_a_link_is_left_alone() -> None:
    """A configuration kept elsewhere by links is not written through."""
    result = planned(desired(KEY), seen("c.json", ObservedLink("/dotfiles/c.json", "/dotfiles/c.json")))
    assert the_conflict(result) is ConflictKind.OBSTRUCTED


def test_keys_whose_items_are_gone_leave_with_the_containers_that_we_made() -> None:
    """A container that a person made stays, even empty."""
    value = value_hash(KEY.value)
    element = value_hash(ELEMENT.value)
    known = Ledger(
        entries={
            KEY.address: entry(value, Method.MERGE, format="json"),
            ELEMENT.address: entry(element, Method.MERGE, format="json"),
        },
        made=frozenset([Address("c.json", ("hooks",)), Address("c.json", ("hooks", "Stop")), Address("c.json")]),
    )
    values = {"mcp": {"files": KEY.value}, "hooks": {"Stop": [ELEMENT.value]}}
    (operation,) = planned(desired(), seen("c.json", ObservedFile("h"), values), known).operations
    assert isinstance(operation, EditDocument)
    assert set(operation.edits) == {
        RemoveKey(KEY.pointer),
        RemoveElement(ELEMENT.pointer, element),
        RemoveKey(("hooks", "Stop")),
        RemoveKey(("hooks",)),
    }
    assert operation.unmade == (Address("c.json", ("hooks", "Stop")), Address("c.json", ("hooks",)))
    assert operation.remove_when_empty


def test_a_key_that_was_adopted_is_forgotten_and_stays() -> None:
    """It was a person's before it was ours."""
    known = ledger(KEY.address, entry(value_hash(KEY.value), Method.MERGE, format="json", created=False))
    result = planned(desired(), seen("c.json", ObservedFile("h"), {"mcp": {"files": KEY.value}}), known)
    assert (result.operations, result.forget) == ((), (KEY.address,))


# --- removal


@pytest.mark.parametrize(
    ("recorded", "state"),
    [
        (entry(link_hash("a"), Method.SYMLINK), ObservedLink("a", None)),
        (entry("f" * 16, Method.WRITE), ObservedFile("f" * 16)),
        (entry("c" * 16, Method.COPY), ObservedTree("c" * 16, marker=True)),
    ],
)
def test_an_output_whose_item_is_gone_is_removed(recorded: Entry, state: PathState) -> None:
    """If it is still exactly what we wrote."""
    (operation,) = planned(desired(), seen("x", state), ledger(Address("x"), recorded)).operations
    assert isinstance(operation, Remove)
    assert (operation.path, operation.expected) == ("x", recorded.digest)


@pytest.mark.parametrize(
    ("recorded", "state"),
    [
        (entry(link_hash("a"), Method.SYMLINK), ObservedLink("b", None)),
        (entry("f" * 16, Method.WRITE), ObservedFile("e" * 16)),
        (entry("f" * 16, Method.WRITE), ObservedTree("f" * 16)),
        (entry("c" * 16, Method.COPY), ObservedTree("c" * 16, marker=False)),
    ],
)
def test_an_edited_output_whose_item_is_gone_stays(recorded: Entry, state: PathState) -> None:
    """And says so, until a person decides."""
    assert the_conflict(planned(desired(), seen("x", state), ledger(Address("x"), recorded))) is ConflictKind.DRIFT


def test_what_belongs_to_a_target_that_cannot_be_loaded_stays() -> None:
    """Its package may only be broken for the moment. What others own besides goes with its item."""
    recorded = entry("f" * 16)
    wished, state = desired(), seen("x", ObservedFile("f" * 16))
    for owners, removed in ((("heron",), 0), (("codex",), 1), (("codex", "heron"), 1)):
        known = ledger(Address("x"), replace(recorded, owners=owners))
        result = plan(wished, state, known, source=SOURCE, trust=OWN, targets=["codex"], known=["codex", "gemini"])
        assert (len(result.operations), result.forget) == (removed, ())
        everyone = plan(wished, state, known, source=SOURCE, trust=OWN, targets=["codex"])
        assert len(everyone.operations) == 1


def test_an_output_whose_folder_became_a_link_is_not_removed_through_it() -> None:
    """A person moved the folder and linked it: what it holds is out of our reach, and they are told."""
    known = ledger(Address("d/x"), entry("f" * 16))
    result = planned(desired(), seen("d/x", Obstructed("d", "/elsewhere/x")), known)
    assert the_conflict(result) is ConflictKind.OBSTRUCTED


@pytest.mark.parametrize("address", [Address("d/x"), Address("d/x", ("mcp", "files"))])
def test_an_output_whose_folder_became_a_file_is_forgotten(address: Address) -> None:
    """It can't be there any more, and a conflict about it could never be settled."""
    known = ledger(address, entry("f" * 16, format="json"))
    result = planned(desired(), seen("d/x", Obstructed("d", None)), known)
    assert (result.operations, result.conflicts, result.forget) == ((), (), (address,))


# --- what stays ours


@pytest.mark.parametrize(
    ("output", "state", "values"),
    [
        (FILE, ObservedFile(short_hash(FILE.content)), None),
        (LINK, ObservedLink(LINK_TEXT, LINK.source), None),
        (KEY, ObservedFile("h"), {"mcp": {"files": KEY.value}}),
    ],
)
def test_an_output_of_ours_that_git_brought_to_what_we_would_write_stays_ours(
    output: Output, state: PathState, values: object
) -> None:
    """On another branch it was committed in step with other sources: the next edit there must reach it."""
    known = ledger(output.address, entry("0" * 16))
    result = planned(desired(output), seen(output.path, state, values), known)
    assert not result.operations
    assert result.adopt[output.address].created


def test_a_link_of_ours_that_a_person_made_say_the_same_in_other_words_is_theirs() -> None:
    """It leads to the right place and stays, whatever happens to its item."""
    known = ledger(LINK.address, entry(link_hash(LINK_TEXT), Method.SYMLINK))
    result = planned(desired(LINK), seen(LINK.path, ObservedLink(LINK.source, LINK.source)), known)
    assert not result.adopt[LINK.address].created


@pytest.mark.parametrize(
    ("output", "recorded", "state"),
    [
        (FILE, entry(short_hash(FILE.content)), ObservedFile(short_hash(FILE.content))),
        (LINK, entry(link_hash(LINK_TEXT), Method.SYMLINK), ObservedLink(LINK_TEXT, LINK.source)),
        (LINK, entry("c" * 16, Method.COPY, source_digest=LINK.digest), ObservedTree("c" * 16, marker=True)),
    ],
)
def test_a_shared_output_loses_one_of_its_owners_and_stays_ours(
    output: Output, recorded: Entry, state: PathState
) -> None:
    """One of two targets was taken away; the other still reads it."""
    known = ledger(output.address, replace(recorded, owners=("codex", "gemini")))
    result = planned(desired(output), seen(output.path, state), known)
    assert not result.operations
    now = result.adopt[output.address]
    assert (now.owners, now.digest, now.method, now.created) == (("codex",), recorded.digest, recorded.method, True)
    assert now.source_digest == recorded.source_digest


def test_an_edited_output_of_a_target_that_was_taken_away_says_so() -> None:
    """Its item is still there: only the target is not."""
    known = ledger(FILE.address, entry("f" * 16, owners=("gemini",)))
    (conflict,) = planned(desired(), seen(FILE.path, ObservedFile("e" * 16)), known).conflicts
    assert conflict.owners == ("gemini",)
    assert "not wanted any more" in conflict.message


def test_containers_that_an_unfinished_sync_made_are_ours() -> None:
    """The file goes with its last key, and stays out of git status, as if the sync had ended."""
    wanted = desired(KEY)
    pending = planned(wanted, seen("c.json", Missing())).intent
    after_crash = seen("c.json", ObservedFile("h"), {"mcp": {"files": KEY.value}})
    result = planned(wanted, after_crash, Ledger(pending=pending))
    assert set(result.made) == {Address("c.json"), Address("c.json", ("mcp",))}
    assert result.exclude == ("c.json",)


def test_containers_that_an_unfinished_sync_never_came_to_make_are_not() -> None:
    """A person made the file since."""
    pending = planned(desired(KEY), seen("c.json", Missing())).intent
    result = planned(desired(KEY), seen("c.json", ObservedFile("h"), {"mcp": {}}), Ledger(pending=pending))
    assert result.made == ()


def test_what_is_held_back_goes_also_while_a_part_of_the_source_cannot_be_read() -> None:
    """Its item was read, and may not be obeyed any more."""
    output = replace(KEY, executes=True)
    known = ledger(KEY.address, entry(value_hash(KEY.value), Method.MERGE, format="json"))
    problem = Problem(code="json_invalid", message="m", file="/f", hint="h")
    result = plan(
        desired(output),
        seen("c.json", ObservedFile("h"), {"mcp": {"files": KEY.value}}),
        known,
        source=replace(SOURCE, problems=(problem,)),
        trust=Trust(),
    )
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (RemoveKey(KEY.pointer),)


def test_nothing_is_removed_while_a_part_of_the_source_cannot_be_read() -> None:
    """The item of an output may only be unreadable for the moment."""
    problem = Problem(code="json_invalid", message="m", file="/f", hint="h")
    known = ledger(Address("x"), entry("f" * 16))
    result = plan(
        desired(),
        seen("x", ObservedFile("f" * 16)),
        known,
        source=replace(SOURCE, problems=(problem,)),
        trust=OWN,
    )
    assert result.is_empty


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"present": False}, HaltReason.SOURCE_MISSING), ({"items": ()}, HaltReason.SOURCE_EMPTIED)],
)
def test_a_source_that_vanishes_halts_the_project(change: dict[str, object], reason: HaltReason) -> None:
    """Outputs stay until it returns, or until a person confirms."""
    known = ledger(Address("x"), entry("f" * 16))
    source = replace(SOURCE, **change)  # type: ignore[arg-type]
    observed = seen("x", ObservedFile("f" * 16))
    assert plan(desired(), observed, known, source=source, trust=OWN).halt is reason
    assert plan(desired(), observed, known, source=source, trust=OWN, confirmed=True).operations


def test_a_source_without_items_that_never_had_outputs_is_no_reason_to_halt() -> None:
    """A fresh repository is simply in step."""
    assert plan(desired(), Observed(), Ledger(), source=replace(SOURCE, items=()), trust=OWN).halt is None


# --- trust and privacy


FORGOTTEN = Trust(standing=Standing.FORGOTTEN, forgotten=True)
APPROVABLE = {"items": (SOURCE.items[0].id,), "executes": True}


def test_what_was_written_while_it_was_approved_stays_while_that_is_in_doubt() -> None:
    """Just what would be written again: a value that the source no longer says goes, and nothing new comes."""
    stays, changes, new = (replace(KEY, pointer=("mcp", name), **APPROVABLE) for name in "abc")  # type: ignore[arg-type]
    element, file = replace(ELEMENT, **APPROVABLE), replace(FILE, **APPROVABLE)  # type: ignore[arg-type]
    known = Ledger(
        entries={
            stays.address: entry(value_hash(KEY.value), Method.MERGE, format="json"),
            changes.address: entry(value_hash("before"), Method.MERGE, format="json"),
            element.address: entry(value_hash(ELEMENT.value), Method.MERGE, format="json"),
            file.address: entry(short_hash(FILE.content)),
        }
    )
    values = {"mcp": {"a": KEY.value, "b": "before"}, "hooks": {"Stop": [ELEMENT.value]}}
    observed = seen("c.json", ObservedFile("h"), values)
    observed = replace(observed, paths={**observed.paths, FILE.path: ObservedFile(short_hash(FILE.content))})
    wanted = desired(stays, changes, new, element, file)
    result = planned(wanted, observed, known, trust=FORGOTTEN)
    assert [each.stays for each in result.held] == [True, False, False, True, True]
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits == (RemoveKey(changes.pointer),)
    refused = planned(wanted, observed, known, trust=Trust())
    assert (len(refused.operations), any(each.stays for each in refused.held)) == (2, False)


def test_what_nobody_wants_any_more_goes_also_while_approvals_are_in_doubt() -> None:
    """It is the source that says so, whatever a person approved."""
    known = ledger(KEY.address, entry(value_hash(KEY.value), Method.MERGE, format="json"))
    observed = seen("c.json", ObservedFile("h"), {"mcp": {"files": KEY.value}})
    (operation,) = planned(Desired(), observed, known, trust=FORGOTTEN).operations
    assert operation.path == "c.json"


def test_what_would_be_executed_waits_for_trust() -> None:
    """A clone is not trusted because it was cloned; text goes on."""
    result = planned(
        desired(replace(KEY, executes=True), FILE),
        Observed(paths={"c.json": Missing(), FILE.path: Missing()}),
        trust=Trust(),
    )
    assert [operation.path for operation in result.operations] == [FILE.path]
    assert [str(held.address) for held in result.held] == ["c.json#/mcp/files"]


def test_a_private_output_never_enters_a_file_that_git_tracks() -> None:
    """A team would get it; the loss says so."""
    observed = Observed(paths={"c.json": Missing()}, tracked=frozenset(["c.json"]))
    result = planned(desired(replace(KEY, private=True)), observed)
    assert not result.operations
    assert "tracked" in result.losses[0].why


def test_what_we_make_is_kept_out_of_git_status() -> None:
    """Unless git tracks it, or it is a person's."""
    observed = Observed(
        paths={LINK.path: Missing(), FILE.path: Missing(), "c.json": ObservedFile("h")},
        documents={"c.json": Document({})},
        tracked=frozenset([FILE.path]),
    )
    assert planned(desired(LINK, FILE, KEY), observed).exclude == (LINK.path,)


def test_an_output_that_can_not_be_looked_at_stays_out_of_git_status() -> None:
    """It may be just as we left it; one that a person edited is shown."""
    known = ledger(FILE.address, entry("f" * 16))
    unknown, edited = Unusable("can't be read"), ObservedFile("e" * 16)
    assert planned(desired(FILE), seen(FILE.path, unknown), known).exclude == (FILE.path,)
    assert planned(desired(FILE), seen(FILE.path, edited), known).exclude == ()


def test_a_merged_file_with_something_of_a_persons_is_neither_private_nor_hidden() -> None:
    """Git replaces what it ignores without a word, so only what is wholly ours may be hidden from it."""
    private = replace(KEY, private=True)
    recorded = ledger(KEY.address, entry(value_hash(KEY.value), Method.MERGE, format="json"))
    ours = replace(recorded, made=frozenset([Address("c.json"), Address("c.json", ("mcp",))]))
    alone, shared = {"mcp": {"files": KEY.value}}, {"mcp": {"files": KEY.value}, "theme": "mine"}
    assert planned(desired(private), seen("c.json", ObservedFile("h"), alone), ours).exclude == ("c.json",)
    result = planned(desired(private), seen("c.json", ObservedFile("h"), shared), ours)
    assert result.exclude == ()
    assert "things of yours" in result.losses[0].why
    (operation,) = result.operations
    assert isinstance(operation, EditDocument)
    assert operation.edits[0] == RemoveKey(KEY.pointer)
    theirs = planned(desired(private), seen("c.json", ObservedFile("h"), {}))
    assert (theirs.operations, theirs.exclude) == ((), ())


def test_an_edited_output_is_shown_by_git_while_its_source_cannot_be_read() -> None:
    """Nothing is said about it then, but git would destroy the edit without a word if it were hidden."""
    source = replace(SOURCE, problems=(Problem(code="json_invalid", message="no", file="/w/x", hint="Mend it"),))
    known = ledger(FILE.address, entry(short_hash(FILE.content)))
    for there, hidden in ((short_hash(FILE.content), (FILE.path,)), ("e" * 16, ())):
        observed = seen(FILE.path, ObservedFile(there))
        assert plan(Desired(), observed, known, source=source, trust=OWN).exclude == hidden


@pytest.mark.parametrize("state", [ObservedFile("h"), Missing()])
def test_a_merged_file_without_a_key_of_ours_is_not_hidden_from_git(state: PathState) -> None:
    """What is left in it is a person's, were it a comment; and when it is gone, what comes next is theirs as well."""
    recorded = ledger(KEY.address, entry(value_hash(KEY.value), Method.MERGE, format="json"))
    ours = replace(recorded, made=frozenset([Address("c.json"), Address("c.json", ("mcp",))]))
    values = {"mcp": {"files": KEY.value}} if isinstance(state, ObservedFile) else None
    assert planned(Desired(), seen("c.json", state, values), ours).exclude == ()


def test_what_takes_the_place_of_something_of_a_persons_is_hidden_from_git_at_once() -> None:
    """A person let it be replaced; but not in a run for another target, which leaves it alone."""
    result = plan(
        desired(FILE),
        seen(FILE.path, ObservedFile("e" * 16)),
        Ledger(),
        source=SOURCE,
        trust=OWN,
        resolution=Resolution(choices={FILE.address: Choice.RESTORE}),
    )
    assert result.exclude == (FILE.path,)
    assert limited_to(result, ["gemini"], {}).exclude == ()


def test_a_clash_is_reported_and_what_is_there_stays() -> None:
    """Also what one of the two wrote before the other came."""
    clash = Clash(address=Address("x"), owners=("codex", "gemini"), reason="different content is wanted here")
    known = ledger(Address("x"), entry("f" * 16))
    result = planned(Desired(clashes=(clash,)), seen("x", ObservedFile("f" * 16)), known)
    assert the_conflict(result) is ConflictKind.CLASH


def test_one_run_can_be_limited_to_some_targets() -> None:
    """The rest stays as it is, and its conflicts are not this run's."""
    wanted = Desired(
        wanted={
            LINK.address: Wanted(LINK, ("codex", "gemini")),
            FILE.address: Wanted(FILE, ("opencode",)),
        }
    )
    result = planned(wanted, Observed(paths={LINK.path: Missing(), FILE.path: Missing()}))
    assert [operation.path for operation in limited_to(result, ["gemini"], {}).operations] == [LINK.path]
    assert [operation.path for operation in result.for_target("codex")] == [LINK.path]


def test_a_run_for_some_targets_hides_from_git_what_it_makes_and_nothing_else() -> None:
    """What another target will get may until then be a person's."""
    wanted = Desired(
        wanted={
            LINK.address: Wanted(LINK, ("gemini",)),
            FILE.address: Wanted(FILE, ("opencode",)),
        }
    )
    result = planned(wanted, Observed(paths={LINK.path: Missing(), FILE.path: Missing()}))
    assert limited_to(result, ["gemini"], {}).exclude == (LINK.path,)
