"""What `.worktreeinclude` names: a new worktree begins with a copy, and from then on that is a person's."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Git = Callable[..., str]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def main(tmp_path: Path, git: Git) -> Path:
    """A main checkout with files that git ignores, of which a list names some."""
    root = tmp_path.resolve() / "main"
    write(
        root,
        {
            ".gitignore": ".env*\n*.key\nbuild/\n",
            ".worktreeinclude": "# what the program needs\n.env\n**/*.key\n!test.key\nnotes.txt\nCLAUDE.md\n",
            "CLAUDE.md": "# Rules\n",
        },
    )
    git("init", "-q", cwd=root)
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    write(
        root,
        {
            ".env": "PASSWORD=hunter2-of-the-main-checkout\n",
            ".env.other": "not named\n",
            "certs/local.key": "key\n",
            "certs/test.key": "taken back by the list\n",
            "notes.txt": "named, but git would show it\n",
            "build/output": "ignored, but not named\n",
        },
    )
    (root / ".env").chmod(0o600)
    (root / "certs/local.key").chmod(0o755)
    return root


def brought(root: Path) -> dict[str, str]:
    """What a worktree has besides what git tracks and what lies in git's own files."""
    tracked = {".gitignore", ".worktreeinclude", "CLAUDE.md", ".git"}
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {path.relative_to(root).as_posix(): path.read_text() for path in files if path.name not in tracked}


ALL = {".env": "PASSWORD=hunter2-of-the-main-checkout\n", "certs/local.key": "key\n"}


def test_a_new_worktree_begins_with_what_is_named_and_ignored(run: Run, git: Git, main: Path, linked: Path) -> None:
    """With the permissions that it has in the main checkout, and out of git here too."""
    write(linked, {".gitignore": "\n"})
    git("commit", "-q", "-a", "-m", "ignore nothing", cwd=linked)
    ran = run("sync", cwd=linked)
    assert (ran.code, ran.err) == (0, "")
    assert brought(linked) == ALL
    modes = {name: stat.S_IMODE((linked / name).stat().st_mode) for name in ALL}
    assert modes == {".env": 0o600, "certs/local.key": 0o755}
    assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""
    assert "?? notes.txt" in git("status", "--short", cwd=main)


def test_it_is_told_nowhere_what_is_in_them(run: Run, main: Path, linked: Path, home: Path) -> None:
    """Not in a plan, an explanation, a ledger or a history."""
    told = [run("diff", cwd=linked), run("sync", "--verbose", cwd=linked), run("explain", ".env", cwd=linked)]
    told += [run("status", "--json", cwd=linked), run("diff", "--json", cwd=linked)]
    assert not any("hunter2" in ran.out + ran.err for ran in told)
    assert f"file .env, inherited: {main}/.env" in told[2].out
    kept = [path for path in (home / ".harnesssync").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"hunter2" in path.read_bytes() for path in kept)


def test_what_is_there_is_never_written_over(run: Run, main: Path, linked: Path) -> None:
    """Claude Code, or a person, was there before: even the same text is theirs, and stays when ours goes."""
    write(linked, {".env": "PASSWORD=mine\n", "certs/local.key": "key\n"})
    ran = run("sync", cwd=linked)
    assert (ran.code, "conflict" in ran.out) == (0, False)
    run("unlink", "--all", cwd=linked)
    assert brought(linked) == {".env": "PASSWORD=mine\n", "certs/local.key": "key\n"}


def test_it_happens_once(run: Run, git: Git, main: Path, linked: Path) -> None:
    """What is edited, or deleted, afterwards stays so, whatever becomes of the file in the main checkout."""
    run("sync", cwd=linked)
    write(main, {".env": "PASSWORD=changed\n", "certs/local.key": "changed\n"})
    write(linked, {".env": "PASSWORD=edited\n"})
    (linked / "certs/local.key").unlink()
    for _ in range(2):
        ran = run("sync", "--rehash", cwd=linked)
        assert (ran.code, "conflict" in ran.out) == (0, False)
        assert brought(linked) == {".env": "PASSWORD=edited\n"}
        assert run("check", cwd=linked).code == 0
    assert git("status", "--short", cwd=linked) == ""


@pytest.mark.parametrize("how", ["gone", "not named", "no more named", "narrowed", "switched off"])
def test_a_copy_does_not_go_by_itself(run: Run, git: Git, main: Path, linked: Path, home: Path, how: str) -> None:
    """A program may be running on it; the list may only be missing on the branch that the main checkout is on. Nor does
    git show it by then, whatever the branch says: it may hold a password."""
    write(linked, {".gitignore": "\n"})
    git("commit", "-q", "-a", "-m", "ignore nothing", cwd=linked)
    run("sync", cwd=linked)
    if how == "gone":
        (main / ".env").unlink()
        (main / "certs/local.key").unlink()
    elif how == "not named":
        (main / ".worktreeinclude").unlink()
    elif how == "no more named":
        write(main, {".worktreeinclude": ""})
    else:
        inherit = '["rules"]' if how == "narrowed" else "false"
        write(home, {".harnesssync/config.toml": f"[worktrees]\ninherit = {inherit}\n"})
    for _ in range(2):
        ran = run("sync", cwd=linked)
        assert (ran.code, "conflict" in ran.out) == (0, False)
        assert brought(linked) == ALL
        assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""


def test_unlink_and_undo_take_back_what_nobody_edited(run: Run, main: Path, linked: Path) -> None:
    """The rest is a person's, and no conflict when all of ours goes."""
    run("sync", cwd=linked)
    assert run("undo", cwd=linked).code == 0
    assert brought(linked) == {}
    run("ctl", "resume", cwd=linked)
    run("sync", cwd=linked)
    assert brought(linked) == ALL
    write(linked, {".env": "PASSWORD=edited\n"})
    ran = run("unlink", "--all", cwd=linked)
    assert (ran.code, "conflict" in ran.out) == (0, False)
    assert brought(linked) == {".env": "PASSWORD=edited\n"}


def test_what_a_branch_tracks_is_the_branchs(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Also when that says the same."""
    run("sync", cwd=linked)
    git("add", "--force", ".env", cwd=linked)
    ran = run("sync", cwd=linked)
    assert (ran.code, "loss" in ran.out) == (0, False)
    run("unlink", "--all", cwd=linked)
    assert (linked / ".env").exists()


def test_a_file_that_comes_later_is_brought_then(run: Run, main: Path, linked: Path) -> None:
    """As long as the list names it."""
    (main / ".env").rename(main / "elsewhere.env")
    run("sync", cwd=linked)
    assert brought(linked) == {"certs/local.key": "key\n"}
    (main / "elsewhere.env").rename(main / ".env")
    run("sync", cwd=linked)
    assert brought(linked) == ALL


def test_configuration_comes_as_such_or_not_at_all(run: Run, main: Path, linked: Path) -> None:
    """Nothing is executed because a list names it, and what harnesses get from us is made here, not brought along."""
    settings = json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "x"}]}]}})
    write(
        main,
        {
            ".gitignore": ".env*\n*.key\n.claude\n.mcp.json\n",
            ".worktreeinclude": ".claude\n.mcp.json\nAGENTS*\n*.local.md\n",
            ".claude/settings.json": settings,
            ".claude/settings.local.json": settings,
            ".claude/notes.md": "not configuration",
            ".mcp.json": '{"mcpServers": {"notes": {"command": "notes"}}}',
            "CLAUDE.local.md": "Mine.\n",
        },
    )
    run("sync", "--target", "codex", cwd=main)
    assert (main / "AGENTS.override.md").is_file()
    run("sync", "--target", "claude-code", cwd=linked)
    links = [path for path in linked.rglob("*") if path.is_symlink()]
    assert [path.name for path in links] == ["CLAUDE.local.md"]
    assert {name for name in brought(linked) if not (linked / name).is_symlink()} == {".claude/notes.md"}


def test_an_output_goes_before_a_file_that_is_named(run: Run, git: Git, main: Path, linked: Path) -> None:
    """And is no clash: a worktree has its own, made of what it says."""
    write(main, {".gitignore": "AGENTS.md\n", ".worktreeinclude": "AGENTS.md\n", "AGENTS.md": "old\n"})
    ran = run("sync", "--target", "codex", "--target", "claude-code", cwd=linked)
    assert "conflict" not in ran.out
    assert (linked / "AGENTS.md").resolve() == linked / "CLAUDE.md"


def test_what_is_no_plain_file_is_left_out(run: Run, main: Path, linked: Path) -> None:
    """A link may lead anywhere, a pipe never ends, and data is for a person to copy."""
    (main / ".env").unlink()
    (main / ".env").symlink_to("/etc/hostname")
    os.mkfifo(main / "certs/pipe.key")
    with (main / "certs/big.key").open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    ran = run("sync", cwd=linked)
    assert brought(linked) == {"certs/local.key": "key\n"}
    assert "certs/big.key: it is too large to be brought along. Copy it yourself" in ran.out + ran.err


def test_without_hiding_it_is_not_brought_where_git_would_show_it(
    run: Run, git: Git, main: Path, linked: Path, home: Path
) -> None:
    """A person may have switched that off."""
    write(home, {".harnesssync/config.toml": "[git]\nexclude = false\n"})
    write(linked, {".gitignore": ".env\n"})
    git("commit", "-q", "-a", "-m", "ignore less", cwd=linked)
    run("sync", cwd=linked)
    assert brought(linked) == {".env": ALL[".env"]}


def test_what_is_too_much_in_all_is_told_once(run: Run, main: Path, linked: Path) -> None:
    """No file is called too large for what others take."""
    write(main, {"certs/local.key": "key\n"})
    for number in range(6):
        (main / "certs" / f"{number}.key").write_bytes(b"x" * 3_900_000)
    told = json.loads(run("sync", "--json", cwd=linked).out)["projects"][0]["problems"]
    assert [(problem["code"], problem["file"]) for problem in told] == [
        ("include_too_many", f"{main}/.worktreeinclude")
    ]
    assert len(list((linked / "certs").iterdir())) == 4
