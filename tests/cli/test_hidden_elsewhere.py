"""All worktrees read one `info/exclude`: what one hides would hide what a person has in another, which git destroys."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]
AGENT = ".codex/agents/reviewer.toml"
HOURS = "# hours of work\n"


@pytest.fixture
def other(run: Run, worktree: Path, git: Git) -> Path:
    """A second worktree; and a branch on which git tracks what is an output in both."""
    agents = worktree / ".claude/agents"
    agents.mkdir(parents=True, exist_ok=True)
    (agents / "reviewer.md").write_text("---\nname: reviewer\ndescription: Reviews.\n---\nReview.\n")
    git("add", "--all", cwd=worktree)
    git("commit", "-q", "-m", "one", cwd=worktree)
    git("switch", "-q", "-c", "has-codex", cwd=worktree)
    (worktree / AGENT).parent.mkdir(parents=True)
    (worktree / AGENT).write_text("tracked = 1\n")
    git("add", "--force", AGENT, cwd=worktree)
    git("commit", "-q", "-m", "two", cwd=worktree)
    git("switch", "-q", "-", cwd=worktree)
    root = worktree.with_name("other")
    git("worktree", "add", "-q", "-b", "side", str(root), cwd=worktree)
    for each in (worktree, root):
        run("ctl", "add", str(each), "--target", "codex")
    return root


def status(git: Git, root: Path) -> list[str]:
    return git("status", "--porcelain", "--untracked-files=all", cwd=root).splitlines()


def test_an_edit_is_shown_though_another_worktree_has_that_output(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Git would replace it without a word when it switches to a branch that has such a file. Once it is decided about,
    all is hidden as before."""
    for root in (worktree, other):
        assert run("sync", cwd=root).code == 0
    exclude = (worktree / ".git/info/exclude").read_bytes()
    with (worktree / AGENT).open("a") as file:
        file.write(HOURS)
    assert run("sync", cwd=worktree).code == 1
    assert status(git, worktree) == [f"?? {AGENT}"]
    switched = subprocess.run(["git", "switch", "has-codex"], cwd=worktree, capture_output=True, check=False)
    assert (switched.returncode, HOURS in (worktree / AGENT).read_text()) == (1, True)
    for _ in range(2):  # the price: the other worktree's own output is shown there, and that is no reason to complain
        assert status(git, other) == [f"?? {AGENT}"]
        assert run("check", cwd=other).code == 0
        assert run("sync", cwd=other).code == 0
    assert status(git, worktree) == [f"?? {AGENT}"]
    assert run("resolve", AGENT, "--restore", cwd=worktree).code == 0
    assert (status(git, worktree), status(git, other)) == ([], [])
    assert (worktree / ".git/info/exclude").read_bytes() == exclude


def test_what_a_person_has_is_shown_though_another_worktree_gets_such_an_output_later(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Also where nobody has ever synced; but what git tracks needs no help."""
    (other / AGENT).parent.mkdir(parents=True)
    (other / AGENT).write_text(HOURS)
    assert run("sync", cwd=worktree).code == 0
    assert status(git, other) == [f"?? {AGENT}"]
    git("add", "--all", cwd=other)
    git("commit", "-q", "-m", "mine", cwd=other)
    (other / AGENT).unlink()
    run("unlink", "--all", cwd=worktree)
    git("checkout", "-q", ".", cwd=other)
    assert run("sync", cwd=worktree).code == 0
    assert (status(git, worktree), status(git, other)) == ([], [])


@pytest.mark.parametrize("decide", [False, True])
def test_what_a_worktree_shows_of_a_persons_stays_shown_when_another_one_is_synced_first_then(
    run: Run, git: Git, worktree: Path, other: Path, *, decide: bool
) -> None:
    """An edit that is a conflict or is kept, and a file that has a key of ours, though all of it is in its ledger."""
    server = {"type": "http", "url": "https://example.com/mcp"}
    for root in (worktree, other):
        (root / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": server}}))
    config = other / ".codex/config.toml"
    config.parent.mkdir()
    config.write_text('model = "mine"\n')
    run("sync", cwd=other)
    assert "mcp_servers" in config.read_text()
    with (other / AGENT).open("a") as file:
        file.write(HOURS)
    if decide:
        assert run("resolve", AGENT, "--keep", cwd=other).code == 0
    run("sync", cwd=other)
    before = status(git, other)
    assert {f"?? {AGENT}", "?? .codex/config.toml"} <= {*before}
    run("sync", cwd=worktree)
    assert status(git, other) == before
    switched = subprocess.run(["git", "switch", "has-codex"], cwd=other, capture_output=True, check=False)
    assert (switched.returncode, HOURS in (other / AGENT).read_text()) == (1, True)


def test_what_came_since_an_undo_is_shown_though_another_undo_brings_that_line_back(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """The project is paused then, so that no sync of its own would look."""
    assert run("sync", cwd=worktree).code == 0
    assert run("undo", cwd=worktree).code == 0
    write_hours(other)
    assert run("undo", "2", cwd=worktree).code == 0
    assert (worktree / AGENT).exists()
    assert status(git, other) == [f"?? {AGENT}"]


def test_what_a_person_adds_to_a_folder_that_git_tracks_is_shown_though_a_link_of_that_name_is_hidden(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Git tracks only the rest of it. Where it tracks all, nothing has to be shown."""
    skill = worktree / ".claude/skills/paper/SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: paper\ndescription: d\n---\nRead.\n")
    folder = other / ".agents/skills/paper"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text("Mine.\n")
    git("add", "--all", cwd=other)
    git("commit", "-q", "-m", "theirs", cwd=other)
    assert run("sync", cwd=worktree).code == 0
    assert (status(git, other), [line for line in status(git, worktree) if "agents" in line]) == ([], [])
    (folder / "mine.md").write_text(HOURS)
    (worktree / ".claude/agents/reviewer.md").write_text("---\nname: reviewer\ndescription: R\n---\nAnew.\n")
    assert run("sync", cwd=worktree).code == 0
    assert status(git, other) == ["?? .agents/skills/paper/mine.md"]


def test_what_is_private_stays_hidden_and_that_is_told(run: Run, git: Git, worktree: Path, other: Path) -> None:
    """A credential that git sees is worse; what it hides elsewhere is named."""
    token = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    server = {"command": "node", "env": {"GITHUB_TOKEN": token}}
    (other / ".gitignore").write_text(".mcp.json\n")
    git("add", "--all", cwd=other)
    git("commit", "-q", "-m", "ignore", cwd=other)
    (other / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": server}}))
    run("ctl", "add", str(other), "--target", "codex")
    assert run("sync", cwd=other).code == 0
    assert token in (other / ".codex/config.toml").read_text()
    config = worktree / ".codex/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('model = "mine"\n')
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": {"command": "node"}}}))
    run("ctl", "add", str(worktree), "--target", "codex")
    told = run("sync", cwd=worktree).out
    assert "git does not show that you have /.codex/config.toml here" in told
    assert not any(".codex" in line for line in status(git, other))


def test_what_an_unlink_gives_back_is_shown_though_another_worktree_hides_that_name(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """And git refuses to replace it."""
    (other / AGENT).parent.mkdir(parents=True)
    (other / AGENT).write_text(HOURS)
    for root in (worktree, other):
        run("sync", cwd=root)
    assert run("resolve", AGENT, "--restore", cwd=other).code == 0
    assert status(git, other) == []
    assert "1 restored" in run("unlink", "--all", cwd=other).out
    for _ in range(2):  # also after a sync of the one that hides it
        assert status(git, other) == [f"?? {AGENT}"]
        switched = subprocess.run(["git", "switch", "has-codex"], cwd=other, capture_output=True, check=False)
        assert (switched.returncode, (other / AGENT).read_text()) == (1, HOURS)
        edit(worktree)
        assert run("sync", cwd=worktree).code == 0


def test_an_edit_that_an_unlink_leaves_is_shown_though_another_worktree_hides_that_name(
    run: Run, git: Git, worktree: Path, other: Path
) -> None:
    """Once it is gone, all is hidden as before."""
    assert run("sync", cwd=worktree).code == 0
    exclude = (worktree / ".git/info/exclude").read_bytes()
    assert run("sync", cwd=other).code == 0
    with (other / AGENT).open("a") as file:
        file.write(HOURS)
    assert run("unlink", "--all", cwd=other).code == 1
    assert status(git, other) == [f"?? {AGENT}"]
    (other / AGENT).unlink()
    edit(worktree)
    assert run("sync", cwd=worktree).code == 0
    assert (worktree / ".git/info/exclude").read_bytes() == exclude


@pytest.mark.parametrize("way", ["unlinked", "paused", "removed", "never"])
def test_what_comes_later_where_nobody_syncs_is_shown_by_a_sync_of_another_worktree(
    run: Run, git: Git, worktree: Path, other: Path, way: str
) -> None:
    """Whatever a person makes there by the name of an output of another one."""
    for root in (worktree, other) if way == "unlinked" else (worktree,):
        assert run("sync", cwd=root).code == 0
    if way == "unlinked":
        assert run("unlink", "--all", cwd=other).code == 0
    elif way == "paused":
        run("ctl", "pause", str(other))
    else:
        run("ctl", "remove", str(other))
    if way == "never":
        git("worktree", "add", "-q", "-b", "late", str(other.with_name("late")), cwd=worktree)
        other = other.with_name("late")
    write_hours(other)
    assert status(git, other) == []
    edit(worktree)
    assert run("sync", cwd=worktree).code == 0
    assert status(git, other) == [f"?? {AGENT}"]
    git("add", AGENT, cwd=other)
    git("commit", "-q", "-m", "mine", cwd=other)
    edit(worktree)
    assert run("sync", cwd=worktree).code == 0
    assert (status(git, worktree), status(git, other)) == ([" M .claude/agents/reviewer.md"], [])


@pytest.mark.parametrize("is_paused", [False, True])
def test_what_another_worktree_hides_here_is_told_here_and_shown_by_a_sync(
    run: Run, git: Git, worktree: Path, other: Path, *, is_paused: bool
) -> None:
    """Also where it is no output, so that nothing else would lead to a look at it."""
    run("ctl", "add", str(other), "--target", "gemini")
    for root in (worktree, other):
        assert run("sync", cwd=root).code == 0
    if is_paused:
        run("ctl", "pause", str(other))
    assert run("check", cwd=other).code == 0
    write_hours(other)
    for command in ("check", "status"):
        ran = run(command, cwd=other)
        assert (ran.code, f"outputs of that name: {AGENT}. A sync shows it" in ran.out + ran.err) == (1, True)
    assert status(git, other) == []
    assert json.loads(run("check", "--json", cwd=other).out)["projects"][0]["covered"] == [AGENT]
    ran = run("sync", cwd=other)
    assert (ran.code, "1 shown by git again" in ran.out) == (0, True)
    assert status(git, other) == [f"?? {AGENT}"]
    for command in ("check", "sync"):
        ran = run(command, cwd=other)
        assert (ran.code, AGENT in ran.out + ran.err) == (0, False)


def test_what_git_tracks_or_is_ours_needs_no_help(run: Run, git: Git, worktree: Path, other: Path) -> None:
    """Neither is told, nor keeps a sync from ending early."""
    run("ctl", "add", str(other), "--target", "gemini")
    write_hours(other)
    git("add", "--force", AGENT, cwd=other)
    git("commit", "-q", "-m", "mine", cwd=other)
    for root in (worktree, other):
        assert run("sync", cwd=root).code == 0
    exclude = (worktree / ".git/info/exclude").read_bytes()
    for command in ("check", "sync"):
        report = json.loads(run(command, "--json", cwd=other).out)["projects"][0]
        assert (report["state"], report["covered"], report["unchanged"]) == ("in step", [], True)
    assert (worktree / ".git/info/exclude").read_bytes() == exclude


def test_an_output_that_is_hidden_in_another_way_is_ours(
    run: Run, git: Git, worktree: Path, other: Path, home: Path
) -> None:
    """With lines in `.gitignore` only what is private is in `info/exclude`; it may be an output elsewhere, too."""
    (home / ".harnesssync").mkdir(mode=0o700, exist_ok=True)
    (home / ".harnesssync/config.toml").write_text('[git]\nexclude = "gitignore"\n')
    token = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    server = {"command": "node", "env": {"GITHUB_TOKEN": token}}
    for root, servers in ((worktree, {"docs": {"command": "node"}}), (other, {"docs": server})):
        (root / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
        run("ctl", "add", str(root), "--target", "codex")
    (other / ".gitignore").write_text(".mcp.json\n")
    git("add", ".gitignore", cwd=other)
    git("rm", "-q", "--cached", ".mcp.json", cwd=other)
    git("commit", "-q", "-m", "ignore", cwd=other)
    assert run("sync", cwd=worktree).code == 0
    assert run("sync", cwd=other).code == 0
    assert "\n/.codex/config.toml\n" in (worktree / ".git/info/exclude").read_text()
    edit(worktree)
    assert run("sync", cwd=worktree).code == 0
    assert "not ours" not in (worktree / ".git/info/exclude").read_text()
    status = run("status", cwd=worktree)
    assert (status.code, ".codex/config.toml" in status.out + status.err) == (0, False)


def test_it_is_told_which_outputs_git_shows_for_the_sake_of_another_worktree(
    run: Run, worktree: Path, other: Path
) -> None:
    """Also by those who only look, and as long as it is so."""
    for root in (worktree, other):
        assert run("sync", cwd=root).code == 0
    with (worktree / AGENT).open("a") as file:
        file.write(HOURS)
    assert run("resolve", AGENT, "--keep", cwd=worktree).code == 0
    told = f"git shows /{AGENT} here, since you have something of your own there in {worktree}"
    assert told not in run("status", cwd=worktree).out
    for _ in range(2):
        assert told in run("status", cwd=other).out
        assert told in run("check", "--verbose", cwd=other).out
        assert run("sync", cwd=other).code == 0
    assert run("resolve", AGENT, "--restore", cwd=worktree).code == 0
    assert told not in run("status", cwd=other).out


def write_hours(root: Path) -> None:
    (root / AGENT).parent.mkdir(parents=True, exist_ok=True)
    (root / AGENT).write_text(HOURS)


def edit(root: Path) -> None:
    """Give the next sync something to write."""
    with (root / ".claude/agents/reviewer.md").open("a") as file:
        file.write("More.\n")
