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
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, to_json
from harnesssync_orchestrator.core.withdrawal import Withdrawal
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.files.state import save_ledger
from harnesssync_orchestrator.service import transaction
from harnesssync_orchestrator.service.sync import Engine, Options, sync
from harnesssync_orchestrator.service.undoing import Asked, undo, unlink

pytestmark = pytest.mark.anyio

SECRET = "plainwordsecret"
SERVERS = {
    "mcpServers": {
        "bad": {"type": "http", "url": "https://example.invalid/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}},
        "good": {"type": "http", "url": "https://example.invalid/good", "headers": {"X-Api-Key": "${KEY}"}},
    }
}
Sync = Callable[..., Awaitable[Report]]
Taking = Callable[..., Awaitable[Withdrawal]]


@pytest.fixture
def root(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with one server that names its credential, and one that refers to it."""
    root = (tmp_path / "project").resolve()
    (root / ".opencode").mkdir(parents=True)
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
        environ={},
        log=readable_log.log,
    )


@pytest.fixture
def run(root: Path, engine: Engine) -> Sync:
    """Sync for OpenCode, whose servers stand in `.opencode/opencode.json`."""

    async def run(engine: Engine = engine, path: Path = root, scope: Scope = Scope.PROJECT, **options: Any) -> Report:
        project = approved(Project(path=str(path), scope=scope, targets=("opencode",)), engine.places)
        return (await sync(project, engine, Options(**options))).report

    return run


def servers(file: Path) -> set[str]:
    return set(json.loads(file.read_text(encoding="utf-8"))["mcp"]) if file.exists() else set()


async def test_in_a_hidden_file_of_our_own_it_may_stand(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """It is in no `git status`, and nobody else may read it."""
    report = await run()
    assert servers(root / ".opencode/opencode.json") == {"bad", "good"}
    assert stat.S_IMODE((root / ".opencode/opencode.json").stat().st_mode) == 0o600
    assert ".opencode/opencode.json" not in git("status", "--porcelain", "-uall", cwd=root)
    assert report.losses == ()


@pytest.mark.parametrize("way", ["tracked", "shared", "shown", "unhidden"])
async def test_in_a_file_that_git_sees_it_may_not(
    run: Sync, root: Path, engine: Engine, git: Callable[..., str], way: str
) -> None:
    """A loss names the place and the remedy; the server that refers to its credential is written all the same."""
    file = root / ".opencode/opencode.json"
    if way in ("tracked", "shared"):
        file.write_text('{"theme": "mine"}\n', encoding="utf-8")
    if way == "tracked":
        git("add", ".opencode/opencode.json", cwd=root)
    elif way == "shown":
        (root / ".gitignore").write_text("!/.opencode/opencode.json\n", encoding="utf-8")
    report = await run(engine=replace(engine, exclude="off" if way == "unhidden" else "info"))
    assert servers(file) == {"good"}
    (loss,) = report.losses
    assert "the header Authorization of mcp_server bad" in loss.why
    assert "${NAME}" in loss.why
    assert SECRET not in json.dumps(to_json(report))


async def test_a_file_that_a_persons_own_patterns_hide_may_have_it(run: Sync, root: Path) -> None:
    """Also beside things of theirs; the file is for its owner alone from then on."""
    (root / ".gitignore").write_text(".opencode/opencode.json\n", encoding="utf-8")
    (root / ".opencode/opencode.json").write_text('{"theme": "mine"}\n', encoding="utf-8")
    await run()
    assert servers(root / ".opencode/opencode.json") == {"bad", "good"}
    assert stat.S_IMODE((root / ".opencode/opencode.json").stat().st_mode) == 0o600


async def test_a_pattern_that_shows_the_file_takes_it_out_again(run: Sync, root: Path) -> None:
    """The change of the pattern is noticed, though no source and no output has changed."""
    await run()
    (root / ".gitignore").write_text("!/.opencode/opencode.json\n", encoding="utf-8")
    await run()
    assert servers(root / ".opencode/opencode.json") == {"good"}


async def test_when_git_gives_no_answer_all_stays_as_it_is(
    run: Sync, root: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither written nor removed for want of knowledge."""
    await run()
    before = (root / ".opencode/opencode.json").read_bytes()
    (root / ".gitignore").write_text("# changed\n", encoding="utf-8")
    monkeypatch.setenv("PATH", str(root))
    report = await run()
    assert (root / ".opencode/opencode.json").read_bytes() == before
    assert [problem.code for problem in report.problems] == ["git_missing"]
    (root / ".opencode/opencode.json").unlink()
    assert "could not be asked" in (await run()).losses[0].why
    assert servers(root / ".opencode/opencode.json") == {"good"}


async def test_what_cannot_be_hidden_is_not_written(run: Sync, root: Path) -> None:
    """A damaged block in info/exclude: what is public goes on."""
    (root / "CLAUDE.md").write_text("---\npaths: x\n---\nBe kind.\n", encoding="utf-8")
    exclude = root / ".git/info/exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("# >>> harnesssync (appended): no end\n", encoding="utf-8")
    report = await run()
    assert [failure.code for failure in report.failures] == ["exclude_damaged"]
    assert (root / "AGENTS.md").exists()
    assert not (root / ".opencode/opencode.json").exists()


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
    (root / ".opencode/opencode.json").write_text("{}\n", encoding="utf-8")
    git("add", "-A", cwd=root)
    reports = [await run(), await run(dry_run=True)]
    kept = [file.read_bytes() for file in (home / ".harnesssync").rglob("*") if file.is_file()]
    assert kept
    assert not [content for content in kept if SECRET.encode() in content]
    assert SECRET not in json.dumps([to_json(report) for report in reports]) + readable_log.stream.getvalue()


# --- the permissions of a person's own file


@pytest.fixture
def theirs(root: Path) -> Path:
    """A merged file of a person's, which a pattern of theirs hides from git, and which others may read."""
    (root / ".gitignore").write_text(".opencode/opencode.json\n", encoding="utf-8")
    file = root / ".opencode/opencode.json"
    file.write_text('{"theme": "mine"}\n', encoding="utf-8")
    file.chmod(0o664)
    return file


@pytest.fixture
def take_away(root: Path, engine: Engine) -> Taking:
    """Undo the last thing, or unlink everything."""

    async def not_registered(_left: tuple[str, ...]) -> bool:
        return False

    async def take_away(*, undoing: bool = False) -> Withdrawal:
        project = Project(path=str(root), targets=("opencode",))
        if undoing:
            return await undo(project, engine, Asked(), not_registered)
        return await unlink(project, engine, None, Asked(), not_registered)

    return take_away


async def test_an_undo_hides_a_file_before_a_credential_is_back_in_it(
    run: Sync, root: Path, take_away: Taking, git: Callable[..., str]
) -> None:
    """A person's key let git see the file, and the credential was taken out."""
    await run()
    file = root / ".opencode/opencode.json"
    file.write_text(file.read_text(encoding="utf-8").replace("{", '{"theme": "mine",', 1), encoding="utf-8")
    await run()
    assert servers(file) == {"good"}
    assert ".opencode/opencode.json" in git("status", "--porcelain", "-uall", cwd=root)
    assert (await take_away(undoing=True)).exit_code == 0
    assert servers(file) == {"bad", "good"}
    assert ".opencode/opencode.json" not in git("status", "--porcelain", "-uall", cwd=root)


async def test_an_undo_that_can_hide_nothing_brings_no_credential_back(
    run: Sync, root: Path, take_away: Taking, git: Callable[..., str]
) -> None:
    """A damaged block in info/exclude: all stays as it is, and is undone once that is mended."""
    await run()
    file, exclude = root / ".opencode/opencode.json", root / ".git/info/exclude"
    file.write_text(file.read_text(encoding="utf-8").replace("{", '{"theme": "mine",', 1), encoding="utf-8")
    await run()
    sound = exclude.read_text(encoding="utf-8")
    exclude.write_text(f"{sound}# >>> harnesssync (appended): no end\n", encoding="utf-8")
    done = await take_away(undoing=True)
    assert ([failure.code for failure in done.failures], done.operations) == (["exclude_damaged"], ())
    assert servers(file) == {"good"}
    exclude.write_text(sound, encoding="utf-8")
    assert (await take_away(undoing=True)).exit_code == 0
    assert servers(file) == {"bad", "good"}
    assert ".opencode/opencode.json" not in git("status", "--porcelain", "-uall", cwd=root)


@pytest.mark.parametrize("way", ["tracked", "shown"])
async def test_an_undo_brings_no_credential_back_into_a_file_that_git_sees(
    run: Sync, root: Path, take_away: Taking, git: Callable[..., str], way: str
) -> None:
    """A conflict, and the same undo works once git does not see the file any more."""
    await run()
    file = root / ".opencode/opencode.json"
    if way == "tracked":
        git("add", "--force", ".opencode/opencode.json", cwd=root)
    else:
        (root / ".gitignore").write_text("!/.opencode/opencode.json\n", encoding="utf-8")
    await run()
    assert servers(file) == {"good"}
    done = await take_away(undoing=True)
    assert (servers(file), done.exit_code, done.operations) == ({"good"}, 1, ())
    assert "git sees it, and a credential would come back into it" in done.conflicts[0].message
    if way == "tracked":
        git("rm", "-q", "--cached", "--force", ".opencode/opencode.json", cwd=root)
    (root / ".gitignore").write_text("/.opencode/opencode.json\n", encoding="utf-8")
    assert (await take_away(undoing=True)).exit_code == 0
    assert servers(file) == {"bad", "good"}


async def test_an_undo_asks_git_about_nothing_that_was_a_persons_alone(
    run: Sync, root: Path, take_away: Taking, git: Callable[..., str]
) -> None:
    """Their own credential in a file of theirs comes back with it, tracked or not."""
    file = root / ".opencode/opencode.json"
    file.write_text('{"mcp": {}, "token": "ghp_abcdefghijklmnopqrstuvwxyz0123456789"}\n', encoding="utf-8")
    git("add", ".opencode/opencode.json", cwd=root)
    before = file.read_bytes()
    await run()
    assert servers(file) == {"good"}
    assert (await take_away(undoing=True)).exit_code == 0
    assert file.read_bytes() == before


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def configure(root: Path, **headers: str) -> None:
    """Servers by name, each with the value of a header."""
    servers = {
        name: {"type": "http", "url": f"https://example.invalid/{name}", "headers": {"Authorization": value}}
        for name, value in headers.items()
    }
    (root / ".mcp.json").write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")


async def test_unlinking_gives_a_file_the_permissions_back_that_it_had(
    run: Sync, theirs: Path, take_away: Taking
) -> None:
    """Byte for byte, and the mode; also when the unlink itself was undone meanwhile."""
    await run()
    assert mode(theirs) == 0o600
    await take_away()
    assert (theirs.read_text(encoding="utf-8"), mode(theirs)) == ('{"theme": "mine"}\n', 0o664)
    await take_away(undoing=True)
    assert (servers(theirs), mode(theirs)) == ({"bad", "good"}, 0o600)
    await take_away()
    assert (theirs.read_text(encoding="utf-8"), mode(theirs)) == ('{"theme": "mine"}\n', 0o664)


@pytest.mark.parametrize("own", [0o640, 0o400, 0o700])
async def test_permissions_that_a_person_gave_since_stay(run: Sync, theirs: Path, take_away: Taking, own: int) -> None:
    """Whatever they are."""
    await run()
    theirs.chmod(own)
    await take_away()
    assert (theirs.read_text(encoding="utf-8"), mode(theirs)) == ('{"theme": "mine"}\n', own)


async def test_a_file_that_was_its_owners_alone_stays_so(run: Sync, theirs: Path, take_away: Taking) -> None:
    """Nothing was taken from it."""
    theirs.chmod(0o600)
    await run()
    await take_away()
    assert mode(theirs) == 0o600


async def test_the_last_credential_that_goes_gives_the_permissions_back(run: Sync, root: Path, theirs: Path) -> None:
    """Also in a sync, and when a reference takes its place; not while another one is in the file."""
    configure(root, one=f"Bearer {SECRET}", two="Bearer ${TWO}")
    await run()
    configure(root, one=f"Bearer {SECRET}", two=f"Bearer {SECRET}2")
    await run()
    configure(root, one="Bearer ${ONE}", two=f"Bearer {SECRET}2")
    await run()
    assert mode(theirs) == 0o600
    configure(root, one="Bearer ${ONE}", two="Bearer ${TWO}")
    await run()
    assert (servers(theirs), mode(theirs)) == ({"one", "two"}, 0o664)
    configure(root, one="Bearer ${ONE}", two=f"Bearer {SECRET}3")
    await run()
    assert mode(theirs) == 0o600
    configure(root, one="Bearer ${ONE}")
    await run()
    assert (servers(theirs), mode(theirs)) == ({"one"}, 0o664)


async def test_a_file_that_a_person_gave_to_others_again_gets_what_they_gave_it(
    run: Sync, root: Path, theirs: Path, take_away: Taking
) -> None:
    """The next credential takes it from them once more."""
    configure(root, one=f"Bearer {SECRET}")
    await run()
    theirs.chmod(0o644)
    configure(root, one=f"Bearer {SECRET}", two=f"Bearer {SECRET}2")
    await run()
    assert mode(theirs) == 0o600
    await take_away()
    assert mode(theirs) == 0o644


async def test_a_credential_that_a_person_took_out_themselves_is_gone_as_well(
    run: Sync, theirs: Path, take_away: Taking
) -> None:
    """There is nothing to edit then, and all the same something to give back."""
    await run()
    theirs.write_text('{"theme": "new"}\n', encoding="utf-8")
    done = await take_away()
    assert (theirs.read_text(encoding="utf-8"), mode(theirs)) == ('{"theme": "new"}\n', 0o664)
    assert done.exit_code == 0
    assert not (await take_away()).operations


async def test_a_credential_that_was_edited_keeps_its_file_closed(run: Sync, theirs: Path, take_away: Taking) -> None:
    """It stays in it, a conflict."""
    await run()
    theirs.write_text(theirs.read_text(encoding="utf-8").replace(SECRET, "othersecret"), encoding="utf-8")
    assert (await take_away()).exit_code == 1
    assert (servers(theirs), mode(theirs)) == ({"bad"}, 0o600)


async def test_permissions_are_known_after_a_kill_too(
    run: Sync, theirs: Path, take_away: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync has written the credential, and dies before the ledger says so."""

    class KilledError(BaseException):
        pass

    saved: list[Ledger] = []

    def save(file: Path, ledger: Ledger, **known: Any) -> None:
        if saved and saved[-1].pending:
            raise KilledError
        saved.append(ledger)
        save_ledger(file, ledger, **known)

    with monkeypatch.context() as patch:
        patch.setattr(transaction, "save_ledger", save)
        with pytest.raises(BaseException):  # noqa: B017 - a group with the kill in it
            await run()
    assert (servers(theirs), mode(theirs)) == ({"bad", "good"}, 0o600)
    await take_away()
    assert (theirs.read_text(encoding="utf-8"), mode(theirs)) == ('{"theme": "mine"}\n', 0o664)
