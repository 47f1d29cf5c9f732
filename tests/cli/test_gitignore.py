"""`[git] exclude` says where outputs are kept out of `git status`; by a `.gitignore`, nothing else of it changes."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.world import TARGETS, differences, picture

from harnesssync_orchestrator.files import swap
from harnesssync_orchestrator.files.temporaries import our_name, telling_name

Run = Callable[..., Any]
Git = Callable[..., str]

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
AGENT = ".codex/agents/reviewer.toml"


def choose(home: Path, value: str) -> None:
    file = home / ".harnesssync/config.toml"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(f"[git]\nexclude = {value}\n")


@pytest.fixture
def project(run: Run, worktree: Path, home: Path) -> Path:
    """Registered, for harnesses that get outputs of every form."""
    choose(home, '"gitignore"')
    run("ctl", "add", str(worktree), *(f"--target={target}" for target in TARGETS))
    return worktree


def status(git: Git, root: Path) -> list[str]:
    return git("status", "--porcelain", "--untracked-files=all", cwd=root).splitlines()


def block(file: Path) -> list[str]:
    """The lines of ours that hide something."""
    inside = file.read_text("utf-8-sig").partition("# >>> harnesssync")[2].partition("# <<< harnesssync")[0]
    return [line for line in inside.splitlines() if line.startswith("/")]


def excluded(root: Path) -> bool:
    return "harnesssync" in (root / ".git/info/exclude").read_text()


def test_outputs_are_hidden_by_the_gitignore_alone(run: Run, project: Path, git: Git) -> None:
    """One that we made is new to git: it is for the person to commit. Nothing is left to do then."""
    assert run("sync", cwd=project).code == 0
    assert status(git, project) == ["?? .gitignore"]
    assert f"/{AGENT}" in block(project / ".gitignore")
    assert not excluded(project)
    before = (project / ".gitignore").stat()
    assert run("check", cwd=project).code == 0
    assert run("sync", cwd=project).code == 0
    assert (project / ".gitignore").stat() == before


@pytest.mark.parametrize(
    "foreign",
    [
        None,
        b"",
        b"*.log\n",
        b"# build\n\n*.log",
        b"# build\r\n*.log\r\n",
        b"\xef\xbb\xbf*.log\n",
        b"\xef\xbb\xbf# build\r\n*.log\r\n",
        b"\xff\xfe*.log\n",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("command", [("undo",), ("unlink", "--all"), ("off",), ("info",)])
def test_what_a_person_has_in_it_comes_back_byte_for_byte(
    run: Run, project: Path, git: Git, home: Path, foreign: bytes | None, command: tuple[str, ...]
) -> None:
    """And stays meanwhile, with the file's mode; there is none again where there was none."""
    file = project / ".gitignore"
    if foreign is not None:
        file.write_bytes(foreign)
        file.chmod(0o664)
        git("add", ".gitignore", cwd=project)
        git("commit", "-q", "-m", "ignore", cwd=project)
    before = picture(project)
    assert run("sync", cwd=project).code == 0
    assert status(git, project) == [" M .gitignore" if foreign is not None else "?? .gitignore"]
    if foreign is not None:
        rest = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
        assert rest.endswith(foreign.removeprefix(b"\xef\xbb\xbf"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o664
        assert (b"\r\n" in rest) == (b"\r\n" in foreign)
        assert rest.count(b"\n") - rest.count(b"\r\n") in (0, rest.count(b"\n"))
    if command[0] in ("off", "info"):
        choose(home, f'"{command[0]}"')
        assert run("sync", cwd=project).code == 0
        assert (file.read_bytes() if file.exists() else None) == foreign
        assert excluded(project) == (command[0] == "info")
    assert run(*(("unlink", "--all") if command[0] in ("off", "info") else command), cwd=project).code == 0
    assert differences(before, picture(project)) == []


@pytest.mark.parametrize("former", ["true", "false", '"off"'])
def test_switching_the_setting_moves_the_block(run: Run, project: Path, git: Git, home: Path, former: str) -> None:
    """To and fro, with nothing else to do."""
    choose(home, former)
    assert run("sync", cwd=project).code == 0
    assert excluded(project) == (former == "true")
    for _ in range(2):
        choose(home, '"gitignore"')
        assert run("sync", cwd=project).code == 0
        assert (excluded(project), status(git, project)) == (False, ["?? .gitignore"])
        choose(home, former)
        assert run("sync", cwd=project).code == 0
        assert not (project / ".gitignore").exists()
        assert excluded(project) == (former == "true")
    assert (f"?? {AGENT}" in status(git, project)) == (former != "true")


def test_what_is_switched_off_is_not_hidden_any_more(run: Run, project: Path, git: Git, home: Path) -> None:
    """Nor is it complained of."""
    choose(home, "true")
    run("sync", cwd=project)
    choose(home, "false")
    assert run("sync", cwd=project).code == 0
    assert f"?? {AGENT}" in status(git, project)
    assert not excluded(project)
    assert run("check", cwd=project).code == 0


def test_a_link_is_left_and_nothing_private_is_written(run: Run, project: Path, tmp_path: Path) -> None:
    """Replacing it would cut it off; following it would write to who knows where. What is public goes on."""
    shared = tmp_path / "shared"
    shared.write_text("*.log\n")
    (project / ".gitignore").symlink_to(shared)
    (project / "CLAUDE.local.md").write_text("Mine.\n")
    ran = run("sync", cwd=project)
    assert ran.code == 4
    assert "outputs can't be kept out of git status: it is a link" in ran.out + ran.err
    assert (shared.read_text(), (project / ".gitignore").is_symlink()) == ("*.log\n", True)
    assert (project / AGENT).exists()
    assert "Mine." not in "".join(path.read_text() for path in project.glob("AGENTS*.md"))


@pytest.mark.parametrize(("command", "said"), [(("unlink", "--all"), "1 failed"), (("undo",), "not undone: ")])
def test_nothing_is_said_to_be_done_where_nobody_can_tell_what_is_hidden(
    run: Run, project: Path, tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    """All of it stays then."""
    (project / ".gitignore").symlink_to(tmp_path / "elsewhere")
    run("sync", cwd=project)
    ran = run(*command, cwd=project)
    assert ran.code == 4
    assert said in ran.out
    assert "nothing to" not in ran.out
    assert (project / AGENT).exists()


def test_a_damaged_block_is_told_and_left(run: Run, project: Path) -> None:
    """As by a merge: where it ends is a guess, and what follows may be somebody's."""
    run("sync", cwd=project)
    file = project / ".gitignore"
    damaged = file.read_bytes().replace(b"# <<< harnesssync\n", b"mine\n")
    file.write_bytes(damaged)
    (project / ".claude/agents/second.md").write_text("---\nname: second\ndescription: Two\n---\nTwo.\n")
    ran = run("sync", cwd=project)
    assert ran.code == 4
    assert "in .gitignore, then sync again" in ran.out + ran.err
    assert file.read_bytes() == damaged


def test_what_is_private_is_hidden_by_git_s_own_file(run: Run, project: Path, git: Git) -> None:
    """People commit a `.gitignore`, and may take lines out of it; nothing private stands in it, nor depends on it."""
    (project / ".gitignore").write_text(".mcp.json\n.claude/settings.local.json\n")
    server = {"type": "http", "url": "https://a.example/mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"secret": server}}))
    git("rm", "-q", "--cached", ".mcp.json", cwd=project)
    run("ctl", "add", str(project), "--target", "gemini")
    assert run("sync", cwd=project).code == 0
    assert TOKEN in (project / ".gemini/settings.json").read_text()
    assert block(project / ".git/info/exclude") == ["/.gemini/settings.json"]
    assert "/.gemini/settings.json" not in block(project / ".gitignore")
    assert "/.gemini/agents/reviewer.md" in block(project / ".gitignore")
    (project / ".gitignore").write_text("")
    assert "?? .gemini/settings.json" not in status(git, project)


def test_what_comes_to_be_private_is_never_written_because_our_own_line_hides_it(
    run: Run, project: Path, git: Git
) -> None:
    """Our line in a `.gitignore` is no pattern of a person's: what holds things of theirs is not ours to hide."""
    (project / ".gitignore").write_text(".mcp.json\n")
    git("rm", "-q", "--cached", ".mcp.json", cwd=project)
    run("ctl", "add", str(project), "--target", "gemini")
    assert run("sync", cwd=project).code == 0
    settings = project / ".gemini/settings.json"
    assert "/.gemini/settings.json" in block(project / ".gitignore")
    settings.write_text(json.dumps({"theme": "mine", **json.loads(settings.read_text())}))
    server = {"type": "http", "url": "https://a.example/mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"secret": server}}))
    run("ctl", "trust", str(project))
    for _ in range(2):
        run("sync", cwd=project)
        assert "is a credential, written out" in run("status", cwd=project).out
        assert TOKEN not in settings.read_text()
        assert "?? .gemini/settings.json" in status(git, project)


def test_an_edit_of_an_output_is_shown(run: Run, project: Path, git: Git) -> None:
    """Git replaces what it ignores."""
    run("sync", cwd=project)
    with (project / AGENT).open("a") as file:
        file.write("# hours of work\n")
    assert run("sync", cwd=project).code == 1
    assert f"?? {AGENT}" in status(git, project)
    assert run("resolve", AGENT, "--restore", cwd=project).code == 0
    assert status(git, project) == ["?? .gitignore"]


def test_a_persons_own_patterns_count_more(run: Run, project: Path, git: Git) -> None:
    """Whoever shows something to git again means it."""
    (project / ".gitignore").write_text("*.log\n!/AGENTS.md\n")
    git("add", ".gitignore", cwd=project)
    assert run("sync", cwd=project).code == 0
    assert "?? AGENTS.md" in status(git, project)


def test_a_block_that_came_with_a_clone_is_not_ours_to_take_away(
    run: Run, project: Path, git: Git, home: Path, tmp_path: Path
) -> None:
    """Somebody has committed it. Once we have written it anew, an end of all gives back what was there."""
    run("sync", cwd=project)
    git("add", "-A", cwd=project)
    git("commit", "-q", "-m", "ignore", cwd=project)
    clone = tmp_path / "clone"
    git("clone", "-q", str(project), str(clone), cwd=tmp_path)
    committed = (clone / ".gitignore").read_bytes()
    for value, targets in (("true", TARGETS), ('"gitignore"', TARGETS), ('"gitignore"', ("codex",))):
        choose(home, value)
        run("ctl", "add", str(clone), *(f"--target={target}" for target in targets))
        assert run("sync", cwd=clone).code == 0
        assert ((clone / ".gitignore").read_bytes() == committed) == (targets == TARGETS)
        assert run("unlink", "--all", cwd=clone).code == 0
        assert (clone / ".gitignore").read_bytes() == committed
        assert status(git, clone) == []
        shutil.rmtree(home / ".harnesssync/projects")


def test_what_we_wrote_shows_as_ours(run: Run, project: Path) -> None:
    """`explain` says what the block is; of a file without one, that nothing there is ours."""
    assert run("explain", ".gitignore", cwd=project).code == 1
    run("sync", cwd=project)
    ran = run("explain", ".gitignore", cwd=project)
    assert ran.code == 0
    hidden = len(block(project / ".gitignore"))
    assert f".gitignore: a file, made by us, with a block of ours that hides {hidden} outputs from git" in ran.out


def test_what_is_taken_out_of_it_is_hidden_again(run: Run, project: Path, git: Git) -> None:
    """By the next sync, which says so."""
    run("sync", cwd=project)
    (project / ".gitignore").unlink()
    assert run("check", cwd=project).code == 1
    assert "git showed what is hidden again: " in run("sync", cwd=project).out
    assert status(git, project) == ["?? .gitignore"]


def test_what_a_killed_process_left_beside_it_goes(run: Run, project: Path) -> None:
    """With the next sync that has something to look at; but not what may be somebody's edit."""
    run("sync", cwd=project)
    (project / our_name()).write_text("a part")
    edit = project / telling_name("1" * 16, "2" * 16)
    edit.write_text("mine")
    (project / ".claude/agents/second.md").write_text("---\nname: second\ndescription: Two\n---\nTwo.\n")
    assert run("sync", cwd=project).code == 0
    assert [each.name for each in project.glob(".harnesssync-*")] == [edit.name]


def test_a_line_that_somebody_adds_at_the_same_moment_stays(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is saved after we read the file and before ours takes its place: then ours is made anew, with it."""
    file, exchange = project / ".gitignore", swap.exchange
    file.write_text("mine\n")

    def meanwhile(first: str, second: str, *, dir_fd: int | None) -> bool:
        if second == ".gitignore" and "this" not in file.read_text():
            other = file.with_name("editor's")
            other.write_text("mine\nand this\n")
            other.rename(file)
        return exchange(first, second, dir_fd=dir_fd)

    monkeypatch.setattr("harnesssync_orchestrator.files.replacing.exchange", meanwhile)
    assert run("sync", cwd=project).code == 0
    assert file.read_text().endswith("# <<< harnesssync\nmine\nand this\n")
    assert block(file)
