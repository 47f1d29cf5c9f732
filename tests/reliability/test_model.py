"""A slice of the sweep `model`, faults that it must find, and what it found in the product, step by step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from tests.reliability.model_machine import Machine
from tests.reliability.model_sweep import find, play
from tests.reliability.planted import PLANTED

KILLS = range(0, 85, 4)
"""After how many calls a sync or an unlink of a small project is killed: it makes about eighty."""


@pytest.mark.slow
def test_a_person_git_targets_and_kills_in_any_order_lose_nothing() -> None:
    """What is on disk, in the report and hidden from git is what the model says, after each of some thousand steps."""
    outcome = play(20, 30, 40, shrink=False)
    assert outcome.wrong == ""
    assert outcome.kills > 20


QUICKLY_FOUND = ("removal ignores the digest", "intent not recorded", "deny dropped", "trust is not asked")
"""The sweep looks for all of them."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_can_be_planted(name: str) -> None:
    """Where it was is not always where it is."""
    with PLANTED[name]():
        pass


@pytest.mark.parametrize("name", QUICKLY_FOUND)
def test_a_planted_fault_is_found(name: str) -> None:
    """A machine that finds nothing in a broken product proves nothing about a sound one."""
    assert name in PLANTED
    assert find(name).wrong


# --- what it found


@contextmanager
def a_person_with(*kinds: str) -> Generator[Machine, None, None]:
    """A project with one item of each of some kinds."""
    machine = Machine()
    try:
        machine.begin(kinds=set(kinds))
        yield machine
    finally:
        machine.teardown()


@pytest.mark.parametrize("calls", KILLS)
def test_an_unlink_that_was_killed_can_be_gone_on_with(calls: int) -> None:
    """Also when nothing was left but folders of ours, and lines that hide from git what a person writes later."""
    with a_person_with("denied", "hooks", "rules", "skills") as machine:
        machine.sync(confirmed=False)
        machine.unlink_and_die(calls=calls)
        machine.unlink_everything()


@pytest.mark.parametrize("calls", range(0, 30, 2))
def test_what_a_person_wrote_alike_stays_theirs_after_a_kill(calls: int) -> None:
    """Also where lines already hide what was about to be made, and no ledger knew of it yet: git destroys what it
    ignores."""
    with a_person_with("agents", "denied", "commands") as machine:
        machine.write_by_hand_what_we_would_write(which=0)
        machine.sync(confirmed=False)
        machine.unlink_everything()
        machine.undo_and_die(calls=calls)
        machine.sync(confirmed=False)


@pytest.mark.parametrize("calls", range(12, 40, 2))
def test_what_a_person_wrote_alike_stays_theirs_after_kills_of_the_first_sync(calls: int) -> None:
    """Lines that hide it are no sign of a ledger that was lost: there never was one."""
    with a_person_with("agents", "denied", "commands") as machine:
        machine.write_by_hand_what_we_would_write(which=0)
        machine.sync_and_die(calls=calls, confirmed=False)
        machine.sync_and_die(calls=23, confirmed=False)
        machine.sync(confirmed=False)


@pytest.mark.parametrize("calls", range(8, 40, 2))
def test_private_text_that_a_person_wrote_alike_stays_theirs_after_a_kill_of_the_first_sync(calls: int) -> None:
    """Nothing is written then, but git is told to hide it."""
    with a_person_with() as machine:
        machine.turn_a_target_on_or_off(harness="gemini")
        machine.turn_a_target_on_or_off(harness="opencode")
        machine.change(lambda source: source.rules.update({"CLAUDE.local.md": machine.word("from")}))
        machine.write_by_hand_what_we_would_write(which=0)
        machine.sync_and_die(calls=calls, confirmed=False)
        machine.sync(confirmed=False)
        machine.unlink_everything()


@pytest.mark.parametrize("calls", KILLS)
def test_a_file_that_came_between_two_kills_is_taken_for_ours_that_was_edited(calls: int) -> None:
    """Nothing tells any more that the undo that was killed first had taken ours away."""
    with a_person_with("agents", "commands", "env") as machine:
        machine.sync_twice()
        machine.undo_and_die(calls=calls)
        machine.put_a_document_of_their_own(path=".codex/config.toml", form=5)
        machine.sync_and_die(calls=calls, confirmed=False)
        machine.resolve_a_conflict(which=0, choice="restore")


@pytest.mark.parametrize("calls", KILLS)
def test_keys_of_a_sync_that_was_killed_are_ours_though_the_file_was_edited_since(calls: int) -> None:
    """They go when nobody wants them any more, and the edit stays."""
    with a_person_with("servers", "rules", "hooks") as machine:
        machine.sync_and_die(calls=calls, confirmed=False)
        for which in range(len(machine.model.documents)):
            machine.put_a_comment_before_a_document(which=which)
        machine.turn_a_target_on_or_off(harness="gemini")
        machine.delete_an_item(kind="servers", which=0)
        machine.sync_twice()
        machine.unlink_everything()


def test_an_unlinked_folder_link_that_a_person_made_again_is_no_conflict_for_undo() -> None:
    """It is as it was before."""
    with a_person_with("skills") as machine:
        machine.sync(confirmed=False)
        machine.unlink_everything()
        machine.write_by_hand_what_we_would_write(which=0)
        machine.undo()


def test_an_output_that_was_restored_and_edited_again_is_a_conflict_for_undo() -> None:
    """The ledger says the same before and after the restore: it does not tell that there was none."""
    with a_person_with("agents") as machine:
        machine.sync(confirmed=False)
        machine.edit_an_output(which=0)
        machine.resolve_a_conflict(which=0, choice="restore")
        machine.edit_an_output(which=0)
        machine.undo()
        assert not machine.history[-1].undone


def test_an_edit_is_not_hidden_from_git_while_its_source_cannot_be_read() -> None:
    """Git would replace it without a word when it switches to a branch that has such a file."""
    with a_person_with("servers", "agents") as machine:
        machine.sync(confirmed=False)
        machine.edit_an_output(which=0)
        machine.delete_an_item(kind="agents", which=0)
        machine.break_or_mend_a_source(settings=False)
        machine.sync(confirmed=False)


def test_a_key_that_is_ours_again_hides_its_file_from_git_at_once() -> None:
    """The file is ours alone from then on."""
    with a_person_with("servers") as machine:
        machine.sync(confirmed=False)
        machine.edit_a_key_of_ours(which=0, entry=0)
        machine.put_a_document_of_their_own(path=".opencode/opencode.json", form=3)
        machine.sync(confirmed=False)
        machine.resolve_a_conflict(which=0, choice="restore")


def test_a_file_of_ours_in_which_only_a_comment_is_left_is_shown_by_git() -> None:
    """It is a person's by then."""
    with a_person_with("hooks", "servers") as machine:
        machine.sync(confirmed=False)
        for which in range(len(machine.model.documents)):
            machine.put_a_comment_before_a_document(which=which)
        machine.delete_an_item(kind="hooks", which=0)
        machine.sync_twice()


def test_a_value_that_was_replaced_comes_back_though_everything_around_it_was_ours() -> None:
    """The tables that we made for our keys stay then, and so does the file."""
    with a_person_with("env") as machine:
        machine.sync(confirmed=False)
        machine.edit_a_key_of_ours(which=0, entry=0)
        machine.resolve_a_conflict(which=0, choice="keep")
        machine.resolve_a_conflict(which=0, choice="restore")
        machine.unlink_everything()
        assert machine.model.documents


def test_a_comment_in_a_table_that_we_made_stays_when_the_table_goes() -> None:
    """Also when a person put it there with a whole file of theirs, in which we may replace just our key."""
    with a_person_with("agents", "denied", "rules", "servers") as machine:
        machine.sync(confirmed=False)
        machine.edit_an_output(which=0)
        machine.resolve_a_conflict(which=0, choice="keep")
        machine.delete_a_document(which=sorted(machine.model.documents).index(".opencode/opencode.json"))
        machine.put_a_document_of_their_own(path=".opencode/opencode.json", form=2)
        machine.resolve_a_conflict(which=1, choice="restore")
        machine.delete_much(kinds={"agents", "denied", "servers"})
        machine.sync(confirmed=True)
        assert ".opencode/opencode.json" in machine.model.documents


def test_what_a_confirmed_sync_found_is_not_what_the_next_one_says() -> None:
    """While a source can't be read, only a confirmed sync takes away what came from it, and finds edits in the way."""
    with a_person_with("agents", "servers") as machine:
        machine.sync(confirmed=False)
        machine.edit_an_output(which=0)
        machine.delete_an_item(kind="agents", which=0)
        machine.break_or_mend_a_source(settings=False)
        for confirmed in (True, True, False):
            machine.wait_a_moment()
            machine.sync(confirmed=confirmed)


def test_a_confirmed_removal_with_an_edit_in_its_way_is_asked_about_again() -> None:
    """A sync that is not confirmed halts for want of a source, whatever the last one found."""
    with a_person_with("rules") as machine:
        machine.sync(confirmed=False)
        machine.edit_an_output(which=0)
        machine.delete_an_item(kind="rules", which=0)
        for confirmed in (True, True, False):
            machine.wait_a_moment()
            machine.sync(confirmed=confirmed)


@pytest.mark.parametrize("calls", KILLS)
def test_keys_that_a_killed_run_took_away_are_not_missed_though_the_file_was_edited_since(calls: int) -> None:
    """Nobody is told that they can't be removed."""
    with a_person_with("env", "hooks", "programs") as machine:
        machine.sync(confirmed=False)
        machine.break_or_mend_a_source(settings=True)
        machine.unlink_and_die(calls=calls)
        machine.put_a_document_of_their_own(path=".codex/config.toml", form=0)
        machine.look_without_writing()


@pytest.mark.parametrize("calls", range(0, 60, 4))
def test_keys_that_a_killed_run_was_to_take_away_are_gone_with_the_file_that_a_person_removed(calls: int) -> None:
    """Nobody is asked whether they may be removed from a file that is not there."""
    with a_person_with("hooks", "programs", "skills") as machine:
        machine.put_a_document_of_their_own(path=".opencode/opencode.json", form=0)
        machine.break_or_mend_a_source(settings=True)
        machine.sync(confirmed=False)
        machine.rename_an_item(kind="programs", which=2)
        machine.unlink_and_die(calls=calls)
        machine.delete_a_document(which=2)
        machine.sync(confirmed=False)


@pytest.mark.parametrize("calls", range(20))
def test_what_a_run_that_was_killed_before_it_began_had_announced_counts_for_nothing(calls: int) -> None:
    """An output that it was about to remove, and that a person removed since, is one that can't be asked about."""
    with a_person_with("programs", "agents", "env", "hooks") as machine:
        machine.turn_a_target_on_or_off(harness="codex")
        machine.break_or_mend_a_source(settings=False)
        machine.sync(confirmed=False)
        machine.turn_a_target_on_or_off(harness="opencode")
        machine.sync_and_die(calls=calls, confirmed=True)
        machine.delete_an_output(which=1)
        machine.look_without_writing()
