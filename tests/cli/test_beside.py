"""What stands beside ours, or in its place, and is a person's: told, with what to do about it, and left alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

SKILL = "---\nname: pdf\ndescription: Reads PDF files\n---\nRead it.\n"
AGENT = "---\nname: pdf\ndescription: Reviews\n---\nReview it.\n"


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with nothing in it."""
    root = (tmp_path / "project").resolve()
    root.mkdir()
    git("init", "-q", cwd=root)
    return root


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def twice(run: Run, command: str, root: Path, *options: str) -> list[tuple[str, str, str]]:
    """The target, the item and the other place of each that is told."""
    report = json.loads(run(command, *options, "--json", cwd=root).out)["projects"][0]
    return [(loss["target"], loss["item"], loss["what"]) for loss in report["losses"] if loss["twice"]]


@pytest.mark.parametrize(
    ("target", "kept", "item", "ours"),
    [
        ("codex", ".codex/skills/pdf/SKILL.md", "skill pdf", ".agents/skills/pdf"),
        ("gemini", ".gemini/skills/pdf/SKILL.md", "skill pdf", ".agents/skills/pdf"),
        ("opencode", ".opencode/skills/pdf/SKILL.md", "skill pdf", ".claude/skills/pdf"),
        ("opencode", ".opencode/agent/pdf.md", "agent pdf", ".opencode/agents/pdf.md"),
        ("copilot", ".github/agents/pdf.agent.md", "agent pdf", ".claude/agents/pdf.md"),
        ("windsurf", ".windsurf/rules/pdf.md", "rule .claude/rules/pdf.md", "AGENTS.md"),
    ],
)
def test_what_is_kept_beside_ours_is_told_until_it_is_gone(
    run: Run, repository: Path, target: str, kept: str, item: str, ours: str
) -> None:
    """By whatever looks, and by nothing once it is gone."""
    files = {".claude/skills/pdf/SKILL.md": SKILL, ".claude/agents/pdf.md": AGENT, ".claude/rules/pdf.md": "Read it.\n"}
    root, options = write(repository, {**files, kept: "mine\n"}), ("--target", target)
    other = kept.removesuffix("/SKILL.md")
    assert twice(run, "check", root, *options) == [(target, item, other)]
    synced = run("sync", *options, cwd=root)
    assert synced.code == 0, synced.out
    assert f"twice: {target} finds {item}: {other}." in synced.out
    assert f" reads that besides {ours}: delete it " in synced.out
    assert twice(run, "status", root, *options) == [(target, item, other)]
    assert (root / kept).read_text() == "mine\n"
    (root / kept).unlink()
    if other != kept:
        (root / other).rmdir()
    assert twice(run, "status", root, *options) == []


def test_memories_are_told_only_if_they_say_the_same(run: Run, repository: Path) -> None:
    """In its own file Gemini CLI keeps what it is to remember; after an import, it has all of it twice."""
    root, options = (
        write(repository, {"GEMINI.md": "Use tabs.\n", "api/GEMINI.md": "Use Fastify.\n"}),
        ("--target", "gemini"),
    )
    assert run("import", "--from", "gemini", cwd=root).code == 0
    found = [("gemini", f"rule {folder}CLAUDE.md", f"{folder}GEMINI.md") for folder in ("", "api/")]
    assert twice(run, "check", root, *options) == found
    assert run("sync", *options, cwd=root).code == 0
    assert twice(run, "status", root, *options) == found
    write(root, {"GEMINI.md": "I remember.\n"})
    assert twice(run, "status", root, *options) == found[1:]


def test_what_leads_to_the_same_is_there_once(run: Run, repository: Path) -> None:
    """A folder, or one of its entries, that is a link to where ours is, and one that leads to nothing."""
    root = write(repository, {".claude/skills/pdf/SKILL.md": SKILL, ".claude/agents/pdf.md": AGENT})
    write(root, {".opencode/agents/mine.md": "---\ndescription: Mine\n---\nMine.\n"})
    (root / ".opencode/agent").symlink_to("agents")
    (root / ".opencode/skills").mkdir()
    (root / ".opencode/skills/pdf").symlink_to("../../.claude/skills/pdf")
    (root / ".codex/skills").mkdir(parents=True)
    (root / ".codex/skills/pdf").symlink_to("nowhere")
    options = ("--target", "opencode", "--target", "codex")
    assert run("sync", *options, cwd=root).code == 0
    assert twice(run, "status", root, *options) == []


def test_what_we_make_for_another_harness_is_not_told(run: Run, repository: Path) -> None:
    """OpenCode reads the link that Codex needs, and both lead to one skill."""
    root = write(repository, {".claude/skills/pdf/SKILL.md": SKILL})
    assert run("sync", "--target", "codex", "--target", "opencode", cwd=root).code == 0
    assert twice(run, "status", root, "--target", "opencode") == []


def test_a_folder_that_says_the_same_is_no_conflict(run: Run, repository: Path) -> None:
    """As an import leaves it: it stays a person's, until the source says something else."""
    root = write(repository, {".agents/skills/pdf/SKILL.md": SKILL, ".agents/skills/pdf/lib/a.py": "a = 1\n"})
    assert run("import", "--from", "codex", cwd=root).code == 0
    assert run("sync", "--target", "codex", cwd=root).code == 0
    assert run("check", "--target", "codex", cwd=root).code == 0
    assert not (root / ".agents/skills/pdf").is_symlink()
    write(root, {".claude/skills/pdf/lib/a.py": "a = 2\n"})
    changed = run("sync", "--target", "codex", cwd=root)
    assert changed.code == 1
    assert "a folder of yours said the same until its source changed. Delete it, then sync again" in changed.out
    write(root, {".agents/skills/pdf/lib/a.py": "a = 2\n"})
    assert run("sync", "--target", "codex", cwd=root).code == 0


def test_a_folder_that_says_the_same_stays_when_its_source_goes(run: Run, repository: Path) -> None:
    """We did not make it, whatever the ledger says of it; what is deleted becomes a link."""
    root = write(repository, {".agents/skills/pdf/SKILL.md": SKILL, ".claude/skills/pdf/SKILL.md": SKILL})
    write(root, {".agents/skills/doc/SKILL.md": SKILL, ".claude/skills/doc/SKILL.md": SKILL, "CLAUDE.md": "Hi.\n"})
    assert run("sync", "--target", "codex", cwd=root).code == 0
    for folder in (".claude/skills/pdf", ".agents/skills/doc"):
        (root / folder / "SKILL.md").unlink()
        (root / folder).rmdir()
    assert run("sync", "--target", "codex", cwd=root).code == 0
    assert (root / ".agents/skills/pdf/SKILL.md").read_text() == SKILL
    assert (root / ".agents/skills/doc").is_symlink()
    assert run("unlink", "--all", cwd=root).code == 0
    assert (root / ".agents/skills/pdf/SKILL.md").read_text() == SKILL


def test_where_a_harness_is_moved_it_is_looked_for_there(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`CODEX_HOME` moves the folder of skills that only Codex reads."""
    monkeypatch.setenv("CODEX_HOME", str(home / "tools/codex"))
    write(home, {".claude/skills/pdf/SKILL.md": SKILL, "tools/codex/skills/pdf/SKILL.md": SKILL})
    write(home, {".codex/skills/pdf/SKILL.md": SKILL})
    options = ("--user", "--target", "codex")
    assert twice(run, "check", tmp_path, *options) == [("codex", "skill pdf", "tools/codex/skills/pdf")]


@pytest.mark.parametrize("form", ["link", "import"])
def test_rules_that_give_way_to_an_agents_md_written_by_hand_are_named(run: Run, repository: Path, form: str) -> None:
    """In one line for all harnesses; and its remedy helps."""
    root = write(repository, {"AGENTS.md": "By hand.\n", ".claude/rules/a.md": "A.\n", ".claude/rules/b.md": "B.\n"})
    if form == "link":
        (root / "CLAUDE.md").symlink_to("AGENTS.md")
    else:
        (root / "CLAUDE.md").write_text("@AGENTS.md\n")
    options = ("--target", "codex", "--target", "windsurf")
    shown = run("sync", *options, cwd=root)
    said = "left out: codex, windsurf can't get rule .claude/rules/a.md, rule .claude/rules/b.md. AGENTS.md is written"
    assert (shown.code, shown.out.count("left out"), said in shown.out) == (0, 1, True), shown.out
    (root / "CLAUDE.md").unlink()
    (root / "AGENTS.md").rename(root / "CLAUDE.md")
    assert "left out" not in run("sync", *options, cwd=root).out
    assert all(text in (root / "AGENTS.md").read_text() for text in ("By hand.", "A.", "B."))
