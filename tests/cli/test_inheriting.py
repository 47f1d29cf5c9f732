"""What a linked worktree has of its main checkout: links where Claude Code looks, and none where it needs none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_orchestrator import entry
from harnesssync_orchestrator.core.desired import link_hash
from harnesssync_orchestrator.core.markers import marked_name, marker_name

Run = Callable[..., Any]
Git = Callable[..., str]

REFUSE = Path(__file__).parents[1] / "files" / "refuse_calls.py"

SKILL = "---\nname: {0}\ndescription: Knows {0}\n---\nDo {0}.\n"
AGENT = "---\nname: {0}\ndescription: Knows {0}\n---\nBe {0}.\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


MINE = {
    ".claude/skills/mine/SKILL.md": SKILL.format("mine"),
    ".claude/agents/team/critic.md": AGENT.format("critic"),
    ".claude/commands/ship.md": "Ship it.\n",
    ".claude/rules/tone.md": "Be brief.\n",
    "CLAUDE.local.md": "My sandbox is at :9999.\n",
    ".mcp.json": '{"mcpServers": {"notes": {"command": "notes"}}}',
}
"""What a person keeps out of git in the main checkout."""

PLACES = {
    ".claude/skills/mine": ".claude/skills/mine",
    ".claude/agents/team/critic.md": ".claude/agents/team/critic.md",
    ".claude/rules/tone.md": ".claude/rules/tone.md",
    "CLAUDE.local.md": "CLAUDE.local.md",
}
"""Where of it there are links at once. The worktree has no commands, so Claude Code reads those of the main checkout,
and a server waits for approval."""


@pytest.fixture
def main(tmp_path: Path, git: Git) -> Path:
    """A main checkout in which git tracks a skill, an agent and a rule, with a person's own things beside them."""
    root = tmp_path.resolve() / "main"
    write(
        root,
        {
            ".claude/skills/shared/SKILL.md": SKILL.format("shared"),
            ".claude/agents/reviewer.md": AGENT.format("reviewer"),
            "CLAUDE.md": "# Rules\n",
            ".gitignore": ".mcp.json\n",
        },
    )
    git("init", "-q", cwd=root)
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    write(root, MINE)
    return root


def links(root: Path) -> dict[str, str]:
    """All links below a worktree, and where they lead; marked copies as well, and what they are copies of."""
    found = {path: str(path.readlink()) for path in root.rglob("*") if path.is_symlink()}
    for marker in root.rglob(".harnesssync-source-*.txt"):
        copy = marker.with_name(marked_name(marker.name) or "")
        assert copy.is_file()
        assert not copy.is_symlink()
        found[copy] = marker.read_text().splitlines()[0]
    return {path.relative_to(root).as_posix(): source for path, source in found.items()}


def told(main: Path, places: dict[str, str]) -> dict[str, str]:
    return {place: f"{main}/{path}" for place, path in places.items()}


def test_a_new_worktree_gets_what_git_does_not_carry(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Item by item, beside what the branch has. git shows nothing of it there, and goes on showing what a person has in
    the main checkout, but for their own rules, which nobody commits."""
    before = git("status", "--short", "--untracked-files=all", cwd=main).splitlines()
    ran = run("sync", cwd=linked)
    assert (ran.code, ran.err) == (1, "")  # the server is held back
    assert links(linked) == told(main, PLACES)
    assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""
    git("add", "--all", cwd=linked)
    assert git("status", "--short", cwd=linked) == ""
    shown = git("status", "--short", "--untracked-files=all", cwd=main).splitlines()
    assert [*shown, "?? CLAUDE.local.md"] == before


def test_a_server_waits_for_approval(run: Run, main: Path, linked: Path) -> None:
    """Which all worktrees share; what is added to the file later holds the whole link back again."""
    assert "held back: mcp_server notes" in run("sync", cwd=linked).out
    run("ctl", "add", str(main))
    assert run("sync", cwd=linked).code == 0
    assert links(linked) == told(main, {**PLACES, ".mcp.json": ".mcp.json"})
    write(main, {".mcp.json": '{"mcpServers": {"notes": {"command": "notes"}, "new": {"command": "new"}}}'})
    assert "held back: mcp_server new: new, or changed" in run("sync", cwd=linked).out  # and not what is approved
    assert not (linked / ".mcp.json").is_symlink()


def test_a_file_at_the_root_that_git_would_show_is_not_linked(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Nothing of ours can hide it there and show it in the main checkout. A person's own line does."""
    write(linked, {".gitignore": "\n"})
    git("commit", "-q", "-a", "-m", "show it", cwd=linked)
    run("ctl", "add", str(main))
    ran = run("sync", "--verbose", cwd=linked)
    assert ".mcp.json is not hidden from git: name it in .gitignore, or in info/exclude yourself" in ran.out
    assert not (linked / ".mcp.json").is_symlink()
    with (main / ".git/info/exclude").open("a") as file:
        file.write("/.mcp.json\n")
    assert run("sync", cwd=linked).code == 0
    assert (linked / ".mcp.json").is_symlink()
    assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""


def test_a_second_sync_changes_nothing(run: Run, main: Path, linked: Path) -> None:
    """What was linked is not read again as the worktree's own, whether or not anybody knows how it came there."""
    run("ctl", "add", str(main))
    run("sync", cwd=linked)
    for again in (("sync",), ("sync",), ("check",), ("sync", "--rehash")):
        ran = run(*again, cwd=linked)
        assert (ran.code, ran.err, "conflict" in ran.out) == (0, "", False), again
    assert "nothing to do" in run("sync", cwd=linked).out
    explained = run("explain", ".claude/skills/mine", cwd=linked).out
    assert f"skill mine, inherited: {main}/.claude/skills/mine/SKILL.md" in explained


def test_the_main_checkout_itself_gets_nothing(run: Run, main: Path) -> None:
    """Also when that is asked for."""
    run("sync", "--target", "claude-code", cwd=main)
    assert links(main) == {}
    assert not (main / ".claude/.gitignore").exists()


def test_a_worktree_in_the_main_checkout_is_one_too(run: Run, git: Git, main: Path) -> None:
    """Claude Code makes its own there."""
    inner = main / ".claude/worktrees/inner"
    git("worktree", "add", "-q", str(inner), cwd=main)
    run("sync", cwd=inner)
    assert links(inner) == told(main, PLACES)
    assert git("status", "--short", cwd=inner) == ""


def test_there_is_nothing_to_inherit_of_a_bare_repository(run: Run, git: Git, main: Path) -> None:
    """Whatever lies beside it, also where it is called `.git`."""
    for name in ("bare.git", "around/.git"):
        bare = main.with_name("bare") / name
        git("clone", "-q", "--bare", str(main), str(bare), cwd=main)
        write(bare.parent, MINE)
        worktree = main.with_name(f"of-{bare.parent.name}")
        git("worktree", "add", "-q", str(worktree), cwd=bare)
        run("sync", "--target", "claude-code", cwd=worktree)
        assert links(worktree) == {}


def test_a_submodule_inherits_nothing(run: Run, git: Git, main: Path) -> None:
    """Nor does a worktree of one: it has no main checkout that git names."""
    outer = main.with_name("outer")
    outer.mkdir()
    git("init", "-q", cwd=outer)
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(main), "inner", cwd=outer)
    write(outer, MINE)
    write(outer / "inner", MINE)
    worktree = main.with_name("of-inner")
    git("worktree", "add", "-q", str(worktree), cwd=outer / "inner")
    for root in (outer / "inner", worktree):
        run("sync", "--target", "claude-code", cwd=root)
        assert links(root) == {}


def test_what_a_branch_has_wins(run: Run, git: Git, main: Path, linked: Path) -> None:
    """And is no conflict, whenever it came. What git tracks in the main checkout is for the branch to say."""
    write(linked, {".claude/skills/mine/SKILL.md": SKILL.format("other"), "CLAUDE.local.md": "Mine, here.\n"})
    ran = run("sync", cwd=linked)
    assert "conflict" not in ran.out
    assert links(linked).keys() == {".claude/agents/team/critic.md", ".claude/rules/tone.md"}
    rule = linked / ".claude/rules/tone.md"
    rule.unlink()
    rule.write_text("Be long.\n")
    git("add", ".claude/agents/team/critic.md", cwd=main)
    ran = run("sync", cwd=linked)
    assert "conflict" not in ran.out
    assert links(linked) == {}
    assert rule.read_text() == "Be long.\n"
    assert "in step" in run("check", cwd=linked).out.replace("out of step", "")
    rule.unlink()
    git("rm", "-q", "--cached", ".claude/agents/team/critic.md", cwd=main)
    run("sync", cwd=linked)
    assert links(linked).keys() == {".claude/agents/team/critic.md", ".claude/rules/tone.md"}


def test_a_copy_that_was_meant_is_counted_as_one_and_no_warning(run: Run, linked: Path) -> None:
    """Of links that could not be made a person is warned, and of nothing else."""
    (row,) = json.loads(run("diff", "--json", cwd=linked).out)["projects"]
    planned = Counter(operation["kind"] for operation in row["operations"])
    ran = run("sync", "--json", cwd=linked)
    (row,) = json.loads(ran.out)["projects"]
    assert (row["methods"]["copy"], row["methods"]["symlink"]) == (planned["MakeCopy"], planned["MakeLink"])
    assert run("unlink", "--all", cwd=linked).code == 0
    ran = run("sync", cwd=linked)
    assert ("1 copied" in ran.out, "no link could be made" in ran.out + ran.err) == (True, False)


def test_a_copy_that_was_meant_does_not_count_among_those_for_want_of_links(run: Run, linked: Path) -> None:
    """Where the system makes no links at all."""
    assert json.loads(run("diff", "--json", cwd=linked).out)["projects"][0]["copies_for_links"] == 0
    command = [sys.executable, str(REFUSE), "symlink,symlinkat:EPERM", str(entry.__file__), "sync", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(command, cwd=linked, env=environment, capture_output=True, text=True, check=False)
    (row,) = json.loads(ran.stdout)["projects"]
    kinds = Counter(operation["kind"] for operation in row["operations"])
    assert (kinds["MakeCopy"], row["methods"]["copy"]) == (1, kinds["MakeLink"] + 1)
    assert row["copies_for_links"] == kinds["MakeLink"] > 0


def test_a_rule_is_a_copy_that_follows_the_main_checkout(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Claude Code passes over a link in `rules` that leads out of the worktree, until a person allows it."""
    rule = linked / ".claude/rules/tone.md"
    assert f".claude/rules/tone.md, a copy of {main}/.claude/rules/tone.md" in run("diff", cwd=linked).out
    for text in ("Be brief.\n", "Be briefer.\n"):
        write(main, {".claude/rules/tone.md": text})
        assert "conflict" not in run("sync", cwd=linked).out
        assert (rule.is_symlink(), rule.read_text()) == (False, text)
        assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""
    rule.write_text("Be long.\n")
    assert "conflict" not in run("sync", cwd=linked).out
    write(main, {".claude/rules/tone.md": "Be silent.\n"})
    run("sync", cwd=linked)
    assert rule.read_text() == "Be long.\n"
    assert [path.name for path in rule.parent.iterdir()] == ["tone.md"]


@pytest.mark.parametrize(
    "then", [("sync",), ("sync", "--target", "claude-code"), ("unlink", "--all"), ("unlink", "--target", "claude-code")]
)
def test_a_rule_that_comes_with_the_branch_is_the_branchs(
    run: Run, git: Git, main: Path, linked: Path, then: tuple[str, ...]
) -> None:
    """Git writes it over the copy, with the same words; nothing of ours stays beside it."""
    run("sync", cwd=linked)
    git("checkout", "-q", "-b", "dev", cwd=main)
    git("add", ".claude/rules/tone.md", cwd=main)
    git("commit", "-q", "-m", "a rule for all", cwd=main)
    git("merge", "-q", "dev", cwd=linked)
    run(*then, cwd=linked)
    assert (linked / ".claude/rules/tone.md").read_text() == "Be brief.\n"
    assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""
    assert not list(linked.rglob(".harnesssync-source-*"))


def test_a_rule_that_is_a_link_in_the_main_checkout_is_copied_too(run: Run, main: Path, linked: Path) -> None:
    """What it leads to is the source."""
    write(main, {"docs/tone.md": "From the docs.\n"})
    (main / ".claude/rules/docs.md").symlink_to("../../docs/tone.md")
    for text in ("From the docs.\n", "Other docs.\n"):
        write(main, {"docs/tone.md": text})
        ran = run("sync", cwd=linked)
        assert ("✗" in ran.out, ran.err) == (False, "")
        assert (linked / ".claude/rules/docs.md").read_text() == text


def test_copies_leave_no_line_for_the_main_checkout(run: Run, main: Path, linked: Path) -> None:
    """The file beside them hides them, and their markers."""
    run("sync", cwd=linked)
    assert "rules" not in (main / ".git/info/exclude").read_text()


def test_undo_brings_back_the_copy_before(run: Run, git: Git, main: Path, linked: Path) -> None:
    """With its marker: the next sync knows it for its own."""
    run("sync", cwd=linked)
    write(main, {".claude/rules/tone.md": "Be briefer.\n"})
    run("sync", cwd=linked)
    assert run("undo", cwd=linked).code == 0
    assert (linked / ".claude/rules/tone.md").read_text() == "Be brief.\n"
    assert git("status", "--short", "--untracked-files=all", cwd=linked) == ""
    run("ctl", "resume", cwd=linked)
    assert "conflict" not in run("sync", cwd=linked).out
    assert (linked / ".claude/rules/tone.md").read_text() == "Be briefer.\n"


def test_a_link_to_a_rule_that_was_ours_becomes_a_copy(run: Run, main: Path, linked: Path, home: Path) -> None:
    """As earlier versions made it."""
    run("sync", cwd=linked)
    (ledger,) = (home / ".harnesssync").rglob("state.json")
    rule = linked / ".claude/rules/tone.md"
    rule.unlink()
    rule.with_name(marker_name(rule.name)).unlink()
    rule.symlink_to(main / ".claude/rules/tone.md")
    text = ledger.read_text()
    row = text[text.index("{", text.index('".claude/rules/tone.md"')) :]
    copy = row[: row.index("}") + 1]
    told = json.loads(copy)
    link = {**told, "method": "symlink", "hash": link_hash(str(main / ".claude/rules/tone.md"))}
    ledger.write_text(text.replace(copy, json.dumps(link)))
    run("sync", cwd=linked)
    assert (rule.is_symlink(), rule.read_text()) == (False, "Be brief.\n")


def test_an_agent_of_the_same_name_in_another_file_wins_too(run: Run, main: Path, linked: Path) -> None:
    """Claude Code would have two of them."""
    write(linked, {".claude/agents/harsh.md": AGENT.format("critic")})
    run("sync", cwd=linked)
    assert ".claude/agents/team/critic.md" not in links(linked)


def test_what_goes_in_the_main_checkout_goes_in_the_worktree(run: Run, git: Git, main: Path, linked: Path) -> None:
    """With the folders that were made for it."""
    run("sync", cwd=linked)
    shutil.rmtree(main / ".claude/skills/mine")
    (main / ".claude/rules/tone.md").unlink()
    run("sync", cwd=linked)
    assert links(linked).keys() == {".claude/agents/team/critic.md", "CLAUDE.local.md"}
    assert not (linked / ".claude/rules").exists()
    assert (linked / ".claude/.gitignore").read_text() == "/.gitignore\n/agents/team/critic.md\n"


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("false", set()),
        ('["skills"]', {".claude/skills/mine"}),
        ('["rules", "mcp"]', {".claude/rules/tone.md", "CLAUDE.local.md"}),
    ],
)
def test_a_setting_narrows_or_ends_it(
    run: Run, home: Path, git: Git, main: Path, linked: Path, setting: str, left: set[str]
) -> None:
    """In one sync; nothing of it reaches another harness any more either, and what is a person's stays."""
    for root in (main, linked):
        write(root, {".codex/config.toml": "\n"})
    run("sync", cwd=linked)
    assert (linked / ".agents/skills/mine").is_symlink()
    write(linked, {".claude/rules/own.md": "Own.\n"})
    write(home, {".harnesssync/config.toml": f"[worktrees]\ninherit = {setting}\n"})
    run("sync", cwd=linked)
    assert {path for path in links(linked) if not path.startswith((".agents", "AGENTS"))} == left
    assert (linked / ".agents/skills/mine").is_symlink() == (".claude/skills/mine" in left)
    again = run("sync", cwd=linked).out
    assert "nothing" in again.splitlines()[-1]
    assert (linked / ".claude/rules/own.md").read_text() == "Own.\n"
    assert (main / ".claude/skills/mine/SKILL.md").is_file()


def test_unlink_and_undo_take_the_links_away_alone(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Byte by byte what was there before; what they led to is untouched."""
    run("sync", cwd=linked)
    mine = {name: (main / name).read_text() for name in MINE}
    assert run("undo", cwd=linked).code == 0
    assert links(linked) == {}
    run("ctl", "resume", cwd=linked)
    run("sync", cwd=linked)
    assert links(linked) == told(main, PLACES)
    assert run("unlink", "--all", cwd=linked).code == 0
    assert links(linked) == {}
    assert git("status", "--short", "--ignored", cwd=linked) == ""
    assert {name: (main / name).read_text() for name in MINE} == mine


def test_a_link_of_a_persons_own_to_the_main_checkout_is_theirs(run: Run, main: Path, linked: Path) -> None:
    """It is no way out of the project, what it leads to is inherited, and it does not go with ours."""
    own = linked / ".claude/skills/shared-by-hand"
    write(main, {".claude/skills/shared-by-hand/SKILL.md": SKILL.format("shared-by-hand")})
    own.symlink_to(main / ".claude/skills/shared-by-hand")
    write(linked, {".codex/config.toml": "\n"})
    ran = run("sync", cwd=linked)
    assert "leads out" not in ran.out + ran.err
    assert (linked / ".agents/skills/shared-by-hand").is_symlink()
    run("unlink", "--all", cwd=linked)
    assert own.is_symlink()


def test_a_folder_that_is_linked_to_that_of_the_main_checkout_is_left_alone(
    run: Run, git: Git, main: Path, linked: Path
) -> None:
    """As people do by hand. All that is in it is inherited."""
    shutil.rmtree(linked / ".claude/skills")
    (linked / ".claude/skills").symlink_to(main / ".claude/skills")
    write(linked, {".codex/config.toml": "\n"})
    ran = run("sync", cwd=linked)
    assert "leads out" not in ran.out + ran.err
    assert "conflict" not in ran.out
    assert {path for path in links(linked) if path.startswith(".agents")} == {
        ".agents/skills/mine",
        ".agents/skills/shared",
    }


def test_other_harnesses_get_it_as_well_but_none_twice(run: Run, main: Path, linked: Path) -> None:
    """OpenCode reads `.claude/skills` itself, Codex does not."""
    for target, expected in (("codex", True), ("opencode", False)):
        run("sync", "--target", target, "--target", "claude-code", cwd=linked)
        assert (linked / ".agents/skills/mine").is_symlink() == expected
        run("unlink", "--all", cwd=linked)
        run("ctl", "resume", cwd=linked)


def test_who_chose_other_harnesses_gets_no_links(run: Run, main: Path, linked: Path) -> None:
    """And what Claude Code does not have, the others do not get either."""
    run("ctl", "add", str(linked), "--target", "codex")
    run("sync", cwd=linked)
    assert links(linked).keys() == {".agents/skills/shared", "AGENTS.md"}


def test_a_branch_with_a_file_of_patterns_hides_by_its_own(run: Run, git: Git, main: Path, linked: Path) -> None:
    """Where ours can't stand, only what git does not show anyway is linked."""
    write(linked, {".claude/.gitignore": "/rules/tone.md\n"})
    git("add", ".claude/.gitignore", cwd=linked)
    git("commit", "-q", "-m", "hide", cwd=linked)
    run("sync", cwd=linked)
    assert links(linked).keys() == {".claude/rules/tone.md", "CLAUDE.local.md"}
    assert git("status", "--short", cwd=linked) == ""


def test_permissions_need_no_link(run: Run, main: Path, linked: Path) -> None:
    """Claude Code reads the local settings of the main checkout itself."""
    write(main, {".claude/settings.local.json": json.dumps({"permissions": {"allow": ["Bash(ls)"]}})})
    run("ctl", "add", str(main))
    run("sync", cwd=linked)
    assert not (linked / ".claude/settings.local.json").exists()
