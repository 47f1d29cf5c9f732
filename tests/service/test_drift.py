"""Edited outputs, with the real adapters, files and git: told, restored, kept, or taken into the source."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.approved import approved
from tests.service.test_sync import engine, project, root, snapshot, write

from harnesssync_orchestrator.core.adoption import NotAdoptableError
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice, Drift, Policies, Policy
from harnesssync_orchestrator.core.plan import UpdateSource, state_of
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.errors import StateError
from harnesssync_orchestrator.files.link import Means
from harnesssync_orchestrator.service.adopting import own_file
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.sync import sync
from harnesssync_orchestrator.service.undoing import Asked, undo

__all__ = ["engine", "project", "root"]  # fixtures of a sync serve here too

pytestmark = pytest.mark.anyio

AGENT = ".codex/agents/reviewer.toml"
SERVER = ".codex/config.toml#/mcp_servers/docs"
Sync = Callable[..., Awaitable[Report]]


@pytest.fixture
def run(project: Project, engine: Engine) -> Sync:
    """Sync the project for Codex. `choose` maps addresses to choices, `policy` is the general one."""

    async def run(
        *,
        choose: dict[str, Choice] | None = None,
        policy: Policy = Policy.ASK,
        by_target: dict[str, Policy] | None = None,
        targets: tuple[str, ...] = ("codex",),
        trusted: bool = True,
        **options: Any,
    ) -> Report:
        chosen = replace(project, targets=targets)
        chosen = approved(chosen, engine.places) if trusted else chosen
        policies = Policies(policy=policy, targets=by_target or {})
        choices = tuple((Address.parse(address), choice) for address, choice in (choose or {}).items())
        used = replace(engine, policies=policies)
        return (await sync(chosen, used, Options(choices=choices, **options))).report

    return run


async def undo_one(project: Project, engine: Engine) -> int:
    """Take the last transaction back; the exit code."""

    async def hold(_: tuple[str, ...]) -> bool:
        return False

    return (await undo(project, engine, Asked(), hold)).exit_code


def edit(path: Path, old: str, new: str) -> None:
    """As an editor saves: a new file takes the place of what is there, a link too."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.unlink()
    path.write_text(text.replace(old, new), encoding="utf-8")


async def settled(run: Sync, **options: Any) -> Report:
    """The report of a sync that finds nothing changed: stamps of what was just written are not believed at once."""
    with anyio.fail_after(10):
        while not (report := await run(**options)).unchanged:
            pass
    return report


def words(root: Path) -> dict[str, object]:
    """What every path below a root says: a link's text, a file's bytes."""
    return {path: says[0] if isinstance(says, tuple) else says for path, says in snapshot(root).items()}


def the_states(report: Report) -> dict[str, str]:
    """The state of every output that is not in step, by address."""
    found = {str(each.address): each.state for each in report.conflicts}
    found.update((each.path, state_of(each)) for each in report.operations)
    return {address: state.value for address, state in found.items() if state is not None}


# --- told


async def test_every_edit_is_told_with_its_state(run: Sync, root: Path) -> None:
    """Of a link, a file and a key; and the exit code of a check says so."""
    await run()
    edit(root / "AGENTS.md", "kind", "cruel")
    edit(root / AGENT, "You review", "I review")
    edit(root / ".codex/config.toml", "https://example.invalid/mcp", "https://elsewhere.invalid/mcp")
    edit(root / ".claude/agents/reviewer.md", "You review", "We review")
    report = await run(dry_run=True)
    assert the_states(report) == {"AGENTS.md": "output-edited", AGENT: "both", SERVER: "output-edited"}
    assert (report.drift[Drift.OUTPUT_EDITED], report.drift[Drift.BOTH]) == (2, 1)
    assert (report.state, report.exit_code) == (State.CONFLICT, 1)


async def test_a_missing_output_is_told_and_made_again(run: Sync, root: Path) -> None:
    """A check says that it is gone, a sync that it was."""
    await run()
    (root / AGENT).unlink()
    report = await run(dry_run=True)
    assert (the_states(report), report.state, report.exit_code) == ({AGENT: "missing"}, State.OUT_OF_STEP, 1)
    assert the_states(await run()) == {AGENT: "missing"}
    assert (root / AGENT).is_file()
    assert (await run()).drift[Drift.MISSING] == 0


async def test_what_was_told_is_told_again_while_nothing_changes(run: Sync, root: Path) -> None:
    """States and counts are remembered with the conflicts that they are about."""
    await run()
    edit(root / AGENT, "You review", "I review")
    first = await run()
    second = await settled(run)
    assert second.conflicts == first.conflicts
    assert second.drift == first.drift
    assert second.drift[Drift.OUTPUT_EDITED] == 1


async def test_an_edited_output_is_shown_by_git_from_then_on(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """Git destroys what it ignores: an edit must not be ignored."""
    await run()
    assert AGENT not in git("status", "--porcelain", "--untracked-files=all", cwd=root)
    edit(root / AGENT, "You review", "I review")
    await run()
    assert AGENT in git("status", "--porcelain", "--untracked-files=all", cwd=root)


# --- restore


async def test_a_policy_restores_and_the_edit_is_in_the_history(
    run: Sync, root: Path, project: Project, engine: Engine
) -> None:
    """Byte for byte, mode included, whatever stood there: undo gives it back."""
    await run()
    (root / "AGENTS.md").unlink()
    (root / "AGENTS.md").write_bytes(b"mine\r\n\xff")
    (root / "AGENTS.md").chmod(0o600)
    edit(root / AGENT, "You review", "I review")
    edited = (root / AGENT).read_bytes()
    report = await run(policy=Policy.RESTORE)
    assert the_states(report) == {"AGENTS.md": "output-edited", AGENT: "output-edited"}
    assert (report.exit_code, (root / "AGENTS.md").is_symlink()) == (0, True)
    assert b"You review" in (root / AGENT).read_bytes()
    assert await undo_one(project, engine) == 0
    assert ((root / "AGENTS.md").read_bytes(), (root / AGENT).read_bytes()) == (b"mine\r\n\xff", edited)
    assert stat.S_IMODE((root / "AGENTS.md").stat().st_mode) == 0o600


async def test_a_policy_holds_for_its_targets_alone(run: Sync, root: Path) -> None:
    """Another target's edited output stays a conflict."""
    both = ("codex", "gemini")
    await run(targets=both)
    edit(root / AGENT, "You review", "I review")
    edit(root / ".gemini/agents/reviewer.md", "You review", "I review")
    report = await run(targets=both, by_target={"codex": Policy.RESTORE})
    assert the_states(report) == {AGENT: "output-edited", ".gemini/agents/reviewer.md": "output-edited"}
    assert [str(each.address) for each in report.conflicts] == [".gemini/agents/reviewer.md"]
    assert "You review" in (root / AGENT).read_text(encoding="utf-8")


async def test_a_changed_policy_is_felt_though_no_file_changed(run: Sync, root: Path) -> None:
    """What the last sync remembers was true under another one."""
    await run()
    edit(root / AGENT, "You review", "I review")
    assert (await run()).exit_code == 1
    await settled(run)
    report = await run(policy=Policy.RESTORE)
    assert (len(report.operations), report.exit_code) == (1, 0)


async def test_a_check_under_a_policy_says_what_a_sync_would_do(run: Sync, root: Path) -> None:
    """And is out of step, while nothing is written."""
    await run()
    edit(root / AGENT, "You review", "I review")
    before = snapshot(root)
    report = await run(policy=Policy.RESTORE, dry_run=True)
    assert (report.state, report.exit_code, the_states(report)) == (State.OUT_OF_STEP, 1, {AGENT: "output-edited"})
    assert snapshot(root) == before


async def test_no_policy_touches_what_we_never_wrote(run: Sync, root: Path) -> None:
    """Neither a file nor a key."""
    write(root, {"AGENTS.md": "mine\n", ".codex/config.toml": '[mcp_servers.docs]\nurl = "mine"\n'})
    for policy in Policy:
        report = await run(policy=policy)
        assert {"AGENTS.md": "foreign", SERVER: "foreign"}.items() <= the_states(report).items()
    assert (root / "AGENTS.md").read_text(encoding="utf-8") == "mine\n"
    assert 'url = "mine"' in (root / ".codex/config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("policy", [Policy.RESTORE, Policy.ADOPT])
async def test_no_policy_touches_what_a_branch_brought(
    run: Sync, root: Path, git: Callable[..., str], policy: Policy
) -> None:
    """Neither it nor the source is changed; a person can still say so, and then it is."""
    await run()
    edit(root / "AGENTS.md", "kind", "very kind")
    git("add", "--force", "AGENTS.md", cwd=root)
    report = await run(policy=policy)
    assert (the_states(report), report.exit_code) == ({"AGENTS.md": "output-edited"}, 1)
    assert report.conflicts[0].message == "AGENTS.md: git tracks something else there"
    assert "very kind" in (root / "AGENTS.md").read_text(encoding="utf-8")
    assert "very kind" not in (root / "CLAUDE.md").read_text(encoding="utf-8")
    report = await run(choose={"AGENTS.md": Choice(policy.value)})
    assert (report.exit_code, (root / "AGENTS.md").is_symlink()) == (0, True)


async def test_a_person_can_let_ours_replace_what_is_foreign(run: Sync, root: Path) -> None:
    """It comes back when ours goes."""
    write(root, {"AGENTS.md": "mine\n"})
    report = await run(choose={"AGENTS.md": Choice.RESTORE})
    assert (report.exit_code, (root / "AGENTS.md").is_symlink()) == (0, True)
    await run(targets=("gemini",))
    assert (root / "AGENTS.md").is_symlink()  # both harnesses read it
    (root / "CLAUDE.md").unlink()
    await run(targets=("gemini",), confirmed=True)
    assert (root / "AGENTS.md").read_text(encoding="utf-8") == "mine\n"
    assert not (root / "AGENTS.md").is_symlink()


async def test_a_persons_folder_is_never_replaced(run: Sync, root: Path) -> None:
    """It may hold more than can be told, such as a repository of its own."""
    await run()
    link = root / ".agents/skills/pdf"
    link.unlink()
    write(root, {".agents/skills/pdf/SKILL.md": "mine\n", ".agents/skills/pdf/.git/HEAD": "ref: x\n"})
    report = await run(choose={".agents/skills/pdf": Choice.RESTORE}, policy=Policy.RESTORE)
    assert the_states(report) == {".agents/skills/pdf": "output-edited"}
    assert report.conflicts[0].choices == (Choice.KEEP, Choice.ADOPT)
    assert (link / ".git/HEAD").read_text(encoding="utf-8") == "ref: x\n"


# --- keep


async def test_what_is_kept_is_left_alone_for_good(run: Sync, root: Path, git: Callable[..., str]) -> None:
    """Through changes of the source and of the output, shown by git, and until it is deleted."""
    await run()
    edit(root / AGENT, "You review", "I review")
    report = await run(choose={AGENT: Choice.KEEP})
    assert (report.state, report.exit_code, [str(kept.address) for kept in report.kept]) == (State.IN_STEP, 0, [AGENT])
    assert AGENT in git("status", "--porcelain", "--untracked-files=all", cwd=root)
    edit(root / AGENT, "I review", "I really review")
    edit(root / ".claude/agents/reviewer.md", "You review", "We review")
    report = await run(policy=Policy.RESTORE)
    assert (report.exit_code, report.conflicts, report.drift[Drift.KEPT]) == (0, (), 1)
    assert "I really review" in (root / AGENT).read_text(encoding="utf-8")
    (root / AGENT).unlink()
    report = await run()
    assert the_states(report) == {AGENT: "missing"}
    assert "We review" in (root / AGENT).read_text(encoding="utf-8")
    assert report.kept == ()


async def test_a_kept_key_stays_while_others_in_its_file_follow(run: Sync, root: Path) -> None:
    """Keeping is per key."""
    await run()
    config = root / ".codex/config.toml"
    edit(config, "https://example.invalid/mcp", "https://mine.invalid/mcp")
    await run(choose={SERVER: Choice.KEEP})
    edit(root / ".mcp.json", "files-program", "other-program")
    report = await run()
    assert (report.exit_code, report.drift[Drift.KEPT]) == (0, 1)
    text = config.read_text(encoding="utf-8")
    assert "other-program" in text
    assert "https://mine.invalid/mcp" in text
    report = await run(choose={SERVER: Choice.RESTORE})
    assert (report.exit_code, report.kept) == (0, ())
    assert "https://example.invalid/mcp" in config.read_text(encoding="utf-8")


async def test_what_is_kept_stays_when_its_item_goes(run: Sync, root: Path) -> None:
    """It is the person's."""
    await run()
    edit(root / AGENT, "You review", "I review")
    await run(choose={AGENT: Choice.KEEP})
    (root / ".claude/agents/reviewer.md").unlink()
    report = await run()
    assert (report.exit_code, report.kept) == (0, ())
    assert "I review" in (root / AGENT).read_text(encoding="utf-8")


# --- adopt


@pytest.mark.parametrize("way", ["policy", "choice"])
async def test_an_edit_of_a_linked_file_goes_into_the_source(run: Sync, root: Path, way: str) -> None:
    """An editor has put a file in the link's place: its content is the source's, and the link is back."""
    await run()
    edit(root / "AGENTS.md", "kind", "very kind")
    report = await (run(policy=Policy.ADOPT) if way == "policy" else run(choose={"AGENTS.md": Choice.ADOPT}))
    assert (report.state, report.exit_code) == (State.IN_STEP, 0)
    assert (root / "CLAUDE.md").read_text(encoding="utf-8") == "# Rules\n\nBe very kind.\n"
    assert (root / "AGENTS.md").is_symlink()
    assert report.drift[Drift.OUTPUT_EDITED] == 1
    assert (await settled(run, policy=Policy.ADOPT if way == "policy" else Policy.ASK)).exit_code == 0


async def test_an_edit_of_a_rendered_file_goes_into_the_source_and_to_all_others(run: Sync, root: Path) -> None:
    """Where its lines came from, and from there to every harness."""
    both = ("codex", "gemini", "opencode")
    await run(targets=both)
    edit(root / AGENT, "You review.", "You review.\nTwice.")
    report = await run(targets=both, policy=Policy.ADOPT)
    assert (report.state, report.exit_code) == (State.IN_STEP, 0)
    source = (root / ".claude/agents/reviewer.md").read_text(encoding="utf-8")
    assert source == "---\nname: reviewer\ndescription: Reviews.\n---\n\nYou review.\nTwice.\n"
    for other in (".gemini/agents/reviewer.md", ".opencode/agents/reviewer.md"):
        assert "You review.\nTwice." in (root / other).read_text(encoding="utf-8")


async def test_an_edit_of_a_servers_key_goes_into_the_source(run: Sync, root: Path) -> None:
    """Under the same name, and nothing else of that file changes."""
    await run()
    before = (root / ".mcp.json").read_text(encoding="utf-8")
    edit(root / ".codex/config.toml", "https://example.invalid/mcp", "https://new.invalid/mcp")
    report = await run(choose={SERVER: Choice.ADOPT})
    assert (report.state, report.exit_code) == (State.IN_STEP, 0)
    expected = before.replace("https://example.invalid/mcp", "https://new.invalid/mcp")
    assert (root / ".mcp.json").read_text(encoding="utf-8") == expected


async def test_several_edits_are_adopted_together(run: Sync, root: Path) -> None:
    """Two of one source file as well."""
    both = ("codex", "gemini")
    await run(targets=both)
    edit(root / AGENT, "Reviews.", "Reviews code.")
    edit(root / ".gemini/agents/reviewer.md", "You review.", "You review it.")
    edit(root / "AGENTS.md", "kind", "very kind")
    report = await run(targets=both, policy=Policy.ADOPT)
    # Each of the two agents says only its own edit: what takes in both gives neither.
    assert len(report.conflicts) == 1
    assert "Reviews code." in (root / ".claude/agents/reviewer.md").read_text(encoding="utf-8")
    assert "very kind" in (root / "CLAUDE.md").read_text(encoding="utf-8")
    assert "You review it." in (root / ".gemini/agents/reviewer.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("output", "old", "new"), [(AGENT, "You review", "I review"), ("AGENTS.md", "kind", "very kind")]
)
async def test_one_undo_takes_back_an_adoption_and_what_followed_from_it(
    run: Sync, root: Path, project: Project, engine: Engine, output: str, old: str, new: str
) -> None:
    """The source and the outputs of others are as they were, and the edit is an edit again, not what we wrote."""
    several = ("codex", "gemini", "opencode")
    await run(targets=several)
    edit(root / output, old, new)
    before = words(root)
    assert (await run(targets=several, policy=Policy.ADOPT)).exit_code == 0
    assert words(root) != before
    assert await undo_one(project, engine) == 0
    assert words(root) == before
    assert the_states(await run(targets=several, dry_run=True)) == {output: "output-edited"}


async def test_an_adoption_of_which_a_half_cannot_be_read_is_left_whole(
    run: Sync, root: Path, project: Project, engine: Engine
) -> None:
    """One half without the other would be neither what was before nor what is now."""
    await run()
    edit(root / "AGENTS.md", "kind", "very kind")
    await run(policy=Policy.ADOPT)
    before = words(root)
    adopting, _ = sorted(engine.layout.ledger_file(project).with_name("history").iterdir())[-2:]
    (adopting / "record.json").write_text("{")
    with pytest.raises(StateError, match="can't be read"):
        await undo_one(project, engine)
    assert words(root) == before


async def test_a_dry_undo_of_an_adoption_tells_all_that_it_would_take_back(
    run: Sync, root: Path, project: Project, engine: Engine
) -> None:
    """Of both of its transactions."""
    await run()
    edit(root / "AGENTS.md", "kind", "very kind")
    await run(policy=Policy.ADOPT)

    async def hold(_: tuple[str, ...]) -> bool:
        return False

    told = await undo(project, engine, Asked(dry_run=True), hold)
    assert {operation.path for operation in told.operations} == {"AGENTS.md", "CLAUDE.md"}


async def test_a_check_under_adopt_only_says_what_would_be_adopted(run: Sync, root: Path) -> None:
    """The file of the source, and the outputs whose edits it takes in."""
    await run()
    edit(root / AGENT, "You review", "I review")
    before = snapshot(root)
    report = await run(policy=Policy.ADOPT, dry_run=True)
    (operation,) = report.operations
    assert isinstance(operation, UpdateSource)
    assert operation.path == ".claude/agents/reviewer.md"
    assert [str(address) for address in operation.addresses] == [AGENT]
    assert (report.state, report.exit_code) == (State.OUT_OF_STEP, 1)
    assert snapshot(root) == before


async def refused(run: Sync, address: str, **options: Any) -> str:
    """Why an edit is not adopted: it stays a conflict, and there is one choice less."""
    report = await run(choose={address: Choice.ADOPT}, **options)
    (conflict,) = (each for each in report.conflicts if str(each.address) == address)
    assert Choice.ADOPT not in conflict.choices
    assert report.exit_code == 1
    return conflict.message.partition("can't be adopted: ")[2]


async def test_what_is_added_below_a_rule_for_some_files_is_not_adopted_into_it(run: Sync, root: Path) -> None:
    """At the end of the file that has all rules, it may be meant for all files."""
    rule = root / ".claude/rules/api.md"
    write(root, {".claude/rules/api.md": "---\npaths: src/api/**\n---\nCheck the input.\n"})
    before = rule.read_bytes()
    await run()
    edit(root / "AGENTS.md", "Check the input.\n", "Check the input.\n\nNever commit a secret.\n")
    assert "meant for more than just the files of the rule" in await refused(run, "AGENTS.md")
    assert rule.read_bytes() == before
    edit(root / "AGENTS.md", "Check the input.\n\nNever commit a secret.", "Check all input.")
    assert (await run(choose={"AGENTS.md": Choice.ADOPT})).exit_code == 0
    assert rule.read_text(encoding="utf-8") == "---\npaths: src/api/**\n---\nCheck all input.\n"


async def test_what_the_source_can_not_say_is_not_adopted(run: Sync, root: Path) -> None:
    """Nothing is written, and the conflict says why."""
    await run()
    with (root / AGENT).open("a", encoding="utf-8") as file:
        file.write('model = "other"\n')
    before = snapshot(root)
    assert "source" in await refused(run, AGENT)
    assert snapshot(root) == before


async def test_an_edit_whose_meaning_would_change_is_not_adopted(run: Sync, root: Path) -> None:
    """An import in the source would be expanded in the output: that is not what was edited."""
    write(root, {"more.md": "More.\n"})
    await run()
    edit(root / "AGENTS.md", "Be kind.", "See @more.md")
    before = snapshot(root)
    assert await refused(run, "AGENTS.md") == "no change of the source was found that gives just this"
    assert snapshot(root) == before


async def test_a_source_that_changed_as_well_is_not_overwritten(run: Sync, root: Path) -> None:
    """Of a link, whose hash does not tell, the times do."""
    await run()
    edit(root / "AGENTS.md", "kind", "cruel")
    edit(root / "CLAUDE.md", "kind", "kinder")
    os.utime(root / "AGENTS.md", (1_700_000_000, 1_700_000_000))
    assert await refused(run, "AGENTS.md") == "its source was changed after it"
    edit(root / AGENT, "You review", "I review")
    edit(root / ".claude/agents/reviewer.md", "You review", "We review")
    assert await refused(run, AGENT) == "its source has changed too"


def test_only_plain_files_of_the_project_itself_are_ever_changed(tmp_path: Path) -> None:
    """What a person has for all projects, what a link leads to, and what is no file, are not a project's to change."""
    root = tmp_path.resolve() / "project"
    write(root, {"CLAUDE.md": "here\n", "folder/file": "\n"})
    write(tmp_path.resolve(), {"project-2/CLAUDE.md": "there\n"})
    (root / "linked.md").symlink_to("CLAUDE.md")
    (root / "way").symlink_to("../project-2")
    assert own_file(root, f"{root}/CLAUDE.md") == b"here\n"
    for name in ("../project-2/CLAUDE.md", "linked.md", "way/CLAUDE.md", "folder", "missing.md"):
        with pytest.raises(NotAdoptableError):
            own_file(root, f"{root}/{name}")
    with pytest.raises(NotAdoptableError, match="outside of this project"):
        own_file(root, f"{root}-2/CLAUDE.md")


async def test_a_source_that_is_a_link_gets_the_edit_where_it_leads(run: Sync, root: Path) -> None:
    """The link itself stays."""
    (root / "CLAUDE.md").rename(root / "notes.md")
    (root / "CLAUDE.md").symlink_to("notes.md")
    await run()
    edit(root / "AGENTS.md", "kind", "very kind")
    report = await run(policy=Policy.ADOPT)
    assert (report.exit_code, (root / "CLAUDE.md").is_symlink(), (root / "AGENTS.md").is_symlink()) == (0, True, True)
    assert (root / "notes.md").read_text(encoding="utf-8") == "# Rules\n\nBe very kind.\n"


async def test_a_credential_is_not_taken_into_the_source(run: Sync, root: Path) -> None:
    """The output may be hidden from git; the source is what a team shares."""
    await run()
    edit(root / "AGENTS.md", "kind", "kind with ghp_0123456789abcdefghijABCDEFGHIJ0123456789")
    assert await refused(run, "AGENTS.md") == "there is a credential in the edit"


async def test_what_would_execute_waits_for_a_person(run: Sync, root: Path, project: Project, engine: Engine) -> None:
    """A harness can write its own configuration: through us it must not write everybody's."""
    trusted = approved(replace(project, targets=("codex",)), engine.places)
    await sync(trusted, engine)
    edit(root / ".codex/config.toml", "files-program", "evil-program")
    used = replace(engine, policies=Policies(policy=Policy.ADOPT))
    report = (await sync(trusted, used)).report
    (conflict,) = report.conflicts
    assert "has to be approved" in conflict.message
    assert json.loads((root / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["files"]["command"] == (
        "files-program"
    )


@pytest.mark.parametrize("error", [PermissionError(errno.EPERM, os.strerror(errno.EPERM)), NotImplementedError()])
async def test_an_edited_copy_goes_back_into_its_source(
    run: Sync, root: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Where no links can be made, a skill is a copied folder, and each file in it has its own place to go."""

    def no_links(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", no_links)
        patch.setattr(Means, "of_this_system", lambda: Means("Linux", symlink=no_links))
        report = await run()
        assert report.failures == ()
        assert report.methods["copy"] >= 1
        edit(root / ".agents/skills/pdf/SKILL.md", "Do it well", "Do it better")
        report = await run(policy=Policy.ADOPT)
    assert report.conflicts == ()
    assert (report.state, report.exit_code) == (State.IN_STEP, 0)
    assert "Do it better" in (root / ".claude/skills/pdf/SKILL.md").read_text(encoding="utf-8")


async def test_what_was_decided_is_logged(run: Sync, root: Path, engine: Engine, readable_log: Any) -> None:
    """Under a supervisor nobody may be looking: the output, how it stood, and what was done."""
    object.__setattr__(engine, "log", readable_log.log)
    await run()
    edit(root / AGENT, "You review", "I review")
    await run(policy=Policy.RESTORE)
    edit(root / "AGENTS.md", "kind", "very kind")
    await run(policy=Policy.ADOPT)
    told = [(line["output"], line["state"], line["choice"]) for line in readable_log.named("output.resolved")]
    assert told[0] == (AGENT, "output-edited", "restore")
    assert ("CLAUDE.md", "output-edited", "adopt") in told[1:]
