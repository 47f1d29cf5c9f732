"""One sync of one project, with the real adapters, files and git: what a person finds on disk and in the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import anyio.lowlevel
import pytest
from tests.approved import approved

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.plan import ConflictKind
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.errors import LockTimeoutError
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import held
from harnesssync_orchestrator.service import transaction
from harnesssync_orchestrator.service.sync import Engine, Options, sync

pytestmark = pytest.mark.anyio

ALL = ("codex", "gemini", "opencode")
AGENT = "---\nname: reviewer\ndescription: Reviews.\n---\n\nYou review %d.\n"
Sync = Callable[..., Awaitable[Report]]
Tree = dict[str, object]


def write(root: Path, files: Tree) -> None:
    """Files by path; a value that is no text is written as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")


def skill(name: str, text: str = "Do it well.") -> str:
    return f"---\nname: {name}\ndescription: About {name}.\n---\n\n{text}\n"


SOURCE: Tree = {
    "CLAUDE.md": "# Rules\n\nBe kind.\n",
    ".claude/skills/pdf/SKILL.md": skill("pdf"),
    ".claude/skills/pdf/scripts/run.sh": "#!/bin/sh\n",
    ".claude/skills/日本語/SKILL.md": skill("日本語"),
    ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews.\n---\n\nYou review.\n",
    ".claude/commands/git/commit.md": "---\ndescription: Commit.\n---\n\nCommit $ARGUMENTS.\n",
    ".mcp.json": {
        "mcpServers": {
            "files": {"command": "files-program", "args": ["."], "env": {"TOKEN": "${TOKEN}"}},
            "docs": {"type": "http", "url": "https://example.invalid/mcp"},
        }
    },
}


@pytest.fixture
def root(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with a bit of everything."""
    root = tmp_path / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    write(root, SOURCE)
    return root.resolve()


@pytest.fixture
async def engine(home: Path, tmp_path: Path) -> Engine:
    """An engine as the composition root makes it, with managed files of its own."""
    places = replace(Places.from_environment({}, home), managed_dir=tmp_path / "managed")
    return Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=places,
        layout=Layout.from_environment({}, home),
        environ={},
        log=Nowhere(),
    )


class Nowhere:
    """A log for tests that don't read it."""

    def debug(self, event: str, **fields: object) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...


@pytest.fixture
def project(root: Path) -> Project:
    return Project(path=str(root), targets=ALL)


@pytest.fixture
def run(project: Project, engine: Engine) -> Sync:
    """Sync the project, with what it holds approved unless `trusted` is false; other keyword arguments are options."""

    async def run(*, trusted: bool = True, targets_of_project: tuple[str, ...] = ALL, **options: Any) -> Report:
        chosen = replace(project, targets=targets_of_project)
        chosen = approved(chosen, engine.places) if trusted else chosen
        return (await sync(chosen, engine, Options(**options))).report

    return run


@asynccontextmanager
async def no_linking(engine: Engine) -> AsyncIterator[None]:
    """While this is entered no linker gets to work: others hold every place, and no plan counts as a small one."""
    limiter = engine.limits.linking
    others = [object() for _ in range(int(limiter.total_tokens))]
    for other in others:
        limiter.acquire_on_behalf_of_nowait(other)
    with patch.object(transaction, "AT_ONCE", 0):
        yield
    for other in others:
        limiter.release_on_behalf_of(other)


def snapshot(root: Path) -> dict[str, object]:
    """Every path below a root, git's own aside: a link's text, a file's bytes and inode, a folder's name."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name == ".git" or name.startswith(".git/"):
            continue
        if path.is_symlink():
            found[name] = (str(path.readlink()), path.lstat().st_ino)
        elif path.is_file():
            found[name] = (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        else:
            found[name] = "folder"
    return found


# --- what a sync makes


async def test_one_sync_makes_what_every_target_reads(run: Sync, root: Path) -> None:
    """Rules and skills linked, agents and commands rendered, servers merged; references stay references."""
    report = await run()
    assert report.state is State.IN_STEP
    assert str((root / "AGENTS.md").readlink()) == "CLAUDE.md"
    assert str((root / ".agents/skills/pdf").readlink()) == "../../.claude/skills/pdf"
    assert (root / ".agents/skills/日本語/SKILL.md").read_text(encoding="utf-8") == skill("日本語")
    for name in (".codex/agents/reviewer.toml", ".gemini/agents/reviewer.md", ".opencode/agents/reviewer.md"):
        assert "You review." in (root / name).read_text(encoding="utf-8")
    for name in (".codex/config.toml", ".gemini/settings.json", ".opencode/opencode.json"):
        text = (root / name).read_text(encoding="utf-8")
        assert "https://example.invalid/mcp" in text
        assert "TOKEN" in text


async def test_a_second_sync_changes_nothing(run: Sync, root: Path, home: Path) -> None:
    """Not a byte, an inode or a time, in the project or in our own folder."""
    first = await run()
    before, ours = snapshot(root), snapshot(home)
    second = await run()
    assert (snapshot(root), snapshot(home)) == (before, ours)
    assert (second.counts.synced, second.counts.cleaned, second.operations) == (0, 0, ())
    assert second.counts.skipped == first.counts.synced


async def test_a_full_verify_changes_nothing_either(run: Sync, root: Path) -> None:
    """Reading everything again comes to the same result."""
    await run()
    before = snapshot(root)
    report = await run(rehash=True)
    assert snapshot(root) == before
    assert report.state is State.IN_STEP


async def test_git_status_stays_clean(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """Outputs are kept out of it, and nothing that a person made is hidden."""
    git("add", "-A", cwd=root)
    git("commit", "-qm", "all", cwd=root)
    await run()
    assert git("status", "--porcelain", cwd=root) == ""
    (root / ".codex" / "mine.toml").write_text("", encoding="utf-8")
    assert git("status", "--porcelain", "-uall", cwd=root) == "?? .codex/mine.toml"


async def test_state_keeps_unicode_readable_and_hashes_short(run: Sync, project: Project, engine: Engine) -> None:
    """A person can read what was written, and nothing in it is a full hash."""
    await run()
    text = engine.layout.ledger_file(project).read_text(encoding="utf-8")
    assert "日本語" in text
    assert not [word for word in text.split('"') if len(word) == 64]


# --- edits


async def test_an_edited_rule_reaches_every_target(run: Sync, root: Path) -> None:
    """An import makes the link a rendered file; without it the link returns."""
    await run()
    write(root, {"docs/style.md": "Two spaces.\n", "CLAUDE.md": "# Rules\n\n@docs/style.md\n"})
    await run()
    assert not (root / "AGENTS.md").is_symlink()
    assert "Two spaces." in (root / "AGENTS.md").read_text(encoding="utf-8")
    write(root, {"CLAUDE.md": "# Rules\n"})
    await run()
    assert str((root / "AGENTS.md").readlink()) == "CLAUDE.md"


async def test_an_output_of_a_deleted_item_goes(run: Sync, root: Path) -> None:
    """Link, rendered file, and key; the others stay."""
    await run()
    (root / ".claude/agents/reviewer.md").unlink()
    (root / ".claude/skills/pdf").rename(root / "pdf-kept-elsewhere")
    write(root, {".mcp.json": {"mcpServers": {"docs": {"type": "http", "url": "https://example.invalid/mcp"}}}})
    report = await run()
    assert report.counts.cleaned > 0
    assert not (root / ".codex/agents").exists()
    assert not (root / ".agents/skills/pdf").is_symlink()
    assert "files" not in (root / ".opencode/opencode.json").read_text(encoding="utf-8")
    assert (root / ".agents/skills/日本語").is_symlink()


async def test_taking_all_targets_away_gives_the_tree_back(run: Sync, root: Path) -> None:
    """Byte for byte, with comments and order of what a person kept in the merged files."""
    write(
        root,
        {
            ".codex/config.toml": "# mine\nmodel = 'o'   # keep\n",
            ".opencode/opencode.json": '{\n\t"theme": "x", // y\n}',
        },
    )
    before = {name: value[0] if isinstance(value, tuple) else value for name, value in snapshot(root).items()}
    await run()
    assert "mcp_servers" in (root / ".codex/config.toml").read_text(encoding="utf-8")
    await run(targets_of_project=("none",), confirmed=True)
    after = {name: value[0] if isinstance(value, tuple) else value for name, value in snapshot(root).items()}
    assert after == before


# --- git and its ways


async def test_a_switch_of_branches_with_committed_outputs_leaves_them_ours(
    run: Sync, root: Path, git: Callable[..., str]
) -> None:
    """A team commits what we render. On each branch it is in step with other sources, and edits still reach it."""
    output = root / ".codex/agents/reviewer.toml"

    def agent(text: str) -> None:
        write(root, {".claude/agents/reviewer.md": f"---\nname: reviewer\ndescription: Reviews.\n---\n\n{text}\n"})

    await run()
    git("add", "-Af", cwd=root)
    git("commit", "-qm", "one", cwd=root)
    git("checkout", "-qb", "other", cwd=root)
    agent("Another one.")
    await run()
    git("add", "-Af", cwd=root)
    git("commit", "-qm", "two", cwd=root)
    for branch, text in (("main", "You review."), ("other", "Another one."), ("main", "You review.")):
        git("checkout", "-q", branch, cwd=root)
        assert text in output.read_text(encoding="utf-8")
        assert (await run()).state is State.IN_STEP
    agent("A third.")
    assert (await run()).state is State.IN_STEP
    assert "A third." in output.read_text(encoding="utf-8")


async def test_a_clean_by_git_is_made_good(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """`git clean -fdx` takes everything that is ignored, and so all that we wrote."""
    git("add", "-A", cwd=root)
    git("commit", "-qm", "all", cwd=root)
    await run()
    before = list(snapshot(root))
    git("clean", "-fdxq", cwd=root)
    assert not (root / ".codex").exists()
    assert (await run()).state is State.IN_STEP
    assert list(snapshot(root)) == before
    assert git("status", "--porcelain", cwd=root) == ""


async def test_an_exclude_file_that_cannot_be_kept_is_a_failure_and_stops_nothing(
    run: Sync, root: Path, engine: Engine, project: Project
) -> None:
    """Outputs are written and recorded; the report says what to do, again and again until it is done."""
    exclude = root / ".git/info/exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("# >>> harnesssync (appended): no end\n", encoding="utf-8")
    for report in (await run(), await run()):
        assert [failure.code for failure in report.failures] == ["exclude_damaged"]
        assert (report.state, report.exit_code) == (State.PARTIAL, 4)
        assert "info/exclude" in report.failures[0].hint
    assert (root / "AGENTS.md").is_symlink()
    assert "AGENTS.md" in engine.layout.ledger_file(project).read_text(encoding="utf-8")
    exclude.unlink()
    assert (await run()).state is State.IN_STEP


async def test_an_exclude_file_that_another_holds_is_a_failure_too(run: Sync, root: Path, engine: Engine) -> None:
    """All worktrees of a repository share its lock; whoever holds it is named."""
    with held(engine.layout.exclude_lock(root / ".git")):
        report = await run(lock_timeout_s=0.05)
    assert [failure.code for failure in report.failures] == ["lock_timeout"]
    assert str(os.getpid()) in report.failures[0].message
    assert (root / "AGENTS.md").is_symlink()


async def test_outputs_are_hidden_from_git_before_they_are_made(
    run: Sync, root: Path, engine: Engine, until: Callable[..., Awaitable[None]]
) -> None:
    """Else a `git add` that comes in between would take private ones along."""
    exclude = root / ".git/info/exclude"
    async with anyio.create_task_group() as tasks, no_linking(engine):
        tasks.start_soon(run)
        await until(lambda: exclude.exists() and "/AGENTS.md" in exclude.read_text(encoding="utf-8"))
        assert not (root / "AGENTS.md").is_symlink()
    assert (root / "AGENTS.md").is_symlink()


async def test_a_run_for_one_target_hides_what_it_made(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """And leaves the rest of the folder to be seen."""
    git("add", "-A", cwd=root)
    git("commit", "-qm", "all", cwd=root)
    await run(targets=("gemini",))
    write(root, {".codex/config.toml": "# mine\n"})
    assert git("status", "--porcelain", "-uall", cwd=root) == "?? .codex/config.toml"


# --- what is not ours


async def test_a_persons_files_are_conflicts_and_stay(run: Sync, root: Path) -> None:
    """A file, a folder, an entry of the same name; everything else is still synced."""
    mine: Tree = {
        "AGENTS.md": "mine\n",
        ".agents/skills/pdf/SKILL.md": "mine\n",
        ".opencode/opencode.json": {"mcp": {"docs": {"type": "remote", "url": "mine"}}},
    }
    write(root, mine)
    report = await run()
    assert {str(conflict.address) for conflict in report.conflicts} == {
        "AGENTS.md",
        ".agents/skills/pdf",
        ".opencode/opencode.json#/mcp/docs",
    }
    assert (root / "AGENTS.md").read_text(encoding="utf-8") == "mine\n"
    assert not (root / ".agents/skills/pdf").is_symlink()
    assert '"url": "mine"' in (root / ".opencode/opencode.json").read_text(encoding="utf-8")
    assert (root / ".agents/skills/日本語").is_symlink()
    assert (report.state, report.exit_code) == (State.CONFLICT, 1)


async def test_conflicts_are_still_told_when_nothing_changed(run: Sync, root: Path) -> None:
    """A sync that has nothing new to look at must not turn a conflict into a success."""
    write(root, {"AGENTS.md": "mine\n"})
    first, second = await run(), await run()
    assert second.conflicts == first.conflicts
    assert second.exit_code == 1


async def test_an_edited_output_is_drift_and_stays(run: Sync, root: Path) -> None:
    """Also when its item changes, and when it goes."""
    await run()
    output = root / ".codex/agents/reviewer.toml"
    output.write_text(output.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    edited = output.read_bytes()
    assert [conflict.kind for conflict in (await run()).conflicts] == [ConflictKind.DRIFT]
    (root / ".claude/agents/reviewer.md").unlink()
    assert [conflict.kind for conflict in (await run()).conflicts] == [ConflictKind.DRIFT]
    assert output.read_bytes() == edited


async def test_a_drift_of_line_endings_alone_says_so_crlf_hint(run: Sync, root: Path) -> None:
    """It is git's doing, and the message names the setting."""
    await run()
    output = root / ".codex/agents/reviewer.toml"
    output.write_bytes(output.read_bytes().replace(b"\n", b"\r\n"))
    (conflict,) = (await run()).conflicts
    assert "autocrlf" in conflict.hint


async def test_a_write_never_follows_a_link_out(run: Sync, root: Path, home: Path) -> None:
    """A repository that plants links at our places reaches nothing in the home directory."""
    (home / ".codex").mkdir()
    (home / ".bashrc").write_text("mine\n", encoding="utf-8")
    (root / ".codex").symlink_to(home / ".codex")
    (root / "AGENTS.md").symlink_to(home / ".bashrc")
    (root / ".opencode").mkdir()
    (root / ".opencode/opencode.json").symlink_to(home / "planted.json")
    report = await run()
    assert list((home / ".codex").iterdir()) == []
    assert (home / ".bashrc").read_text(encoding="utf-8") == "mine\n"
    assert not (home / "planted.json").exists()
    assert report.exit_code == 1


async def test_an_unparsable_document_stops_that_file_alone(run: Sync, root: Path) -> None:
    """It is left as it is, and the message names the line."""
    write(root, {".codex/config.toml": "a = 1\nb = = 2\n"})
    report = await run()
    assert "line 2" in report.conflicts[0].message
    assert (root / ".codex/config.toml").read_text(encoding="utf-8") == "a = 1\nb = = 2\n"
    assert (root / ".codex/agents/reviewer.toml").exists()


# --- trust and privacy


async def test_an_untrusted_project_gets_text_and_nothing_to_execute(run: Sync, root: Path) -> None:
    """Rules, skills, agents and commands, but no server that starts a program; trust brings it."""
    report = await run(trusted=False)
    assert any("files" in str(held.address) for held in report.held)
    assert report.exit_code == 1
    assert "files-program" not in (root / ".codex/config.toml").read_text(encoding="utf-8")
    assert (root / ".agents/skills/pdf").is_symlink()
    await run(trusted=True)
    assert "files-program" in (root / ".codex/config.toml").read_text(encoding="utf-8")
    await run(trusted=False)
    assert "files-program" not in (root / ".codex/config.toml").read_text(encoding="utf-8")


async def test_private_rules_never_enter_a_file_that_git_tracks(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """`CLAUDE.local.md` reaches a team neither by content nor by `git add`."""
    write(root, {"CLAUDE.local.md": "My secret habit.\n"})
    await run()
    git("add", "-A", cwd=root)
    staged = git("ls-files", cwd=root).split("\n")
    for name in staged:
        if name != "CLAUDE.local.md" and (root / name).is_file():
            assert "secret habit" not in (root / name).read_text(encoding="utf-8")


# --- halts, locks and crashes


async def test_a_source_that_empties_at_once_halts_the_project(run: Sync, root: Path) -> None:
    """Nothing is removed until it returns or a person confirms."""
    await run()
    before = snapshot(root)
    for name in ("CLAUDE.md", ".mcp.json", ".claude"):
        (root / name).rename(root.parent / f"away-{name}")
    report = await run()
    assert (report.state, report.halt, report.exit_code) == (State.HALTED, "source-emptied", 1)
    assert (root / "AGENTS.md").is_symlink()
    assert (await run()).state is State.HALTED
    for name in ("CLAUDE.md", ".mcp.json", ".claude"):
        (root.parent / f"away-{name}").rename(root / name)
    assert (await run()).state is State.IN_STEP
    assert {k for k, v in snapshot(root).items()} == set(before)


async def test_a_confirmed_empty_source_takes_its_outputs_with_it(run: Sync, root: Path) -> None:
    """Nothing of ours is left behind, not even folders."""
    await run()
    for name in ("CLAUDE.md", ".mcp.json", ".claude"):
        (root / name).rename(root.parent / f"away-{name}")
    await run(confirmed=True)
    assert [path.name for path in root.iterdir()] == [".git"]


async def test_git_at_work_is_waited_for(run: Sync, root: Path) -> None:
    """While it holds its index nothing is read, and afterwards everything."""
    (root / ".git/index.lock").touch()
    async with anyio.create_task_group() as tasks:

        async def finish() -> None:
            await anyio.sleep(0.1)
            (root / ".git/index.lock").unlink()

        tasks.start_soon(finish)
        report = await run()
    assert report.state is State.IN_STEP


async def test_git_that_goes_on_working_is_named(run: Sync, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the way, and what to do about it."""
    monkeypatch.setattr("harnesssync_orchestrator.service.run.GIT_SETTLES_S", 0.05)
    (root / ".git/MERGE_HEAD").touch()
    report = await run()
    assert (report.halt, report.halt_message) == ("git-busy", "a merge is under way in it: end it, git status says how")


async def test_two_syncs_of_a_project_take_turns_double_sync(run: Sync) -> None:
    """The second finds everything done."""
    reports: list[Report] = []

    async def one() -> None:
        reports.append(await run())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one)
        tasks.start_soon(one)
    assert sorted(report.counts.synced > 0 for report in reports) == [False, True]
    assert all(report.state is State.IN_STEP for report in reports)


async def test_a_lock_that_another_process_holds_times_out(run: Sync, engine: Engine, project: Project) -> None:
    """The message names the holder."""
    with held(engine.layout.sync_lock(project.id)), pytest.raises(LockTimeoutError, match=str(os.getpid())):
        await run(lock_timeout_s=0.05)


async def test_two_projects_never_block_each_other(run: Sync, engine: Engine) -> None:
    """A lock of another project is none of this one's business."""
    with held(engine.layout.sync_lock("0" * 16)):
        assert (await run(lock_timeout_s=0.05)).state is State.IN_STEP


async def test_a_ledger_that_cannot_be_read_is_kept_and_its_outputs_are_taken_over(
    run: Sync, root: Path, engine: Engine, project: Project, git: Callable[..., str]
) -> None:
    """What is as it should be is ours again, and goes with its item, unless git has it: that may be a person's."""
    await run()
    git("add", "-f", ".gemini/agents/reviewer.md", cwd=root)
    ledger = engine.layout.ledger_file(project)
    ledger.write_text("{", encoding="utf-8")
    assert (await run(dry_run=True)).problems[0].code == "state_corrupt"
    assert ledger.read_text(encoding="utf-8") == "{"
    assert [problem.code for problem in (await run()).problems] == ["state_corrupt"]
    assert list(ledger.parent.glob("state.json.bak.*"))
    assert git("status", "--porcelain", "--", ".codex", ".agents", ".opencode/opencode.json", cwd=root) == ""
    (root / ".claude/agents/reviewer.md").unlink()
    write(root, {".mcp.json": {"mcpServers": {}}})
    await run()
    assert not (root / ".codex/agents/reviewer.toml").exists()
    assert not (root / ".opencode/opencode.json").exists()
    assert (root / ".gemini/agents/reviewer.md").exists()


async def test_what_is_gone_is_not_hidden_from_git_any_more(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """Else a file that a person writes there later would be invisible to git."""
    await run()
    write(root, {".mcp.json": {"mcpServers": {}}})
    await run()
    write(root, {".opencode/opencode.json": {"theme": "mine"}})
    assert ".opencode/opencode.json" in git("status", "--porcelain", "-uall", cwd=root)


@pytest.mark.parametrize("before", [True, False])
async def test_git_never_replaces_a_persons_file_that_we_hid(
    run: Sync, root: Path, git: Callable[..., str], before: bool
) -> None:
    """What git ignores it overwrites without a word: a file with anything of a person's in it is never hidden."""
    write(root, {"CLAUDE.local.md": "Mine.\n"})
    git("checkout", "-qb", "other", cwd=root)
    write(root, {".opencode/opencode.json": {"theme": "theirs"}})
    git("add", ".opencode/opencode.json", cwd=root)
    git("commit", "-qm", "theirs", cwd=root)
    git("checkout", "-q", "--orphan", "main", cwd=root)
    git("rm", "-qf", ".opencode/opencode.json", cwd=root)
    if before:
        write(root, {".opencode/opencode.json": {"theme": "mine"}})
    await run()
    if not before:
        text = (root / ".opencode/opencode.json").read_text(encoding="utf-8")
        (root / ".opencode/opencode.json").write_text(text.replace("{", '{\n  "theme": "mine",', 1), encoding="utf-8")
    await run()
    assert "?? .opencode/opencode.json" in git("status", "--porcelain", "-uall", cwd=root)
    assert "CLAUDE.local.md" not in (root / ".opencode/opencode.json").read_text(encoding="utf-8")
    done = await anyio.run_process(["git", "checkout", "-q", "other"], cwd=root, check=False)
    assert b"would be overwritten" in done.stderr
    assert '"theme": "mine"' in (root / ".opencode/opencode.json").read_text(encoding="utf-8")


async def test_the_section_of_a_removed_worktree_goes_and_others_stay(
    run: Sync, root: Path, engine: Engine, git: Callable[..., str], tmp_path: Path
) -> None:
    """What a person writes later where it had outputs must not be hidden; a worktree that is there keeps its own."""
    git("add", "-A", cwd=root)
    git("commit", "-qm", "all", cwd=root)
    for name in ("kept", "gone"):
        git("worktree", "add", "-q", "-b", name, str(tmp_path / name), cwd=root)
        project = Project(path=str((tmp_path / name).resolve()), targets=ALL)
        await sync(approved(project, engine.places), engine)
    await run()
    exclude = root / ".git/info/exclude"
    assert exclude.read_text(encoding="utf-8").count("/AGENTS.md\n") == 3
    git("worktree", "remove", "--force", str(tmp_path / "gone"), cwd=root)
    write(root, {".claude/skills/new/SKILL.md": skill("new")})
    await run()
    assert exclude.read_text(encoding="utf-8").count("/AGENTS.md\n") == 2
    assert git("status", "--porcelain", cwd=tmp_path / "kept") == ""


async def test_names_that_are_not_utf_8_cost_nothing_but_their_item(run: Sync, root: Path) -> None:
    """The item is told and left out; the sync goes on, now and the next time."""
    folder = os.fsencode(root / ".claude/commands")
    Path(os.fsdecode(folder + b"/\xff\xfe.md")).write_bytes(b"hi")
    for _ in range(2):
        report = await run()
        assert "name_unsafe" in {problem.code for problem in report.problems}
        assert report.state is State.IN_STEP
    assert (root / ".opencode/commands/git/commit.md").exists()


async def test_an_agent_keeps_its_limits_while_the_servers_cannot_be_read(run: Sync, root: Path) -> None:
    """They name the servers: written from a file that is being edited they would let the agent reach them."""
    write(root, {".claude/agents/reader.md": "---\nname: reader\ndescription: R.\ntools: Read\n---\n\nYou read.\n"})
    await run()
    before = (root / ".opencode/agents/reader.md").read_bytes()
    assert b"docs" in before
    write(root, {".mcp.json": '{"mcpServers": {"x": '})
    report = await run()
    assert [problem.line for problem in report.problems] == [1]
    assert (root / ".opencode/agents/reader.md").read_bytes() == before


async def test_a_sync_that_is_killed_twice_still_knows_what_is_ours(
    run: Sync, root: Path, engine: Engine, home: Path
) -> None:
    """The first wrote some outputs, the second took them over and wrote more; a third ends it, and all of it goes
    again with its source, temporaries included."""
    for number in range(120):
        write(root, {f".claude/agents/a{number}.md": f"---\nname: a{number}\ndescription: D.\n---\n\n{number}\n"})
    command = [sys.executable, "-m", "harnesssync_orchestrator", "sync", "--project", str(root)]
    command += [word for target in ALL for word in ("--target", target)]
    for wanted in (30, 80):
        async with await anyio.open_process(command, stdout=subprocess.DEVNULL) as process:
            while process.returncode is None and len(list(root.glob(".codex/agents/*.toml"))) < wanted:
                await anyio.lowlevel.checkpoint()
            process.kill()
    assert (await run()).state is State.IN_STEP
    assert not [path for path in root.rglob(".harnesssync-*") if "source" not in path.name]
    for name in ("CLAUDE.md", ".mcp.json", ".claude"):
        (root / name).rename(root.parent / f"away-{name}")
    await run(confirmed=True)
    assert [path.name for path in root.iterdir()] == [".git"]


async def test_a_crash_between_writing_and_recording_heals_itself(
    run: Sync, root: Path, engine: Engine, project: Project
) -> None:
    """What an unfinished sync was about to write is ours when it is found, and goes with its item."""
    await run()
    file = engine.layout.ledger_file(project)
    document = json.loads(file.read_text(encoding="utf-8"))
    rows = {name: row["hash"] for target in document["targets"].values() for name, row in target.items()}
    file.write_text(json.dumps({**document, "targets": {}, "pending": rows}), encoding="utf-8")
    assert (await run()).state is State.IN_STEP
    (root / ".claude/agents/reviewer.md").unlink()
    await run()
    assert not (root / ".codex/agents/reviewer.toml").exists()


async def test_a_crash_leaves_nothing_that_git_shows(
    run: Sync,
    root: Path,
    engine: Engine,
    project: Project,
    git: Callable[..., str],
    until: Callable[..., Awaitable[None]],
) -> None:
    """Neither at once nor when everything goes: what was made around our keys is as much ours as they are."""
    git("add", "-A", cwd=root)
    git("commit", "-qm", "all", cwd=root)
    before = {name for name, what in snapshot(root).items() if what != "folder"}
    file = engine.layout.ledger_file(project)
    async with anyio.create_task_group() as tasks, no_linking(engine):
        tasks.start_soon(run)
        await until(lambda: file.exists() and json.loads(file.read_text(encoding="utf-8"))["pending"] != {})
        before_the_first_change = file.read_bytes()
    file.write_bytes(before_the_first_change)  # as if the process had been killed before it could record
    engine.layout.footprint_file(project.id).unlink(missing_ok=True)
    assert (await run()).state is State.IN_STEP
    assert git("status", "--porcelain", cwd=root) == ""
    assert json.loads(file.read_text(encoding="utf-8"))["pending"] == {}
    await run(targets_of_project=("none",))
    assert {name for name, what in snapshot(root).items() if what != "folder"} == before


async def test_a_sync_that_is_cancelled_records_what_it_wrote(run: Sync, root: Path) -> None:
    """The next one goes on from there; nothing has become foreign, and nothing is in doubt."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(10):
            while not (root / ".agents/skills").exists():
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert (await run()).state is State.IN_STEP
    await run(targets_of_project=("none",))
    assert not (root / "AGENTS.md").is_symlink()
    assert not (root / ".codex").exists()


async def test_a_footprint_that_cannot_be_kept_costs_time_and_nothing_else(
    run: Sync, root: Path, engine: Engine, project: Project
) -> None:
    """A full disk, say: the sync has done its work, and says that another process has more to do."""
    engine.layout.footprint_file(project.id).mkdir(parents=True)
    report = await run()
    assert (report.state, report.exit_code) == (State.IN_STEP, 0)
    assert any(str(engine.layout.project_dir(project.id)) in note for note in report.notes)
    again = await run()
    assert (again.state, again.unchanged) == (State.IN_STEP, True)
    assert (root / "AGENTS.md").is_symlink()


async def test_missing_outputs_are_made_again(run: Sync, root: Path) -> None:
    """After `git clean`, or a deletion by mistake."""
    await run()
    (root / "AGENTS.md").unlink()
    (root / ".codex/config.toml").unlink()
    assert (await run()).counts.synced > 0
    assert (root / "AGENTS.md").is_symlink()
    assert (root / ".codex/config.toml").exists()


async def test_a_dry_run_writes_nothing(run: Sync, root: Path, home: Path) -> None:
    """Neither outputs nor anything of ours that a later sync would believe."""
    before = snapshot(root), snapshot(home)
    report = await run(dry_run=True)
    assert report.state is State.OUT_OF_STEP
    assert report.operations
    assert (snapshot(root), snapshot(home)) == before


async def test_one_run_can_be_limited_to_a_target(run: Sync, root: Path) -> None:
    """The others are left as they are."""
    await run(targets=("gemini",))
    assert (root / ".gemini/agents/reviewer.md").exists()
    assert not (root / ".codex").exists()
    assert (await run()).counts.synced > 0
    assert (root / ".codex/agents/reviewer.toml").exists()


async def test_the_user_scope_is_a_project_of_its_own(engine: Engine, home: Path) -> None:
    """Its sources are below the home directory, its links are absolute, its ledger stands in our root."""
    write(home, {".claude/CLAUDE.md": "# Mine\n", ".claude/skills/pdf/SKILL.md": skill("pdf")})
    user = Project(path=str(home.resolve()), scope=Scope.USER, targets=ALL)
    report = (await sync(user, engine)).report
    assert report.state is State.IN_STEP
    assert (home / ".codex/AGENTS.md").read_text(encoding="utf-8") == "# Mine\n"
    assert Path(str((home / ".agents/skills/pdf").readlink())).is_absolute()
    assert (engine.layout.root / "state.json").stat().st_mode & 0o777 == 0o600
    (home / ".bash_history").write_text("ls\n", encoding="utf-8")
    before = snapshot(home)
    await sync(user, engine)
    assert snapshot(home) == before


async def test_what_to_watch_names_folders_that_matter(project: Project, engine: Engine, root: Path) -> None:
    """Of sources and of outputs, but none of git's or of installed packages; and that of the ledger."""
    write(root, {"node_modules/x/CLAUDE.md": "no\n", "src/deep/file.py": "\n", "packages/api/CLAUDE.md": "yes\n"})
    result = await sync(project, engine)
    watched = {
        Path(folder).relative_to(root).as_posix() for folder in result.watch if Path(folder).is_relative_to(root)
    }
    assert {".", ".claude", ".claude/skills/pdf/scripts", "packages/api"} <= watched
    assert {".agents/skills", ".codex", ".codex/agents", ".gemini", ".opencode/commands/git"} <= watched
    assert not {name for name in watched if name.startswith((".git/", "node_modules", "src"))}
    assert str(engine.layout.project_dir(project.id)) in result.watch


async def test_outputs_stay_watched_when_sources_written_a_moment_ago_are_read_once_more(
    project: Project, engine: Engine, root: Path
) -> None:
    """Their signatures say nothing yet: what they say is then compared, and the outputs are to be watched all the
    same."""
    chosen = approved(project, engine.places)
    await sync(chosen, engine)
    for _ in range(5):
        write(
            root, {"CLAUDE.md": f"# Rules\n\n{time.time_ns()}\n", ".claude/agents/reviewer.md": AGENT % time.time_ns()}
        )
        result = await sync(chosen, engine)
        assert {str(root / ".codex/agents"), str(root / ".claude/agents")} <= result.watch
