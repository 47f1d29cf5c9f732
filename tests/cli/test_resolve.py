"""`resolve`: choices for people at a terminal, flags for scripts."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator.core.plan import MakeLink
from harnesssync_orchestrator.oneshot.resolving import as_text

Run = Callable[..., Any]

AGENT = ".codex/agents/reviewer.toml"


@pytest.fixture
def drifted(run: Run, worktree: Path) -> Path:
    """A worktree in step with Codex, in which two outputs were then edited."""
    assert run("ctl", "add", str(worktree), "--target", "codex").code == 0
    assert run("sync", cwd=worktree).code == 0
    edit(worktree / "AGENTS.md", "kind", "cruel")
    edit(worktree / AGENT, "Review.", "Look.")
    return worktree


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.unlink()
    path.write_text(text.replace(old, new))


def at_terminal(root: Path, keys: str, *arguments: str) -> tuple[str, int]:
    """Run `resolve` at a terminal and type; what is shown, without colours, and the exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "harnesssync_orchestrator.entry", "resolve", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{key}\n" for key in keys).encode())
        shown = b""
        while True:
            try:
                shown += (read := os.read(ours, 4096))
            except OSError:  # the other end is closed
                break
            if not read:
                break
        os.close(ours)
        code = process.wait(30)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()), code


def test_status_says_what_to_type(run: Run, drifted: Path) -> None:
    """Such that it can be copied."""
    shown = run("status", cwd=drifted)
    assert (shown.code, f"or harnesssync resolve {AGENT}" in shown.out) == (1, True)


def test_a_remedy_can_be_typed_where_the_person_is(run: Run, drifted: Path, home: Path) -> None:
    """Outside the project it names that."""
    told = run("check", "--project", str(drifted), cwd=home).out
    command = f"harnesssync resolve --project {drifted} {AGENT}"
    assert f"or {command}\n" in told
    assert run(*command.split()[1:], "--restore", cwd=home).code == 1
    assert AGENT not in run("check", "--project", str(drifted), cwd=home).out


def test_what_is_said_of_a_harness_that_is_not_in_use_can_be_typed(run: Run, worktree: Path) -> None:
    """`sync --target` speaks of one that a plain `resolve` does not know of; so must what it says."""
    (worktree / "AGENTS.md").write_text("mine\n")
    said = run("sync", "--target", "codex", cwd=worktree)
    command = "harnesssync resolve --target codex AGENTS.md"
    assert (said.code, f"or {command}" in said.out) == (1, True), said.out
    ran = run(*command.split()[1:], "--keep", cwd=worktree)
    assert ("kept as yours: AGENTS.md" in ran.out, "conflict" in ran.out) == (True, False)
    assert run("resolve", "--target", "codx", "--all", "--keep", cwd=worktree).code == 2
    assert (worktree / "AGENTS.md").read_text() == "mine\n"


def test_without_a_terminal_the_flags_are_named(run: Run, drifted: Path) -> None:
    """Nobody can be asked there, nor where JSON is wanted."""
    for arguments in ((), ("--all",), ("AGENTS.md",), ("--json",)):
        ran = run("resolve", *arguments, cwd=drifted)
        assert (ran.code, "--restore, --keep or --adopt" in ran.err) == (2, True)
    assert "cruel" in (drifted / "AGENTS.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--keep",), "resolve needs an ADDRESS, or --all"),
        (("--keep", "--restore", "--all"), "--restore and --keep contradict each other"),
        (("--keep", "--all", "AGENTS.md"), "leave the addresses out"),
        (
            ("--keep", "AGENT.md"),
            "nothing is in conflict at 'AGENT.md', and nothing is kept there. Did you mean AGENTS.md?",
        ),
        (("--keep", "README.md"), "`harnesssync status` shows what is in conflict"),
    ],
)
def test_mistakes_are_usage_errors(run: Run, drifted: Path, arguments: tuple[str, ...], message: str) -> None:
    """Each says what would be right, and nothing is done."""
    ran = run("resolve", *arguments, cwd=drifted)
    assert (ran.code, message in ran.err) == (2, True)
    assert run("status", "--json", cwd=drifted).code == 1


def test_each_flag_does_what_it_says(run: Run, drifted: Path) -> None:
    """One left alone leaves the exit code 1; with none left it is 0."""
    kept = run("resolve", AGENT, "--keep", "--json", cwd=drifted)
    answer = json.loads(kept.out)
    assert (kept.code, answer["resolved"]) == (1, [{"address": AGENT, "choice": "keep"}])
    [report] = answer["projects"]
    assert [each["address"] for each in report["conflicts"]] == ["AGENTS.md"]
    assert [each["address"] for each in report["kept"]] == [AGENT]
    adopted = run("resolve", "./AGENTS.md", "--adopt", cwd=drifted)
    assert (adopted.code, "adopted into the source: AGENTS.md" in adopted.out) == (0, True)
    assert "cruel" in (drifted / "CLAUDE.md").read_text()
    again = run("resolve", str(drifted / AGENT), "--keep", cwd=drifted)
    assert (again.code, "kept as yours" in again.out) == (0, True)
    restored = run("resolve", AGENT, "--restore", cwd=drifted)
    assert (restored.code, f"restored: {AGENT}" in restored.out) == (0, True)
    assert "Review." in (drifted / AGENT).read_text()


def test_all_restores_every_conflict_and_undo_brings_the_edits_back(run: Run, drifted: Path) -> None:
    """What a person let be replaced is not lost."""
    edited = (drifted / AGENT).read_bytes()
    assert run("resolve", "--restore", "--all", cwd=drifted).code == 0
    assert "Review." in (drifted / AGENT).read_text()
    assert run("check", cwd=drifted).code == 0
    assert run("undo", cwd=drifted).code == 0
    assert (drifted / AGENT).read_bytes() == edited
    assert "cruel" in (drifted / "AGENTS.md").read_text()


@pytest.mark.parametrize("number", [(), ("2",)])
def test_a_source_that_was_edited_after_an_adopted_edit_is_left_alone_by_undo(
    run: Run, drifted: Path, number: tuple[str, ...]
) -> None:
    """And that is said."""
    assert run("resolve", "AGENTS.md", "--adopt", cwd=drifted).code == 1
    edit(drifted / "CLAUDE.md", "cruel", "just")
    ran = run("undo", *number, "--json", cwd=drifted)
    [row] = json.loads(ran.out)["projects"]
    assert (ran.code, [each["address"] for each in row["conflicts"]]) == (1, ["CLAUDE.md"])
    assert "just" in (drifted / "CLAUDE.md").read_text()
    history = json.loads(run("undo", "--list", "--json", cwd=drifted).out)["projects"][0]["history"]
    assert [each["undone"] for each in history if each["number"] == 2] == [False]


def test_what_cannot_be_chosen_is_said_with_what_can(run: Run, worktree: Path) -> None:
    """A folder of a person's can only be kept."""
    run("ctl", "add", str(worktree), "--target", "codex")
    (worktree / ".agents/skills/pdf").mkdir(parents=True)
    (worktree / ".agents/skills/pdf/mine").write_text("mine\n")
    ran = run("resolve", ".agents/skills/pdf", "--restore", cwd=worktree)
    assert (ran.code, "--restore is no way to resolve this. There is --keep" in ran.err) == (2, True)
    assert (worktree / ".agents/skills/pdf/mine").read_text() == "mine\n"


def test_a_folder_in_a_links_place_is_as_good_as_the_link_once_its_source_says_the_same(
    run: Run, drifted: Path
) -> None:
    """It stays, as a person's own."""
    skill = drifted / ".claude/skills/paper/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: paper\ndescription: d\n---\nRead.\n")
    run("sync", cwd=drifted)
    link = drifted / ".agents/skills/paper"
    link.unlink()
    link.mkdir()
    (link / "SKILL.md").write_text(skill.read_text().replace("Read.", "Look."))
    assert run("check", cwd=drifted).out.count(".agents/skills/paper") > 0
    adopted = run("resolve", ".agents/skills/paper", "--adopt", cwd=drifted)
    assert ".agents/skills/paper: it was edited" not in adopted.out
    assert skill.read_text().endswith("Look.\n")
    assert ".agents/skills/paper" not in run("check", cwd=drifted).out
    assert run("unlink", "--all", cwd=drifted).code == 1  # what else was edited stays
    assert (link / "SKILL.md").read_text().endswith("Look.\n")


def test_nothing_to_resolve_is_no_mistake(run: Run, worktree: Path) -> None:
    """A script may ask every time."""
    run("ctl", "add", str(worktree), "--target", "codex")
    run("sync", cwd=worktree)
    ran = run("resolve", "--restore", "--all", "--json", cwd=worktree)
    assert (ran.code, json.loads(ran.out)["resolved"]) == (0, [])


def test_decisions_are_carried_out_also_while_a_source_can_not_be_parsed(run: Run, drifted: Path) -> None:
    """That halts removals alone: whoever repairs the file later has one thing less in the way."""
    (drifted / ".mcp.json").write_text("{")
    answer = json.loads(run("resolve", "AGENTS.md", "--restore", "--json", cwd=drifted).out)
    assert answer["projects"][0]["halt"] == "source-unparsable"
    assert answer["resolved"] == [{"address": "AGENTS.md", "choice": "restore"}]
    assert (drifted / "AGENTS.md").is_symlink()


def test_a_check_tells_drift_by_its_exit_code(run: Run, drifted: Path) -> None:
    """Of an edit, and of what is missing."""
    assert run("check", cwd=drifted).code == 1
    assert run("resolve", "--restore", "--all", cwd=drifted).code == 0
    assert run("check", cwd=drifted).code == 0
    (drifted / AGENT).unlink()
    ran = run("check", cwd=drifted)
    assert (ran.code, f"missing, to be made again: {AGENT}" in ran.out) == (1, True)
    ran = run("sync", cwd=drifted)
    assert (ran.code, f"missing, and made again: {AGENT}" in ran.out) == (0, True)


def test_what_a_policy_replaces_is_told_before_and_after(run: Run, drifted: Path, home: Path) -> None:
    """In words that say which of the two it is."""
    (home / ".harnesssync/config.toml").write_text('[drift]\npolicy = "restore"\n')
    for command in ("status", "check", "diff"):
        told = run(command, cwd=drifted).out
        assert "not ours as it was, to be replaced: " in told
        assert "What is there goes into the history" in told
    told = run("sync", cwd=drifted).out
    assert "not ours as it was, and replaced: " in told
    assert "What was there is kept in the history" in told


def test_a_person_is_asked_about_each_conflict(drifted: Path) -> None:
    """With what restoring would change, and help for the letters."""
    shown, code = at_terminal(drifted, "d?kr")
    assert code == 0, shown
    assert "(1/2) .codex/agents/reviewer.toml" in shown or "(1/2) AGENTS.md" in shown
    assert "(? for help)" in shown
    assert "harnesssync undo brings it back" in shown
    assert "-Look." in shown or "-Be cruel." in shown
    assert "kept as yours" in shown
    assert "restored" in shown


def test_who_quits_keeps_what_was_decided(run: Run, drifted: Path) -> None:
    """Skipped and unasked ones stay conflicts."""
    shown, code = at_terminal(drifted, "kq")
    assert code == 1, shown
    [report] = json.loads(run("status", "--json", cwd=drifted).out)["projects"]
    assert (len(report["kept"]), len(report["conflicts"])) == (1, 1)
    _, code = at_terminal(drifted, "s")
    assert code == 1


def test_a_person_can_ask_about_one_alone(run: Run, drifted: Path) -> None:
    """The other is not mentioned."""
    shown, code = at_terminal(drifted, "a", "AGENTS.md")
    assert (code, "(1/1) AGENTS.md" in shown) == (1, True)
    assert "cruel" in (drifted / "CLAUDE.md").read_text()
    assert run("check", cwd=drifted).code == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: None], ids=["pipe", "folder", "gone"])
def test_showing_what_a_link_would_say_waits_for_nothing(make: Callable[[str], None], tmp_path: Path) -> None:
    """Its source may have become anything since it was planned; then the link itself is shown."""
    make(str(tmp_path / "source"))
    link = MakeLink(
        path="AGENTS.md",
        owners=("codex",),
        source=str(tmp_path / "source"),
        text="source",
        directory=False,
        digest="",
    )
    assert as_text(link) is link
