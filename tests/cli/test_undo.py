"""`undo` and `unlink`: the tree is as it was before, byte for byte, and what a person edited is left alone."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.world import FOREIGN_FILES, PROJECT_FILES, TARGETS, Pictured, differences, picture

from harnesssync_orchestrator import entry
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.files.below import Below

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

REFUSE = Path(__file__).parents[1] / "files" / "refuse_calls.py"
MTIME_NS = 1_600_000_000_123_456_789
AGENT = ".codex/agents/reviewer.toml"
TARGET_OPTIONS = [f"--target={target}" for target in TARGETS]


def write(root: Path, name: str, content: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str], run: Run) -> Path:
    """A registered repository with configuration of each kind, and with things of a person's where outputs go."""
    root = (tmp_path / "project").resolve()
    for name, content in {**PROJECT_FILES, **FOREIGN_FILES}.items():
        write(root, name, content)
    git("init", "-q", cwd=root)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    assert run("ctl", "add", str(root), *TARGET_OPTIONS).code == 0
    return root


def history(home: Path, root: Path) -> Path:
    return home / ".harnesssync" / "projects" / project_id(str(root)) / "history"


def ledger(home: Path, root: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((history(home, root).parent / "state.json").read_text())
    return content


def times(tree: dict[str, Pictured]) -> dict[str, int]:
    return {path: one.stamp[1] for path, one in tree.items() if one.kind == "file" and not path.startswith(".git/")}


# --- undo ---


def test_lines_that_an_undo_could_not_take_away_go_with_the_next(run: Run, project: Path, home: Path) -> None:
    """Although there is nothing else to undo: as when `info/exclude` could not be written, and the folders of outputs
    are noted as those of a sync that was killed."""
    exclude = project / ".git/info/exclude"
    before = exclude.read_bytes()
    run("sync", cwd=project)
    listed = exclude.read_bytes()
    run("undo", cwd=project)
    assert exclude.read_bytes() == before
    exclude.write_bytes(listed)
    state = history(home, project).parent / "state.json"
    state.write_text(json.dumps({**ledger(home, project), "pending": {".codex/agents/": ""}}))
    assert run("undo", cwd=project).code == 0
    assert exclude.read_bytes() == before
    assert not ledger(home, project)["pending"]


def test_undo_leaves_the_tree_as_it_was_before_the_sync(run: Run, project: Path, home: Path) -> None:
    """Byte for byte, with modes, folders, and the lines in info/exclude; the ledger owns nothing any more."""
    before = picture(project)
    assert run("sync", cwd=project).code == 0
    done = run("undo", cwd=project)
    assert (done.code, differences(before, picture(project))) == (0, [])
    assert "undone: sync 1 of " in done.out
    assert (ledger(home, project)["targets"], ledger(home, project)["made"]) == ({}, [])


def test_undo_brings_back_what_a_later_sync_changed_and_removed(run: Run, project: Path) -> None:
    """Content, permissions and times of files, the texts of links, and folders of ours as a person left them."""
    run("sync", cwd=project)
    (project / AGENT).chmod(0o640)
    os.utime(project / AGENT, ns=(MTIME_NS, MTIME_NS))
    (project / ".gemini" / "commands").chmod(0o750)
    before = picture(project)
    old = times(before)
    agent = project / ".claude/agents/reviewer.md"
    written = agent.read_text()
    agent.write_text(written.replace("Review it.", "Review it twice."))
    command = project / ".claude/commands/fix/issue.md"
    asked = command.read_text()
    command.unlink()
    assert run("sync", cwd=project).code == 0
    assert not (project / ".gemini" / "commands").exists()
    assert run("undo", cwd=project).code == 0
    agent.write_text(written)
    command.write_text(asked)
    after = picture(project)
    assert differences(before, after) == []
    edited = {".claude/agents/reviewer.md", ".claude/commands/fix/issue.md"}
    assert {path: time for path, time in times(after).items() if path not in edited and time != old[path]} == {}


def test_what_a_later_sync_wrote_is_not_told_as_somebodys_edit(run: Run, project: Path) -> None:
    """The remedy, taken, leads back to before the first one."""
    first = picture(project)
    run("sync", cwd=project)
    write(project, ".claude/agents/reviewer.md", "---\nname: reviewer\ndescription: R\n---\nAnew.\n")
    run("sync", cwd=project)
    ran = run("undo", "1", cwd=project)
    assert (ran.code, "a later sync changed it" in ran.out, "was edited" in ran.out) == (1, True, False)
    assert run("undo", "2", cwd=project).code == 0
    assert run("undo", "1", cwd=project).code == 0
    write(project, ".claude/agents/reviewer.md", PROJECT_FILES[".claude/agents/reviewer.md"])
    assert differences(first, picture(project)) == []


def test_undo_again_takes_back_the_sync_before(run: Run, project: Path) -> None:
    """Until nothing is left to be undone, which is no error."""
    first = picture(project)
    run("sync", cwd=project)
    second = picture(project)
    write(project, "CLAUDE.md", "# Other rules\n")
    run("sync", cwd=project)
    assert run("undo", cwd=project).code == 0
    write(project, "CLAUDE.md", PROJECT_FILES["CLAUDE.md"])
    assert differences(second, picture(project)) == []
    assert run("undo", cwd=project).code == 0
    assert differences(first, picture(project)) == []
    done = run("undo", cwd=project)
    assert (done.code, done.out.splitlines()[-1].strip()) == (0, "nothing to undo")


def test_an_undo_can_be_undone_by_its_number(run: Run, project: Path) -> None:
    """And then the sync can be undone once more."""
    before = picture(project)
    run("sync", cwd=project)
    synced = picture(project)
    run("undo", cwd=project)
    assert run("undo", "2", cwd=project).code == 0
    assert differences(synced, picture(project)) == []
    assert run("check", cwd=project).code == 0
    listed = json.loads(run("undo", "--list", "--json", cwd=project).out)["projects"][0]["history"]
    assert [(row["number"], row["kind"], row["undone"]) for row in listed] == [
        (3, "undo", False),
        (2, "undo", True),
        (1, "sync", False),
    ]
    assert run("undo", cwd=project).code == 0
    assert differences(before, picture(project)) == []


def test_what_was_taken_back_already_is_told(run: Run, project: Path) -> None:
    """Nothing is undone once more; nor if a person put something of theirs there since, which is no edit."""
    run("sync", cwd=project)
    run("undo", cwd=project)
    before = picture(project)
    for _ in range(2):
        again = run("undo", "1", cwd=project)
        assert (again.code, again.out.splitlines()[-1].strip()) == (0, "nothing to undo")
        assert "sync 1 of " in again.out
        assert " was taken back already" in again.out
        assert differences(before, picture(project)) == []
        write(project, AGENT, "mine now\n")
        before = picture(project)
    assert run("undo", "2", cwd=project).code == 1
    (project / AGENT).unlink()
    assert run("undo", "2", cwd=project).code == 0
    assert " was taken back already" in run("undo", "2", cwd=project).out


def test_what_was_edited_since_is_a_conflict_and_is_left_alone(run: Run, project: Path) -> None:
    """The rest is undone; when the edit is out of the way, undoing again does what was left."""
    before = picture(project)
    run("sync", cwd=project)
    write(project, AGENT, "mine now\n")
    done = run("undo", cwd=project)
    assert (done.code, "1 conflict" in done.out) == (1, True)
    assert "or harnesssync undo NUMBER for an earlier one" in done.out + done.err
    assert differences(before, picture(project)) == ["new: .codex/agents", f"new: {AGENT}"]
    assert (project / AGENT).read_text() == "mine now\n"
    again = run("undo", cwd=project)
    assert again.code == 1
    (project / AGENT).unlink()
    assert run("undo", cwd=project).code == 0
    assert differences(before, picture(project)) == []


def test_a_folder_of_ours_with_something_of_a_persons_stays(run: Run, project: Path) -> None:
    """What is ours in it goes, theirs is not even looked at."""
    before = picture(project)
    run("sync", cwd=project)
    write(project, ".opencode/agents/own.md", "mine\n")
    assert run("undo", cwd=project).code == 0
    assert differences(before, picture(project)) == [
        "new: .opencode",
        "new: .opencode/agents",
        "new: .opencode/agents/own.md",
    ]


def test_a_sync_after_an_undo_does_it_again(run: Run, project: Path) -> None:
    """The paused project is synced when a person says so, and is just as after the first sync."""
    run("sync", cwd=project)
    synced = picture(project)
    done = run("undo", cwd=project)
    assert f"harnesssync ctl resume {project}" in done.out
    assert json.loads(run("ctl", "list", "--json").out)["projects"][0]["path"] == str(project)
    assert run("sync", cwd=project).code == 0
    assert differences(synced, picture(project)) == []
    assert run("sync", cwd=project).out.splitlines()[-1] == "  nothing to do"


@pytest.mark.parametrize("command", [("unlink", "--all"), ("unlink", "--target=codex"), ("undo",)])
def test_a_dry_run_foretells_what_is_done(run: Run, project: Path, command: tuple[str, ...]) -> None:
    """A merged file of ours goes with our last key, and one of a person's does not."""
    assert run("sync", cwd=project).code == 0

    def changes(*options: str) -> list[dict[str, str]]:
        row = json.loads(run(*command, *options, "--json", cwd=project).out)["projects"][0]
        return sorted(row["changes"], key=lambda change: change["path"])

    foretold = changes("--dry-run")
    assert {"removed", "edited"} <= {change["action"] for change in foretold} or command[0] == "undo"
    assert foretold == changes()


def test_a_dry_run_says_what_would_be_undone(run: Run, project: Path, home: Path) -> None:
    """Nothing changes, no record is made, and the project is not paused."""
    run("sync", cwd=project)
    before, kept = picture(project), picture(home / ".harnesssync" / "projects")
    done = json.loads(run("undo", "--dry-run", "--json", cwd=project).out)["projects"][0]
    assert {"path": AGENT, "action": "removed"} in done["changes"]
    assert {"path": ".codex/config.toml", "action": "restored"} in done["changes"]
    assert (done["dry_run"], done["paused"], done["undone"]["number"]) == (True, False, 1)
    assert differences(before, picture(project)) == []
    assert differences(kept, picture(home / ".harnesssync" / "projects")) == []


def test_copies_are_undone_with_their_markers(run: Run, project: Path) -> None:
    """Where no links can be made: a copy that was made anew comes back as it was, and goes with its marker."""
    before = picture(project)
    _sync_without_links(project)
    first = picture(project)
    assert (project / ".agents/skills/.harnesssync-source-pdf.txt").is_file()
    skill = project / ".claude/skills/pdf/SKILL.md"
    text = skill.read_text()
    skill.write_text(text + "More.\n")
    (project / ".claude/skills/pdf/new.txt").write_text("new")
    _sync_without_links(project)
    assert (project / ".agents/skills/pdf/new.txt").read_text() == "new"
    assert run("undo", cwd=project).code == 0
    skill.write_text(text)
    (project / ".claude/skills/pdf/new.txt").unlink()
    assert differences(first, picture(project)) == []
    assert run("undo", cwd=project).code == 0
    assert differences(before, picture(project)) == []


def _sync_without_links(project: Path) -> None:
    command = [sys.executable, str(REFUSE), "symlink,symlinkat:EPERM", str(entry.__file__), "sync"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True)


def test_the_user_scope_has_a_history_of_its_own(run: Run, home: Path) -> None:
    """In the root of our folder, with what stood in the home directory."""
    write(home, ".claude/CLAUDE.md", "# Mine\n")
    write(home, ".claude/skills/pdf/SKILL.md", "---\nname: pdf\ndescription: Reads\n---\nRead.\n")
    write(home, ".codex/config.toml", 'model = "o4"\n')
    before = picture(home, without=(".harnesssync",))
    assert run("sync", "--user", "--target", "codex").code == 0
    assert differences(before, picture(home, without=(".harnesssync",))) != []
    assert run("undo", "--user").code == 0
    assert differences(before, picture(home, without=(".harnesssync",))) == []
    assert len(list((home / ".harnesssync" / "history").iterdir())) == 2


def test_a_number_that_is_none_is_a_usage_error(run: Run, project: Path) -> None:
    """Also one of a transaction that is not there."""
    for word in ("99", "0", "x"):
        assert run("undo", word, cwd=project).code == 2


def test_without_a_supervisor_ctl_undo_names_the_command_that_needs_none(run: Run, project: Path) -> None:
    """Exit code 3, as of every command that needs one."""
    done = run("ctl", "undo", cwd=project)
    assert (done.code, "harnesssync undo" in done.err) == (3, True)


def test_the_supervisor_undoes_and_leaves_it_undone(run: Run, start: Start, project: Path) -> None:
    """The project is paused before its first change: what changes in it starts no sync."""
    before = picture(project)
    start("serve", program="harnesssync-orchestrator", stderr=subprocess.DEVNULL)
    assert _state_becomes(run, project, "in step")
    listed = json.loads(run("ctl", "undo", "--list", "--json", cwd=project).out)["projects"][0]
    assert [(row["number"], row["kind"]) for row in listed["history"]] == [(1, "sync")]
    done = json.loads(run("ctl", "undo", "--json", cwd=project).out)["projects"][0]
    assert (done["undone"]["number"], done["paused"], done["conflicts"]) == (1, True, [])
    assert _state_becomes(run, project, "paused")
    assert differences(before, picture(project)) == []
    assert run("ctl", "undo", "7", cwd=project).code == 2
    assert run("ctl", "resume", str(project)).code == 0
    assert _state_becomes(run, project, "in step")
    assert (project / AGENT).is_file()


def _state_becomes(run: Run, project: Path, state: str) -> bool:
    """Poll until the supervisor says so of the project, for twenty seconds at most."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ran = run("ctl", "status", "--json", cwd=project)
        rows = json.loads(ran.out).get("projects") or [{}]
        if rows[0].get("state") == state:
            return True
    return False


# --- what is kept ---


def test_a_sync_that_changes_nothing_records_nothing(run: Run, project: Path, home: Path) -> None:
    """Nor does it look into the history."""
    run("sync", cwd=project)
    before = picture(history(home, project))
    run("sync", cwd=project)
    run("check", cwd=project)
    assert differences(before, picture(history(home, project))) == []


def test_what_is_kept_is_for_its_owner_alone(run: Run, project: Path, home: Path) -> None:
    """Folders 0700, files 0600: what was replaced may be private."""
    run("sync", cwd=project)
    modes = {one.kind: one.mode for one in picture(history(home, project)).values()}
    assert modes == {"folder": 0o700, "file": 0o600}
    assert history(home, project).stat().st_mode & 0o777 == 0o700


def test_nothing_is_changed_when_nothing_can_be_kept(run: Run, project: Path, home: Path) -> None:
    """It fails and says so; when there is room again, everything is as ever."""
    before = picture(project)
    obstacle = history(home, project)
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_text("in the way")
    failed = run("sync", "--json", cwd=project)
    assert (failed.code, json.loads(failed.out)["error"]["code"]) == (4, "history_damaged")
    assert differences(before, picture(project)) == []
    obstacle.unlink()
    assert run("sync", cwd=project).code == 0


def test_nothing_is_changed_when_the_disk_is_full(run: Run, project: Path, home: Path) -> None:
    """What is to be replaced does not fit where it is to be kept: here no file may be longer than 64 KiB."""
    write(project, ".gemini/settings.json", json.dumps({"mine": "x" * 100_000}))
    before = picture(project)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    command = [sys.executable, "-m", "harnesssync_orchestrator", "sync", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert (ran.returncode, json.loads(ran.stdout)["error"]["code"]) == (4, "history_unwritable")
    assert differences(before, picture(project)) == []
    assert list(history(home, project).iterdir()) == []
    assert run("sync", cwd=project).code == 0


def test_only_so_many_syncs_are_kept(run: Run, project: Path, home: Path) -> None:
    """As many as the configuration says; the last ones can be undone, one after another."""
    (home / ".harnesssync" / "config.toml").write_text("[history]\nkeep = 2\n")
    for number in range(4):
        write(project, "CLAUDE.md", f"# {number}\n\n@docs/style.md\n")
        run("sync", cwd=project)
    assert [int(path.name[:6]) for path in sorted(history(home, project).iterdir())] == [3, 4]


# --- unlink ---


def test_unlink_leaves_the_tree_as_it_was_before_the_first_sync(run: Run, project: Path, home: Path) -> None:
    """After any number of syncs; folders and lines of ours go too."""
    run("sync", cwd=project)
    write(project, "CLAUDE.md", "# Other rules\n")
    (project / ".claude/commands/fix/issue.md").unlink()
    run("sync", cwd=project)
    write(project, ".mcp.json", '{"mcpServers": {"other": {"command": "other"}}}\n')
    run("sync", cwd=project)
    for name in ("CLAUDE.md", ".claude/commands/fix/issue.md", ".mcp.json"):
        write(project, name, PROJECT_FILES[name])
    done = run("unlink", "--all", cwd=project)
    left = {path: one for path, one in picture(project).items() if path != ".git/index"}
    before = {name: content.encode() for name, content in {**PROJECT_FILES, **FOREIGN_FILES}.items()}
    assert (done.code, {path: one.content for path, one in left.items() if path in before}) == (0, before)
    outside_git = {path for path, one in left.items() if not path.startswith(".git/") and one.kind != "folder"}
    assert outside_git == before.keys()
    assert ledger(home, project)["targets"] == {}
    assert "harnesssync" not in (project / ".git/info/exclude").read_text()


def test_unlink_of_one_target_leaves_the_others_in_step(run: Run, project: Path) -> None:
    """What two of them share stays; a registered project has the other targets from then on."""
    run("sync", cwd=project)
    assert run("unlink", "--target", "codex", cwd=project).code == 0
    assert not (project / ".codex/agents").exists()
    assert (project / ".codex/config.toml").read_bytes() == FOREIGN_FILES[".codex/config.toml"].encode()
    assert (project / "AGENTS.md").exists()
    assert (project / ".gemini/agents/reviewer.md").exists()
    assert run("check", cwd=project).code == 0
    assert json.loads(run("ctl", "list", "--json").out)["projects"][0]["targets"] == ["gemini", "opencode"]


def test_undo_of_such_an_unlink_says_how_to_choose_the_target_again(run: Run, project: Path) -> None:
    """Which targets a project has is no output: undo brings back only those."""
    run("sync", cwd=project)
    run("unlink", "--target", "codex", cwd=project)
    undone = run("undo", cwd=project)
    assert (undone.code, (project / AGENT).exists()) == (0, True)
    [command] = re.findall(r"To choose anew: harnesssync (ctl add .*)", undone.out)
    assert run(*command.split()).code == 0
    run("ctl", "resume", str(project))
    assert run("sync", cwd=project).code == 0
    assert (project / AGENT).exists()


def test_unlink_can_be_undone(run: Run, project: Path) -> None:
    """Everything is there again, and is ours."""
    run("sync", cwd=project)
    before = picture(project)
    assert run("unlink", "--all", cwd=project).code == 0
    assert run("undo", cwd=project).code == 0
    assert differences(before, picture(project)) == []
    assert run("check", cwd=project).code == 0


def test_unlink_leaves_alone_what_was_edited(run: Run, project: Path) -> None:
    """A conflict, and the exit code says so."""
    run("sync", cwd=project)
    write(project, AGENT, "mine now\n")
    done = run("unlink", "--all", "--json", cwd=project)
    found = json.loads(done.out)["projects"][0]
    assert (done.code, [conflict["address"] for conflict in found["conflicts"]]) == (1, [AGENT])
    assert (project / AGENT).read_text() == "mine now\n"


def test_what_an_unlink_could_not_take_away_stays_hidden_from_git(run: Run, project: Path) -> None:
    """It is ours as before, and may be private. What was edited is shown: git destroys what it ignores."""
    run("sync", cwd=project)
    exclude = project / ".git/info/exclude"
    before = set(exclude.read_text().splitlines())
    write(project, AGENT, "mine now\n")
    command = [sys.executable, str(REFUSE), "unlink,unlinkat:EPERM", str(entry.__file__), "unlink", "--all"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 4, ran.stderr
    assert "/.gemini/agents/reviewer.md" in before
    assert before - set(exclude.read_text().splitlines()) == {f"/{AGENT}"}
    assert run("unlink", "--all", cwd=project).code == 1
    assert not list((project / ".gemini/agents").glob("*"))
    assert "harnesssync" not in exclude.read_text()


def test_what_came_in_the_place_of_an_output_while_it_was_unlinked_is_shown_by_git(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is somebody's, and git destroys what it ignores."""
    run("sync", cwd=project)
    remove = Below.remove

    def too_late(below: Below, relative: str, expected: str) -> None:
        if relative == AGENT:
            (project / AGENT).unlink()
            write(project, f"{AGENT}/notes.md", "mine\n")
        remove(below, relative, expected)

    monkeypatch.setattr(Below, "remove", too_late)
    assert run("unlink", "--all", cwd=project).code == 4
    assert (project / AGENT / "notes.md").read_text() == "mine\n"
    assert f"/{AGENT}" not in (project / ".git/info/exclude").read_text().split()


@pytest.mark.parametrize("arguments", [(), ("--all", "--target", "codex")])
def test_unlink_must_be_told_of_what(run: Run, project: Path, arguments: tuple[str, ...]) -> None:
    """All of it is nothing to be guessed."""
    assert run("unlink", *arguments, cwd=project).code == 2


def test_what_a_person_let_us_replace_comes_back(run: Run, project: Path, home: Path) -> None:
    """A whole file and a key of a shared one: kept as long as ours stand there, however many syncs later."""
    (home / ".harnesssync" / "config.toml").write_text("[history]\nkeep = 1\n")
    write(project, "AGENTS.md", "# Own rules\n")
    (project / "AGENTS.md").chmod(0o640)
    write(project, ".codex/config.toml", 'model = "o4"\n\n[mcp_servers.files]\ncommand = "own"\n')
    assert run("sync", cwd=project).code == 1
    assert run("resolve", "AGENTS.md", ".codex/config.toml", "--restore", cwd=project).code == 0
    assert "Use tabs" in (project / "AGENTS.md").read_text()
    assert 'command = "files-server"' in (project / ".codex/config.toml").read_text()
    for number in range(3):
        write(project, "CLAUDE.md", f"# {number}\n\n@docs/style.md\n")
        assert run("sync", cwd=project).code == 0
    assert run("unlink", "--all", cwd=project).code == 0
    assert (project / "AGENTS.md").read_text() == "# Own rules\n"
    assert (project / "AGENTS.md").stat().st_mode & 0o777 == 0o640
    assert (project / ".codex/config.toml").read_text() == 'model = "o4"\n\n[mcp_servers.files]\ncommand = "own"\n'


def test_what_was_replaced_comes_back_when_its_item_goes(run: Run, project: Path) -> None:
    """A sync that takes an output away gives back what stood there before."""
    write(project, AGENT, "own = true\n")
    assert run("sync", cwd=project).code == 1
    assert run("resolve", AGENT, "--restore", cwd=project).code == 0
    (project / ".claude/agents/reviewer.md").unlink()
    assert run("sync", cwd=project).code == 0
    assert (project / AGENT).read_text() == "own = true\n"


@pytest.mark.parametrize("command", [("sync", "--confirm"), ("unlink", "--all")])
def test_a_comment_in_a_table_of_ours_stays_when_the_table_goes(
    run: Run, worktree: Path, command: tuple[str, ...]
) -> None:
    """And with it the file: all else in it was ours."""
    assert run("ctl", "add", str(worktree), "--target", "opencode").code == 0
    assert run("sync", cwd=worktree).code == 0
    theirs = '{"mcp": {\n  // Ask Ann first\n  "files": {"type": "remote", "url": "https://mine.example"}\n}}\n'
    write(worktree, ".opencode/opencode.json", theirs)
    assert run("resolve", "--all", "--restore", cwd=worktree).code == 0
    assert "mine.example" not in (worktree / ".opencode/opencode.json").read_text()
    (worktree / ".mcp.json").unlink()
    assert run(*command, cwd=worktree).code == 0
    assert (worktree / ".opencode/opencode.json").read_text() == "{\n  // Ask Ann first\n}\n"


@pytest.mark.parametrize("command", [("sync",), ("unlink", "--all")])
def test_where_what_was_replaced_can_not_be_given_back_the_output_stays(
    run: Run, project: Path, home: Path, command: tuple[str, ...]
) -> None:
    """It is the last that leads to the record, in which a person may still find what stood there. All else goes."""
    write(project, AGENT, "own = true\n")
    run("sync", cwd=project)
    assert run("resolve", AGENT, "--restore", cwd=project).code == 0
    for record in history(home, project).iterdir():
        (record / "record.json").write_text("{")
    (project / ".claude/agents/reviewer.md").unlink()
    ours = (project / AGENT).read_bytes()
    done = run(*command, "--json", cwd=project)
    [conflict] = json.loads(done.out)["projects"][0]["conflicts"]
    assert (done.code, conflict["address"], (project / AGENT).read_bytes()) == (1, AGENT, ours)
    assert str(history(home, project)) in conflict["message"]
    assert not (project / ".gemini/agents/reviewer.md").exists()
    if command[0] == "unlink":
        assert f"/{AGENT}" in (project / ".git/info/exclude").read_text().split()
    (project / AGENT).unlink()
    assert run(*command, cwd=project).code == 0


def test_a_transaction_that_can_not_be_read_is_not_passed_over(run: Run, worktree: Path, home: Path) -> None:
    """The one before it would be taken back instead. Who names that one may."""
    run("ctl", "add", str(worktree), "--target", "codex")
    run("sync", cwd=worktree)
    (worktree / ".claude/agents/reviewer.md").write_text("---\nname: reviewer\ndescription: New\n---\nNew.\n")
    run("sync", cwd=worktree)
    [history] = (home / ".harnesssync/projects").glob("*/history")
    newest = max(history.glob("0*"))
    (newest / "record.json").write_text("{")
    output = worktree / ".codex/agents/reviewer.toml"
    before = output.read_bytes()
    refused = run("undo", cwd=worktree)
    assert (refused.code, output.read_bytes()) == (4, before)
    assert "undo --list" in refused.err
    listed = run("undo", "--list", "--json", cwd=worktree)
    [found] = json.loads(listed.out)["projects"]
    assert (listed.code, [row["number"] for row in found["history"]]) == (1, [1])
    assert [problem["file"] for problem in found["problems"]] == [str(newest / "record.json")]
    assert run("undo", "1", cwd=worktree).code in {0, 1}
