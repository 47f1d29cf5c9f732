"""Trust, halts and pausing through whole syncs, as a project lives through them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.approved import approved

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.core.trust import Why
from harnesssync_orchestrator.files.approving import Approving
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.locks import held as locked
from harnesssync_orchestrator.files.registry import Registry
from harnesssync_orchestrator.service.sync import Engine, Options, sync

pytestmark = pytest.mark.anyio

ALL = ("codex", "gemini", "opencode")
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")
Sync = Callable[..., Awaitable[Report]]


def write(root: Path, name: str, content: object) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def hook(command: str) -> dict[str, Any]:
    return {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}


def servers(**commands: str) -> dict[str, Any]:
    return {"mcpServers": {name: {"command": command} for name, command in commands.items()}}


@pytest.fixture
def root(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with text, a hook and two servers."""
    root = tmp_path.resolve() / "project"
    root.mkdir()
    git("init", "-q", cwd=root)
    write(root, "CLAUDE.md", "# Rules\n")
    write(root, ".claude/settings.json", hook("first-hook"))
    write(root, ".mcp.json", servers(files="files-server", docs="docs-server"))
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    return root


@pytest.fixture
async def engine(home: Path, tmp_path: Path, readable_log: Any) -> Engine:
    return Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=replace(Places.from_environment({}, home), managed_dir=tmp_path / "managed"),
        layout=Layout.from_environment({}, home),
        environ={},
        log=readable_log.log,
    )


@pytest.fixture
def approving(engine: Engine) -> Approving:
    registry = Registry(engine.layout.registry_file, engine.layout.registry_lock)
    return Approving(registry=registry, layout=engine.layout, places=engine.places)


@pytest.fixture
def run(root: Path, engine: Engine, approving: Approving) -> Sync:
    """Sync a worktree as the registry has it."""

    async def run(path: Path = root, **options: Any) -> Report:
        project = replace(approving.registry.project(path), targets=ALL)
        return (await sync(project, engine, Options(**options))).report

    return run


def outputs(root: Path) -> str:
    """All that was written for the harnesses, in one text."""
    files = (".codex/config.toml", ".codex/hooks.json", ".gemini/settings.json", ".opencode/opencode.json")
    return "".join((root / name).read_text() for name in files if (root / name).exists())


def held(report: Report) -> dict[str, Why]:
    return {str(item): each.why for each in report.held for item in each.items}


async def test_what_changes_after_the_approval_is_held_back_and_the_rest_stays(
    run: Sync, root: Path, approving: Approving
) -> None:
    """The value that was approved goes, since the source no longer says it; another look lets the new one through."""
    approving.approve(root)
    assert (await run()).held == ()
    assert "first-hook" in outputs(root)
    write(root, ".claude/settings.json", hook("evil-hook"))
    report = await run()
    assert held(report) == {"hook Stop[]#1": Why.CHANGED}
    assert report.exit_code == 1
    assert "hook" not in outputs(root)
    assert "files-server" in outputs(root)
    approving.approve(root)
    assert (await run()).exit_code == 0
    assert "evil-hook" in outputs(root)


async def test_what_is_new_is_held_back_and_text_goes_on(run: Sync, root: Path, approving: Approving) -> None:
    """A pull that brings a server and a rule brings the rule."""
    approving.approve(root)
    await run()
    write(root, ".mcp.json", servers(files="files-server", docs="docs-server", evil="evil-server"))
    write(root, "CLAUDE.md", "# Rules\n\n@more.md\n")
    write(root, "more.md", "More rules.\n")
    report = await run()
    assert held(report) == {"mcp_server evil": Why.CHANGED}
    assert "evil-server" not in outputs(root)
    assert "docs-server" in outputs(root)
    assert "More rules." in (root / "AGENTS.md").read_text()


async def test_a_command_is_held_back_where_its_shell_would_be_run(run: Sync, root: Path, approving: Approving) -> None:
    """It is text for the others. Whatever is changed in it, it waits again."""
    approving.approve(root)
    paths = (root / ".opencode/commands/run.md", root / ".gemini/commands/run.toml")
    other = root / ".codex/skills/run/SKILL.md"
    for text in ("State: !`git status`\n", "State: !`git status; touch x`\n"):
        write(root, ".claude/commands/run.md", text)
        report = await run()
        assert (held(report), report.exit_code) == ({"command run": Why.CHANGED}, 1)
        assert [path.exists() for path in paths] == [False, False]
        assert "first run `git status" in other.read_text()
        (waiting,) = approving.review(root).waiting
        assert waiting.lines == ("name: run", f"text: {text.rstrip()}", "    ")
        approving.approve(root)
        assert (await run()).held == ()
        assert [text.split("`")[1] in path.read_text() for path in paths] == [True, True]


async def test_a_file_that_is_swapped_between_the_look_and_the_sync_is_held_back(
    run: Sync, root: Path, engine: Engine
) -> None:
    """What was approved is what was read then, whatever the file says by now."""
    project = approved(Project(path=str(root), targets=ALL), engine.places)
    write(root, ".mcp.json", servers(files="evil-server", docs="docs-server"))
    report = (await sync(project, engine)).report
    assert held(report) == {"mcp_server files": Why.CHANGED}
    assert "evil-server" not in outputs(root)


async def test_an_approval_or_its_end_is_noticed_where_nothing_else_has_changed(
    run: Sync, root: Path, approving: Approving
) -> None:
    """What a sync remembers of the last one holds for the approvals of then."""
    for _ in range(2):
        assert len(held(await run())) == 3
        assert len(held(await run())) == 3
        approving.approve(root)
        assert held(await run()) == {}
        assert (await run()).unchanged
        assert "files-server" in outputs(root)
        approving.revoke(root)
    assert len(held(await run())) == 3
    assert "server" not in outputs(root)


async def test_worktrees_of_one_repository_share_what_was_approved(
    run: Sync, root: Path, approving: Approving, git: Callable[..., str]
) -> None:
    """One that differs in a server gets all but that."""
    approving.add(root)
    linked = root.parent / "linked"
    git("worktree", "add", "-q", str(linked), cwd=root)
    assert (await run(linked)).held == ()
    write(linked, ".mcp.json", servers(files="other-server", docs="docs-server"))
    assert held(await run(linked)) == {"mcp_server files": Why.CHANGED}
    assert (await run()).held == ()


def remount(approving: Approving) -> None:
    """Let the registry say what it would if every file system now had another number, and none knew itself."""
    file = approving.registry.path
    document = json.loads(file.read_text())
    for row in document["approvals"].values():
        row.update(device=row["device"] + 1, filesystem=0)
    file.write_text(json.dumps(document))


def lose(approving: Approving) -> None:
    """Let the registry say nothing that can be read."""
    approving.registry.path.write_text("{ nothing")


DOUBTS = pytest.mark.parametrize(("cause", "why"), [(remount, Why.REMOUNTED), (lose, Why.FORGOTTEN)])


def bytes_of(root: Path) -> dict[str, tuple[bytes, int]]:
    files = (".codex/config.toml", ".codex/hooks.json", ".gemini/settings.json", ".opencode/opencode.json", "AGENTS.md")
    there = (root / name for name in files if (root / name).exists())
    return {path.name: (path.read_bytes(), path.lstat().st_ino) for path in there}


@DOUBTS
async def test_what_may_have_been_approved_is_left_as_it_is_until_a_person_answers(
    run: Sync, root: Path, approving: Approving, cause: Callable[[Approving], None], why: Why
) -> None:
    """It is told each time; no byte changes, also in text, which goes on. Then the answer is done."""
    approving.approve(root)
    await run()
    before = bytes_of(root)
    cause(approving)
    for _ in range(2):
        report = await run()
        assert (set(held(report).values()), report.exit_code, report.operations) == ({why}, 1, ())
        assert all(each.stays for each in report.held)
        assert bytes_of(root) == before
    write(root, "CLAUDE.md", "# Other rules\n")
    await run()
    assert "Other rules" in (root / "AGENTS.md").read_text()
    approving.approve(root)
    report = await run()
    assert (report.held, report.exit_code) == ((), 0)
    cause(approving)
    approving.revoke(root)
    report = await run()
    assert set(held(report).values()) == {Why.UNAPPROVED}
    assert "server" not in outputs(root)
    assert "hook" not in outputs(root)


@DOUBTS
async def test_nothing_new_or_changed_comes_while_approvals_are_in_doubt(
    run: Sync, root: Path, approving: Approving, cause: Callable[[Approving], None], why: Why
) -> None:
    """What an approved item came to say goes with it, as ever; the others stay."""
    approving.approve(root)
    await run()
    cause(approving)
    write(root, ".claude/settings.json", hook("evil-hook"))
    write(root, ".mcp.json", servers(files="files-server", docs="evil-server", more="more-server"))
    report = await run()
    assert held(report)["mcp_server files"] is why
    assert "files-server" in outputs(root)
    assert not any(word in outputs(root) for word in ("evil", "more-server", "docs-server", "first-hook"))


@DOUBTS
async def test_an_answer_for_one_worktree_takes_nothing_from_another(
    run: Sync, root: Path, approving: Approving, git: Callable[..., str], cause: Callable[[Approving], None], why: Why
) -> None:
    """What only the other one holds is still in doubt, until it is looked at there, or all of it is taken back."""
    linked = root.parent / "linked"
    git("worktree", "add", "-q", str(linked), cwd=root)
    write(linked, ".mcp.json", servers(files="files-server", docs="other-server"))
    for path in (root, linked):
        approving.approve(path)
        await run(path)
    cause(approving)
    approving.approve(root)
    assert (await run()).held == ()
    report = await run(linked)
    assert held(report) == {"mcp_server docs": why}
    assert "other-server" in outputs(linked)
    approving.revoke(root)
    await run(linked)
    assert "server" not in outputs(linked)


@DOUBTS
async def test_what_came_over_a_link_that_leads_out_stays_while_that_is_in_doubt(
    run: Sync, root: Path, engine: Engine, approving: Approving, cause: Callable[[Approving], None], why: Why
) -> None:
    """A skill and an import: neither is read, and neither is taken for gone."""
    home = engine.places.home
    write(home, "shared/x/SKILL.md", "---\nname: x\ndescription: d\n---\nX\n")
    write(home, "shared/rules.md", "Shared rules.\n")
    (root / ".claude/skills").mkdir()
    (root / ".claude/skills/x").symlink_to(home / "shared/x")
    write(root, "CLAUDE.md", f"# Rules\n\n@{home}/shared/rules.md\n")
    approving.approve(root)
    assert (await run()).exit_code == 0
    cause(approving)
    report = await run()
    assert (report.state, report.exit_code) == (State.HALTED, 1)
    assert all("ctl trust" in problem.hint for problem in report.problems)
    assert "Shared rules." in (root / "AGENTS.md").read_text()
    assert (root / ".agents/skills/x").is_symlink()
    approving.revoke(root)
    await run()
    assert "Shared rules." not in (root / "AGENTS.md").read_text()
    assert not (root / ".agents/skills/x").is_symlink()


async def test_targets_that_a_lost_registry_chose_keep_what_they_have(
    root: Path, engine: Engine, approving: Approving
) -> None:
    """The configuration says another one, which is synced as well; nobody has given up the others."""
    approving.add(root, targets=["codex", "gemini"])
    engine = replace(engine, configured=("opencode",))
    await sync(approving.registry.project(root), engine)
    lose(approving)
    report = (await sync(approving.registry.project(root), engine)).report
    assert (report.targets, report.counts.cleaned) == (ALL, 0)
    assert (root / ".gemini/settings.json").exists()
    approving.registry.register(root, targets=["codex"])
    report = (await sync(approving.registry.project(root), engine)).report
    assert report.targets == ("codex",)


def of_an_earlier_version(approving: Approving, **more: Any) -> dict[str, Any]:
    """Let the one approval say what it would have without a mark, and `more`."""
    file = approving.registry.path
    document = json.loads(file.read_text())
    (row,) = document["approvals"].values()
    row.pop("mark")
    row.update(more)
    file.write_text(json.dumps(document))
    return dict(row)


def row_of(approving: Approving) -> dict[str, Any]:
    (row,) = json.loads(approving.registry.path.read_text())["approvals"].values()
    return dict(row)


async def test_an_approval_of_an_earlier_version_is_bound_to_the_repository_that_is_there(
    run: Sync, root: Path, approving: Approving, git: Callable[..., str]
) -> None:
    """By the first sync of any worktree that may do something; the next clone with the inode has nothing approved."""
    approving.approve(root)
    mark = row_of(approving)["mark"]
    linked = root.parent / "linked"
    git("worktree", "add", "-q", str(linked), cwd=root)
    before = of_an_earlier_version(approving)
    assert (await run(dry_run=True)).held == ()
    assert row_of(approving) == before
    with locked(approving.registry.lock_path):
        assert (await run()).held == ()  # nobody waits for that, and it holds as before
    assert row_of(approving) == before
    assert (await run(linked)).held == ()
    assert row_of(approving) == {**before, "mark": mark}
    assert (await run()).held == ()
    (root / ".git/description").touch()  # as that of a later one
    assert set(held(await run()).values()) == {Why.REPLACED}


@pytest.mark.parametrize("more", [{"inode": 1}, {"owner": 54321}, {"device": 1, "filesystem": 0}])
async def test_an_approval_that_does_not_hold_is_bound_to_nothing(
    run: Sync, root: Path, approving: Approving, more: dict[str, int]
) -> None:
    """Nor is one in doubt."""
    approving.approve(root)
    before = of_an_earlier_version(approving, **more)
    assert held(await run())
    assert row_of(approving) == before


async def test_another_folder_in_the_place_of_the_approved_one_has_no_approval(
    run: Sync, root: Path, approving: Approving
) -> None:
    """Though it says the same: its programs may be others."""
    approving.approve(root)
    await run()
    shutil.copytree(root, root.parent / "copy", symlinks=True)
    root.rename(root.parent / "away")
    (root.parent / "copy").rename(root)
    report = await run()
    assert set(held(report).values()) == {Why.REPLACED}
    assert "files-server" not in outputs(root)
    approving.approve(root)
    assert held(await run()) == {}


async def test_what_is_not_in_another_folder_in_the_place_of_the_approved_one_does_not_go(
    run: Sync, root: Path, approving: Approving
) -> None:
    """Until a person has said that it is meant so, by the approval or for this once."""
    for name in ("stays", "goes"):
        write(root, f".claude/agents/{name}.md", f"---\nname: {name}\ndescription: d\n---\nText.\n")
    approving.approve(root)
    await run()
    shutil.copytree(root, root.parent / "copy", symlinks=True)
    root.rename(root.parent / "away")
    (root.parent / "copy").rename(root)
    (root / ".claude/agents/goes.md").unlink()
    report = await run()
    assert (report.state, report.halt, report.exit_code) == (State.HALTED, "root-replaced", 1)
    assert "1 of 6 outputs for codex" in report.halt_message
    assert (root / ".codex/agents/goes.toml").exists()
    approving.approve(root)
    assert (await run()).halt is None
    assert {path.name for path in (root / ".codex/agents").iterdir()} == {"stays.toml"}


async def test_trust_of_an_earlier_version_holds_everything_back_and_says_so(
    run: Sync, root: Path, approving: Approving
) -> None:
    """It did not note what was there."""
    approving.registry.register(root, trusted=True)
    assert set(held(await run()).values()) == {Why.OUTDATED}
    approving.approve(root)
    assert held(await run()) == {}


async def test_a_source_that_others_may_write_has_nothing_executed(run: Sync, root: Path, approving: Approving) -> None:
    """A change of its mode alone is noticed, there and back."""
    approving.approve(root)
    await run()
    (root / ".mcp.json").chmod(0o666)
    assert held(await run()) == {"mcp_server files": Why.WRITABLE, "mcp_server docs": Why.WRITABLE}
    assert "files-server" not in outputs(root)
    assert "first-hook" in outputs(root)
    (root / ".mcp.json").chmod(0o644)
    assert held(await run()) == {}
    (root / ".claude").chmod(0o777)
    assert held(await run()) == {"hook Stop[]#1": Why.WRITABLE}


@as_root
async def test_a_repository_of_another_user_is_not_read_until_that_is_approved(
    run: Sync, root: Path, approving: Approving
) -> None:
    """Nothing of it, not even rules; what was written before stays."""
    await run()
    before = (root / "AGENTS.md").readlink()
    os.chown(root, 12345, -1)
    write(root, "CLAUDE.md", "x")
    write(root, ".claude/agents/bad.md", "---\nname: x\n---\n")
    report = await run()
    assert (report.state, report.halt, report.problems) == (State.HALTED, "foreign-owner", ())
    assert (root / "AGENTS.md").readlink() == before
    approving.approve(root)
    report = await run()
    assert report.halt is None
    # Where git asks for its own consent (safe.directory), that is told as a problem of its own.
    assert {problem.code for problem in report.problems} - {"git_failed"} == {"agent_incomplete"}
    assert "files-server" in outputs(root)
    os.chown(root, 23456, -1)
    assert (await run()).halt == "foreign-owner"


async def test_a_persons_own_servers_for_a_project_need_no_approval(run: Sync, root: Path, engine: Engine) -> None:
    """Claude Code keeps them in the home directory, where no repository writes."""
    own = servers(mine="my-server")
    write(engine.places.home, ".claude.json", {"projects": {str(root): own}})
    report = await run()
    assert "mcp_server mine" not in held(report)
    assert "my-server" in outputs(root)
    assert "files-server" not in outputs(root)


async def test_much_that_goes_at_once_waits_for_a_person(run: Sync, root: Path) -> None:
    """And is there again, or goes, when it has been said what was meant."""
    for number in range(8):
        write(root, f".claude/agents/a{number}.md", f"---\nname: a{number}\ndescription: d\n---\nText.\n")
    await run()
    (root / ".claude/agents").rename(root.parent / "agents")
    report = await run()
    assert (report.state, report.halt, report.exit_code) == (State.HALTED, "mass-removal", 1)
    assert "8 of 9 outputs" in report.halt_message
    assert len(list((root / ".codex/agents").iterdir())) == 8
    (root.parent / "agents").rename(root / ".claude/agents")
    assert (await run()).halt is None
    shutil.rmtree(root / ".claude/agents")
    assert (await run(confirmed=True)).counts.cleaned > 8
    assert not (root / ".codex/agents").exists()


async def test_while_a_file_cannot_be_parsed_removals_wait_and_writes_go_on(
    run: Sync, root: Path, approving: Approving
) -> None:
    """What is in it may only be unreadable for the moment."""
    approving.approve(root)
    await run()
    (root / ".mcp.json").write_text("{ broken")
    write(root, "CLAUDE.md", "# Rules\n\n@more.md\n")
    write(root, "more.md", "More rules.\n")
    report = await run()
    assert (report.state, report.halt, report.exit_code) == (State.HALTED, "source-unparsable", 1)
    assert "files-server" in outputs(root)
    assert "More rules." in (root / "AGENTS.md").read_text()
    write(root, ".mcp.json", servers(docs="docs-server"))
    report = await run()
    assert (report.state, report.halt) == (State.IN_STEP, None)
    assert "files-server" not in outputs(root)
