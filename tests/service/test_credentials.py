"""A credential that is written out never enters a file that git sees, nor anything that is told or kept."""

from __future__ import annotations

import json
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.approved import approved

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.config import LimitSettings
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, to_json
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.service.limits import Limits
from harnesssync_orchestrator.service.sync import Engine, Options, sync

pytestmark = pytest.mark.anyio

SECRET = "plainwordsecret"
SERVERS = {
    "mcpServers": {
        "bad": {"type": "http", "url": "https://example.invalid/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}},
        "good": {"type": "http", "url": "https://example.invalid/good", "headers": {"X-Api-Key": "${KEY}"}},
    }
}
Sync = Callable[..., Awaitable[Report]]


@pytest.fixture
def root(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with one server that names its credential, and one that refers to it."""
    root = (tmp_path / "project").resolve()
    root.mkdir()
    git("init", "-q", cwd=root)
    (root / ".mcp.json").write_text(json.dumps(SERVERS), encoding="utf-8")
    return root


@pytest.fixture
def engine(home: Path, tmp_path: Path, readable_log: Any) -> Engine:
    return Engine(
        targets=TARGETS,
        formats=FORMATS,
        places=replace(Places.from_environment({}, home), managed_dir=tmp_path / "managed"),
        layout=Layout.from_environment({}, home),
        limits=Limits.create(LimitSettings()),
        environ={},
        log=readable_log.log,
    )


@pytest.fixture
def run(root: Path, engine: Engine) -> Sync:
    """Sync for OpenCode, whose servers stand in `opencode.json`."""

    async def run(engine: Engine = engine, path: Path = root, scope: Scope = Scope.PROJECT, **options: Any) -> Report:
        project = approved(Project(path=str(path), scope=scope, targets=("opencode",)), engine.places)
        return (await sync(project, engine, Options(**options))).report

    return run


def servers(file: Path) -> set[str]:
    return set(json.loads(file.read_text(encoding="utf-8"))["mcp"]) if file.exists() else set()


async def test_in_a_hidden_file_of_our_own_it_may_stand(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """It is in no `git status`, and nobody else may read it."""
    report = await run()
    assert servers(root / "opencode.json") == {"bad", "good"}
    assert stat.S_IMODE((root / "opencode.json").stat().st_mode) == 0o600
    assert "opencode.json" not in git("status", "--porcelain", "-uall", cwd=root)
    assert report.losses == ()


@pytest.mark.parametrize("way", ["tracked", "shared", "shown", "unhidden"])
async def test_in_a_file_that_git_sees_it_may_not(
    run: Sync, root: Path, engine: Engine, git: Callable[..., str], way: str
) -> None:
    """A loss names the place and the remedy; the server that refers to its credential is written all the same."""
    file = root / "opencode.json"
    if way in ("tracked", "shared"):
        file.write_text('{"theme": "mine"}\n', encoding="utf-8")
    if way == "tracked":
        git("add", "opencode.json", cwd=root)
    elif way == "shown":
        (root / ".gitignore").write_text("!/opencode.json\n", encoding="utf-8")
    report = await run(engine=replace(engine, exclude=way != "unhidden"))
    assert servers(file) == {"good"}
    (loss,) = report.losses
    assert "the header Authorization of mcp_server bad" in loss.why
    assert "${NAME}" in loss.why
    assert SECRET not in json.dumps(to_json(report))


async def test_a_file_that_a_persons_own_patterns_hide_may_have_it(run: Sync, root: Path) -> None:
    """Also beside things of theirs; the file is for its owner alone from then on."""
    (root / ".gitignore").write_text("opencode.json\n", encoding="utf-8")
    (root / "opencode.json").write_text('{"theme": "mine"}\n', encoding="utf-8")
    await run()
    assert servers(root / "opencode.json") == {"bad", "good"}
    assert stat.S_IMODE((root / "opencode.json").stat().st_mode) == 0o600


async def test_a_pattern_that_shows_the_file_takes_it_out_again(run: Sync, root: Path) -> None:
    """The change of the pattern is noticed, though no source and no output has changed."""
    await run()
    (root / ".gitignore").write_text("!/opencode.json\n", encoding="utf-8")
    await run()
    assert servers(root / "opencode.json") == {"good"}


async def test_when_git_gives_no_answer_all_stays_as_it_is(
    run: Sync, root: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither written nor removed for want of knowledge."""
    await run()
    before = (root / "opencode.json").read_bytes()
    (root / ".gitignore").write_text("# changed\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(root))
    report = await run()
    assert (root / "opencode.json").read_bytes() == before
    assert [problem.code for problem in report.problems] == ["git_missing"]
    (root / "opencode.json").unlink()
    assert "could not be asked" in (await run()).losses[0].why
    assert servers(root / "opencode.json") == {"good"}


async def test_what_cannot_be_hidden_is_not_written(run: Sync, root: Path) -> None:
    """A damaged block in info/exclude: what is public goes on."""
    (root / "CLAUDE.md").write_text("---\npaths: x\n---\nBe kind.\n", encoding="utf-8")
    exclude = root / ".git/info/exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("# >>> harnesssync (appended): no end\n", encoding="utf-8")
    report = await run()
    assert [failure.code for failure in report.failures] == ["exclude_damaged"]
    assert (root / "AGENTS.md").exists()
    assert not (root / "opencode.json").exists()


async def test_a_home_in_a_repository_is_asked_about_too(run: Sync, home: Path, git: Callable[..., str]) -> None:
    """Dotfiles: what git could take along stays out, what it ignores may have it, as any home outside of git."""
    (home / ".claude.json").write_text(json.dumps(SERVERS), encoding="utf-8")
    file = home / ".config/opencode/opencode.json"
    await run(path=home, scope=Scope.USER)
    assert servers(file) == {"bad", "good"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    git("init", "-q", cwd=home)
    await run(path=home, scope=Scope.USER, rehash=True)
    assert servers(file) == {"good"}
    (home / ".gitignore").write_text(".config\n", encoding="utf-8")
    await run(path=home, scope=Scope.USER)
    assert servers(file) == {"bad", "good"}


async def test_nothing_that_is_kept_or_told_has_it(
    run: Sync, root: Path, home: Path, readable_log: Any, git: Callable[..., str]
) -> None:
    """Ledger, footprint, memory, report and log; the history has what a person replaced, not what we wrote."""
    (root / "opencode.json").write_text("{}\n", encoding="utf-8")
    git("add", "-A", cwd=root)
    reports = [await run(), await run(dry_run=True)]
    kept = [file.read_bytes() for file in (home / ".harnesssync").rglob("*") if file.is_file()]
    assert kept
    assert not [content for content in kept if SECRET.encode() in content]
    assert SECRET not in json.dumps([to_json(report) for report in reports]) + readable_log.stream.getvalue()
