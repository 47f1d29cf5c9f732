"""`explain`: of each part of a file, what made it; and what would be there and is not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.reliability.world import FOREIGN_FILES, PROJECT_FILES, TARGETS, differences, picture

Run = Callable[..., Any]

TOKEN = "ghp_" + "a1B2" * 9
CONFIG = ".codex/config.toml"


def write(root: Path, name: str, content: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str], run: Run) -> Path:
    """A registered repository with configuration of each kind, and with things of a person's where outputs go."""
    root = (tmp_path / "project").resolve()
    for name, content in {**PROJECT_FILES, **FOREIGN_FILES}.items():
        write(root, name, content)
    git("init", "-q", cwd=root)
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    assert run("ctl", "add", str(root), *(f"--target={target}" for target in TARGETS)).code == 0
    return root


@pytest.fixture
def synced(project: Path, run: Run) -> Path:
    assert run("sync", cwd=project).code == 0
    return project


def explain(run: Run, file: object, *options: str, cwd: Path, code: int = 0) -> dict[str, Any]:
    ran = run("explain", str(file), "--json", *options, cwd=cwd)
    assert (ran.code, ran.err) == (code, "")
    row: dict[str, Any] = json.loads(ran.out)
    return row


def by_address(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["address"].partition("#")[2] or part["address"]: part for part in row["parts"]}


def test_a_merged_file_is_explained_key_by_key(run: Run, synced: Path) -> None:
    """The item, its layer, file and line, the targets; and what of the file is a person's, by pointer."""
    row = explain(run, CONFIG, cwd=synced)
    part = by_address(row)["/mcp_servers/files"]
    assert (part["form"], part["ours"], part["state"], part["targets"]) == ("key", True, "in-step", ["codex"])
    origin = {"layer": "project", "file": f"{synced}/.mcp.json", "line": 1, "plugin": None, "private": False}
    assert part["items"] == [{"item": "mcp_server files", "origins": [origin], "imports": []}]
    assert row["foreign"] == [
        {"pointer": ["model"], "index": None},
        {"pointer": ["mcp_servers", "own"], "index": None},
    ]
    told = run("explain", CONFIG, cwd=synced).out
    assert "mcp_server files, project: .mcp.json:1" in told
    assert "yours: #/mcp_servers/own" in told


def test_elements_of_an_array_are_told_apart_from_a_persons(run: Run, synced: Path) -> None:
    """By their index: ours by the ledger, the others by not being in it."""
    settings = synced / ".gemini/settings.json"
    settings.write_text(settings.read_text().replace('"GEMINI.md"', '"MINE.md", "GEMINI.md"'))
    row = explain(run, ".gemini/settings.json", cwd=synced)
    names = [part for part in row["parts"] if "/context/fileName" in part["address"]]
    assert sorted((part["form"], part["index"]) for part in names) == [("element", 1), ("element", 2)]
    assert {"pointer": ["context", "fileName"], "index": 0} in row["foreign"]


def test_whole_outputs_are_explained(run: Run, synced: Path) -> None:
    """A file by all items in it, with what they import; a link by where it leads."""
    rendered = explain(run, "AGENTS.md", cwd=synced)["parts"][0]
    assert [item["item"] for item in rendered["items"]] == ["rule CLAUDE.md", "rule .claude/rules/tests.md"]
    assert rendered["items"][0]["imports"] == [f"{synced}/docs/style.md"]
    link = explain(run, ".agents/skills/pdf", cwd=synced)["parts"][0]
    assert (link["form"], link["source"], link["targets"]) == (
        "link",
        f"{synced}/.claude/skills/pdf",
        ["codex", "gemini"],
    )


def test_something_inside_of_a_linked_folder_is_explained_by_the_link(run: Run, synced: Path) -> None:
    """Also from inside of it, where the shell says by which link one came."""
    row = explain(run, ".agents/skills/pdf/scripts/read.sh", cwd=synced)
    assert (row["within"]["address"], row["parts"]) == (".agents/skills/pdf", [])
    assert row["behind"] == f"{synced}/.claude/skills/pdf/scripts/read.sh"


def test_the_working_directory_is_what_the_shell_calls_it(
    run: Run, synced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a folder that was entered by a link of ours is inside of that link; a `..` leads back as in a shell."""
    entered = synced / ".agents/skills/pdf"
    monkeypatch.setenv("PWD", str(entered))
    assert explain(run, "SKILL.md", cwd=entered)["within"]["address"] == ".agents/skills/pdf"
    assert explain(run, "../../../AGENTS.md", cwd=entered)["file"] == "AGENTS.md"
    monkeypatch.setenv("PWD", str(synced))  # which is a lie by now
    row = explain(run, "SKILL.md", cwd=entered, code=1)
    assert [each["item"] for each in row["source_of"]] == ["skill pdf"]


def test_a_path_through_a_persons_link_is_followed(run: Run, synced: Path, tmp_path: Path) -> None:
    """One above the project, and one in it, lead to the output; a link to the output is no output itself."""
    (tmp_path / "elsewhere").symlink_to(synced)
    assert explain(run, tmp_path / "elsewhere" / "AGENTS.md", cwd=tmp_path)["file"] == "AGENTS.md"
    (synced / "again").symlink_to(".")
    (synced / "settings").symlink_to(".codex")
    row = explain(run, "settings/config.toml", cwd=synced)
    assert (row["file"], row["asked"]) == (CONFIG, "settings/config.toml")
    (synced / "mine.md").symlink_to("AGENTS.md")
    row = explain(run, "mine.md", cwd=synced, code=1)
    assert (row["there"], row["leads_to"]) == ("link", "AGENTS.md")


def test_a_file_that_is_no_output_ends_with_1(run: Run, synced: Path) -> None:
    """Of a source it says what it makes, of a harness that is not used here that it would be written for it."""
    assert explain(run, "README.md", cwd=synced, code=1)["source_of"] == []
    assert explain(run, "nosuch/file", cwd=synced, code=1)["there"] == "nothing"
    assert "AGENTS.md" in explain(run, "CLAUDE.md", cwd=synced, code=1)["source_of"][0]["outputs"]
    assert "AGENTS.md" in explain(run, "docs/style.md", cwd=synced, code=1)["source_of"][0]["outputs"]
    assert explain(run, ".cursor/mcp.json", cwd=synced, code=1)["others"] == ["cursor"]


def test_a_file_that_the_project_would_get_with_one_more_harness_is_explained(
    tmp_path: Path, git: Callable[..., str], run: Run
) -> None:
    """A rule for certain files has one of Cursor's, unless it is in `AGENTS.md` for the sake of another harness."""
    file = ".cursor/rules/harnesssync-claude-rules-tests.mdc"
    for target, others in (("qwen", ["cursor"]), ("codex", [])):
        root = tmp_path / target
        write(root, "CLAUDE.md", "Be kind.\n")
        write(root, ".claude/rules/tests.md", "---\npaths: tests/**\n---\n\nMind the tests.\n")
        git("init", "-q", cwd=root)
        assert run("ctl", "add", str(root), f"--target={target}").code == 0
        assert explain(run, file, cwd=root, code=1)["others"] == others


def test_a_path_outside_of_any_project_is_a_mistake_in_the_command(run: Run, synced: Path) -> None:
    """As is one that is not in the project that was named."""
    outside = run("explain", "/etc/passwd", cwd=synced)
    assert (outside.code, "in no git worktree" in outside.err) == (2, True)
    elsewhere = run("explain", "/etc/passwd", "--project", str(synced), cwd=synced)
    assert (elsewhere.code, f"it is not in {synced}" in elsewhere.err) == (2, True)
    assert run("explain", cwd=synced).code == 2


def test_a_file_in_the_home_directory_is_one_of_the_user_scope(run: Run, home: Path, tmp_path: Path) -> None:
    """Also when the command is run elsewhere."""
    write(home, ".claude/CLAUDE.md", "# Mine\n")
    assert run("sync", "--user", "--target=codex", cwd=tmp_path).code == 0
    row = explain(run, "~/.codex/AGENTS.md", cwd=tmp_path)
    assert (row["scope"], row["path"]) == ("user", str(home.resolve()))
    assert row["parts"][0]["items"][0]["origins"][0]["layer"] == "user"
    assert explain(run, home / ".codex/AGENTS.md", "--user", cwd=tmp_path)["file"] == ".codex/AGENTS.md"


def test_what_waits_until_the_source_can_be_read_is_not_called_in_step(run: Run, synced: Path) -> None:
    """Nobody can confirm what a file says that can't be read at all."""
    write(synced, ".claude/rules/more.md", "Be more.\n")
    assert run("sync", cwd=synced).code == 0
    rule = synced / ".claude/rules/more.md"
    rule.unlink()
    rule.symlink_to(rule.name)
    row = explain(run, "AGENTS.md", cwd=synced)
    assert (row["parts"][0]["state"], row["parts"][0]["withheld"]["reason"]) == ("source-changed", "unread")
    told = run("explain", "AGENTS.md", cwd=synced)
    assert "left as it is: some of the source can't be read" in told.out + told.err


def test_explain_sync_and_resolve_agree_while_a_rule_is_broken(run: Run, synced: Path) -> None:
    """What waits is told to wait, and an edit is the conflict that a person can resolve."""
    rule = synced / ".claude/rules/more.md"
    write(synced, ".claude/rules/more.md", "---\npaths: 'src/**'\n---\nBe more.\n")
    assert run("sync", cwd=synced).code == 0
    rule.write_text("---\npaths: 'src\n---\nBe more.\n")
    row = explain(run, "AGENTS.md", cwd=synced)
    assert (row["halt"], row["parts"][0]["state"]) == ("source-unparsable", "source-changed")
    assert row["parts"][0]["withheld"]["reason"] == "unread"
    (synced / "AGENTS.md").write_text("MY EDIT\n")
    (told,) = json.loads(run("sync", "--json", cwd=synced).out)["projects"]
    assert [each["address"] for each in told["conflicts"]] == ["AGENTS.md"]
    assert told["drift"]["both"] == 1
    part = explain(run, "AGENTS.md", cwd=synced)["parts"][0]
    assert (part["state"], part["withheld"]["reason"]) == ("both", "conflict")
    resolved = json.loads(run("resolve", "AGENTS.md", "--keep", "--json", cwd=synced).out)
    assert resolved["resolved"] == [{"address": "AGENTS.md", "choice": "keep"}]
    assert (synced / "AGENTS.md").read_text() == "MY EDIT\n"
    (synced / "AGENTS.md").unlink()
    run("sync", cwd=synced)
    assert "Be more." in (synced / "AGENTS.md").read_text()


def test_what_is_not_there_is_told_with_the_reason(run: Run, synced: Path) -> None:
    """Not written yet, gone, edited, kept, in conflict, and without a source."""
    write(synced, ".claude/agents/new.md", "---\nname: new\ndescription: New\n---\nBe new.\n")
    row = explain(run, ".codex/agents/new.toml", cwd=synced, code=1)
    assert (row["parts"][0]["withheld"]["reason"], row["parts"][0]["there"]) == ("not-written", False)
    agent = synced / ".codex/agents/reviewer.toml"
    agent.unlink()
    assert explain(run, agent, cwd=synced, code=1)["parts"][0]["state"] == "missing"
    agent.write_text("mine\n")
    row = explain(run, agent, cwd=synced)
    assert (row["parts"][0]["state"], row["parts"][0]["withheld"]["reason"]) == ("output-edited", "conflict")
    assert run("resolve", "--keep", ".codex/agents/reviewer.toml", cwd=synced).code == 0
    row = explain(run, agent, cwd=synced, code=1)
    assert (row["parts"][0]["state"], row["parts"][0]["withheld"]["reason"]) == ("kept", "kept")
    (synced / ".claude/commands/fix/issue.md").unlink()
    row = explain(run, ".gemini/commands/fix/issue.toml", cwd=synced)
    assert (row["parts"][0]["state"], row["parts"][0]["items"]) == ("orphan", [])


def test_what_waits_for_trust_is_told(run: Run, synced: Path) -> None:
    """Changed since it was approved: held back, and the key that an earlier sync wrote would go."""
    servers = json.loads((synced / ".mcp.json").read_text())
    servers["mcpServers"]["more"] = {"command": "more-server"}
    write(synced, ".mcp.json", json.dumps(servers))
    row = explain(run, CONFIG, cwd=synced)
    assert by_address(row)["/mcp_servers/more"]["withheld"] == {
        "reason": "held",
        "message": "",
        "hint": "",
        "why": "changed",
    }
    assert "held back until you trust it" in run("explain", CONFIG, cwd=synced).out


def test_losses_are_told_where_they_would_be_seen(run: Run, synced: Path) -> None:
    """Of a server of which nothing came in the merged file, and of an agent in its own file alone."""
    servers = json.loads((synced / ".mcp.json").read_text())
    servers["mcpServers"]["events"] = {"type": "sse", "url": "https://events.example/sse"}
    write(synced, ".mcp.json", json.dumps(servers))
    row = explain(run, CONFIG, cwd=synced)
    assert [(loss["target"], loss["item"]) for loss in row["losses"]] == [("codex", "mcp_server events")]
    row = explain(run, ".codex/agents/reviewer.toml", cwd=synced)
    assert [(loss["item"], loss["security"]) for loss in row["losses"]] == [("agent reviewer", True)]


def test_no_secret_is_printed(run: Run, synced: Path) -> None:
    """Not of the source, which git would get by a file that it tracks, and not of a person's part of the file."""
    config = synced / CONFIG
    config.write_text(config.read_text() + f'[mcp_servers.mine]\ncommand = "x"\nenv = {{ TOKEN = "{TOKEN}" }}\n')
    servers = json.loads((synced / ".mcp.json").read_text())
    servers["mcpServers"]["files"]["env"]["TOKEN"] = TOKEN
    write(synced, ".mcp.json", json.dumps(servers))
    assert run("ctl", "trust", cwd=synced).code == 0
    for options in ((), ("--json",)):
        told = run("explain", CONFIG, *options, cwd=synced).out
        assert TOKEN not in told
        assert "is a credential, written out" in told


def test_nothing_is_written(run: Run, project: Path, home: Path) -> None:
    """Neither into the project, before the first sync or after it, nor into our own folder."""
    for _ in range(2):
        before, kept = picture(project), picture(home)
        for file in (".", "AGENTS.md", CONFIG, "nosuch"):
            assert run("explain", file, cwd=project).code in (0, 1)
        assert differences(before, picture(project)) == []
        assert differences(kept, picture(home)) == []
        assert run("sync", cwd=project).code == 0


def test_a_folder_is_explained_by_what_is_in_it(run: Run, synced: Path) -> None:
    """The whole project too, and from inside of it."""
    row = explain(run, ".", cwd=synced / ".agents/skills")
    assert [part["address"] for part in row["parts"]] == [".agents/skills/pdf", ".agents/skills/日本語"]
    whole = explain(run, synced, cwd=synced)
    assert (whole["file"], {part["ours"] for part in whole["parts"]}) == ("", {True})


def test_a_file_that_cant_be_parsed_is_a_conflict_of_each_key(run: Run, synced: Path) -> None:
    """Nothing is said about what is in it."""
    write(synced, CONFIG, "[mcp_servers\n")
    row = explain(run, CONFIG, cwd=synced, code=1)
    assert {part["withheld"]["reason"] for part in row["parts"]} == {"conflict"}
    assert row["foreign"] == []


def test_a_halt_is_told_besides_what_would_go(run: Run, synced: Path) -> None:
    """The source is gone: nothing makes the output any more, and a sync would stop."""
    for name in PROJECT_FILES:
        if not name.startswith("docs"):
            (synced / name).unlink()
    row = explain(run, ".codex/agents/reviewer.toml", cwd=synced)
    assert (row["parts"][0]["state"], row["halt"]) == ("orphan", "source-emptied")


def test_a_project_that_is_gone_can_be_asked_about(run: Run, synced: Path, tmp_path: Path) -> None:
    """It is registered, so that its outputs are known."""
    synced.rename(tmp_path / "moved")
    row = explain(run, synced / "AGENTS.md", cwd=tmp_path, code=1)
    assert (row["path"], row["halt"], row["parts"][0]["state"]) == (str(synced), "source-missing", "orphan")
    assert "gone, and nothing makes it any more" in run("explain", str(synced / "AGENTS.md"), cwd=tmp_path).out


def test_a_copy_and_its_marker_are_explained(run: Run, project: Path) -> None:
    """Where no link could be made."""
    import subprocess
    import sys

    from harnesssync_orchestrator import entry

    refuse = Path(__file__).parents[1] / "files" / "refuse_calls.py"
    command = [sys.executable, str(refuse), "symlink,symlinkat:EPERM", str(entry.__file__), "sync"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True)
    row = explain(run, ".agents/skills/pdf", cwd=project)
    assert (row["parts"][0]["form"], row["there"]) == ("copy", "folder")
    assert explain(run, ".agents/skills/pdf/SKILL.md", cwd=project)["within"]["form"] == "copy"
    marker = explain(run, ".agents/skills/.harnesssync-source-pdf.txt", cwd=project)
    assert marker["marks"] == ".agents/skills/pdf"
