"""`sync`, `check`, `status`, `diff` and `targets` without a supervisor, on a real worktree with the real adapters."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator import entry
from harnesssync_orchestrator.cli import Ground
from harnesssync_orchestrator.core.projects import project_id
from harnesssync_orchestrator.core.report import Report, State, to_json
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.files.layout import Layout
from harnesssync_orchestrator.oneshot.loop import in_loop
from harnesssync_orchestrator.service.engine import Engine

Run = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]

REFUSE = Path(__file__).parents[1] / "files" / "refuse_calls.py"


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of everything in a folder but git's own files."""
    paths = [path for path in root.rglob("*") if ".git" not in path.parts]
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}


def test_a_sync_writes_and_a_second_has_nothing_to_do(run: Run, worktree: Path) -> None:
    """The first tells what it did, the second changes nothing and says so."""
    run("ctl", "add", str(worktree), "--target", "codex")
    first = run("sync", cwd=worktree)
    assert first.code == 0
    assert first.out.splitlines()[-1].strip().endswith(" synced")
    assert (worktree / ".agents" / "skills" / "pdf" / "SKILL.md").read_text().endswith("Read.\n")
    before = snapshot(worktree)
    second = run("sync", cwd=worktree)
    assert (second.code, second.out.splitlines()[-1]) == (0, "  nothing to do")
    assert snapshot(worktree) == before


def test_losses_of_security_are_repeated_only_when_something_changed(run: Run, worktree: Path) -> None:
    """Told in full by a sync that finds a change, also one that changes no output, and whenever one looks."""
    settings = worktree / ".claude" / "settings.json"
    run("ctl", "add", str(worktree), "--target", "codex")
    settings.write_text(json.dumps({"permissions": {"deny": ["Read(./.env)"]}}))
    assert "deny Read(./.env)" in run("sync", cwd=worktree).out
    again = run("sync", cwd=worktree).out.splitlines()
    assert again[-2:] == ["  ! security: 1 loss as before; status shows more", "  nothing to do"]
    for command in (("sync", "--verbose"), ("status",), ("check",), ("diff",)):
        assert "deny Read(./.env)" in run(*command, cwd=worktree).out
    settings.write_text(json.dumps({"permissions": {"deny": ["Read(./.env)", "Read(./*.pem)"]}}))
    changed = run("sync", cwd=worktree).out.splitlines()
    assert "deny Read(./.env), deny Read(./*.pem)" in changed[-2]
    assert changed[-1] == "  nothing to do"


def test_an_item_left_out_for_its_credential_is_told_in_full(run: Run, worktree: Path, git: Callable[..., str]) -> None:
    """A person can mend it. The credential itself is told nowhere."""
    server = {"type": "http", "url": "https://example.invalid/mcp", "headers": {"Authorization": "Bearer plainwords"}}
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"docs": server}}))
    (worktree / ".opencode").mkdir()
    (worktree / ".opencode/opencode.json").write_text("{}\n")
    git("add", ".opencode/opencode.json", cwd=worktree)
    run("ctl", "add", str(worktree), "--target", "opencode")
    for command in ("sync", "status"):
        told = run(command, cwd=worktree).out
        assert "! credential: opencode goes without mcp_server docs. the header Authorization" in told
        assert "plainwords" not in told
    assert "docs" not in (worktree / ".opencode/opencode.json").read_text()


def test_link_copy_is_told_where_the_system_makes_no_links(run: Run, worktree: Path) -> None:
    """A copy has to be made again after every change, so whoever relies on links is warned, beside the result."""
    run("ctl", "add", str(worktree), "--target", "codex")
    command = [sys.executable, str(REFUSE), "symlink,symlinkat:EPERM", str(entry.__file__), "sync"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run(command, cwd=worktree, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, "2 linked or copied" in ran.stdout) == (0, True), ran.stderr
    assert ran.stderr.startswith("  ⚠ 2 outputs copied, since no link could be made here")
    assert not (worktree / ".agents" / "skills" / "pdf").is_symlink()
    again = run("sync", cwd=worktree)
    assert (again.out.splitlines()[-1], again.err) == ("  nothing to do", "")


def test_check_tells_by_its_exit_code(run: Run, worktree: Path) -> None:
    """1 before a sync, 0 after it, 1 again after an edit of the source; nothing is written by looking."""
    run("ctl", "add", str(worktree), "--target", "codex")
    before = snapshot(worktree)
    assert run("check", cwd=worktree).code == 1
    assert snapshot(worktree) == before
    run("sync", cwd=worktree)
    checked = run("check", cwd=worktree)
    assert (checked.code, "in step" in checked.out) == (0, True)
    (worktree / ".claude" / "agents" / "reviewer.md").write_text("---\nname: reviewer\ndescription: R\n---\nAnew.\n")
    assert run("check", cwd=worktree).code == 1


def test_what_goes_of_a_target_that_is_not_asked_about_halts_nothing(run: Run, worktree: Path) -> None:
    """And what confirms a sync of some targets confirms that of no other."""
    agents = [worktree / f".claude/agents/a{number}.md" for number in range(7)]
    for agent in agents:
        agent.write_text(f"---\nname: {agent.stem}\ndescription: d\n---\nLook.\n")
    run("ctl", "add", str(worktree), "--target", "kiro", "--target", "zed")
    assert run("sync", cwd=worktree).code == 0
    for agent in agents:
        agent.unlink()
    assert run("sync", "--target", "zed", cwd=worktree).code == 0
    halted = run("sync", "--target", "kiro", cwd=worktree)
    assert (halted.code, "7 of " in halted.out) == (1, True)
    assert f"harnesssync sync --confirm --project {worktree} --target kiro" in halted.out
    assert run("sync", "--target", "zed", "--confirm", cwd=worktree).code == 0
    assert (worktree / ".kiro/agents/a0.md").exists()


def test_check_calls_nothing_in_step_that_waits_for_a_rule_to_be_read(run: Run, worktree: Path) -> None:
    """Nor does a sync: what it leaves as it is may lack any number of edits of the other rules."""
    rule = worktree / ".claude/rules/tests.md"
    rule.parent.mkdir()
    rule.write_text("Test well.\n")
    run("ctl", "add", str(worktree), "--target", "codex")
    assert run("sync", cwd=worktree).code == 0
    rule.write_text("---\npaths: 'tests\n---\nTest well.\n")
    (worktree / "CLAUDE.md").write_text("# Rules\n\nBe kinder.\n")
    for command in ("sync", "check", "diff"):
        (row,) = json.loads(run(command, "--json", cwd=worktree).out)["projects"]
        assert (row["state"], row["halt"]) == ("halted", "source-unparsable"), command
        assert row["halt_message"] == "some of the source can't be read, so 1 output can't be written anew"
        assert row["waits"] == {"removals": 0, "changes": 1, "confirmable": True}, command
    ran = run("check", cwd=worktree)
    assert f"Repair it; or to write anew what would lack it: harnesssync sync --confirm --project {worktree}" in ran.out
    assert (ran.code, "in step" in ran.out + ran.err) == (1, False)
    assert "kinder" not in (worktree / "AGENTS.md").read_text()
    assert run("sync", "--confirm", cwd=worktree).code == 1
    assert "kinder" in (worktree / "AGENTS.md").read_text()


@pytest.fixture
def half_read(run: Run, worktree: Path) -> Path:
    """In step with Codex, Cursor and Gemini CLI, when a rule was broken."""
    rule = worktree / ".claude/rules/tests.md"
    rule.parent.mkdir()
    rule.write_text("Test well.\n")
    (worktree / "CLAUDE.local.md").write_text("Mine.\n")
    agent = worktree / ".claude/agents/plain.md"
    agent.write_text("---\nname: plain\ndescription: Plain\n---\nBe plain.\n")
    run("ctl", "add", str(worktree), "--target", "codex", "--target", "cursor", "--target", "gemini")
    assert run("sync", cwd=worktree).code == 0
    rule.write_text("---\npaths: 'tests\n---\nTest well.\n")
    return worktree


def test_what_would_lack_nothing_is_written_while_a_rule_is_broken(run: Run, half_read: Path) -> None:
    """A file that comes of another rule, and an agent without limits, whatever else is broken."""
    (half_read / "CLAUDE.local.md").write_text("Mine, anew.\n")
    (half_read / ".claude/skills/pdf/SKILL.md").write_text("---\nname: 'pdf\n---\nBroken.\n")
    (half_read / ".claude/agents/plain.md").write_text("---\nname: plain\ndescription: Plain\n---\nBe plainer.\n")
    run("sync", cwd=half_read)
    (rule,) = (half_read / ".cursor/rules").iterdir()
    assert "Mine, anew." in rule.read_text()
    for agent in (".codex/agents/plain.toml", ".gemini/agents/plain.md"):
        assert "Be plainer." in (half_read / agent).read_text()
    assert "anew" not in (half_read / "AGENTS.override.md").read_text()


def test_a_target_is_not_halted_by_what_waits_for_another(run: Run, half_read: Path) -> None:
    """`AGENTS.override.md` is Codex's alone."""
    (half_read / "CLAUDE.local.md").write_text("Mine, anew.\n")
    for command, target, halt in (
        ("sync", "codex", "source-unparsable"),
        ("check", "codex", "source-unparsable"),
        ("sync", "gemini", None),
        ("check", "gemini", None),
    ):
        (row,) = json.loads(run(command, "--target", target, "--json", cwd=half_read).out)["projects"]
        assert row["halt"] == halt, (command, target)


def test_an_edit_of_a_private_output_is_a_conflict_while_a_rule_is_broken(
    run: Run, half_read: Path, git: Callable[..., str]
) -> None:
    """And hidden from git as before: what we wrote may be in it still."""
    output = half_read / "AGENTS.override.md"
    assert "AGENTS.override.md" not in git("status", "--porcelain", "-uall", cwd=half_read)
    output.unlink()
    output.write_text("MY EDIT\n")
    (row,) = json.loads(run("sync", "--json", cwd=half_read).out)["projects"]
    assert [each["address"] for each in row["conflicts"]] == ["AGENTS.override.md"]
    assert "AGENTS.override.md" not in git("status", "--porcelain", "-uall", cwd=half_read)
    assert output.read_text() == "MY EDIT\n"


def test_a_dry_run_counts_as_the_sync_does(run: Run, worktree: Path) -> None:
    """By target and in all: outputs, of which one edit of a file may set several, and a new file is written."""
    servers = {name: {"type": "http", "url": f"https://{name}.invalid/mcp"} for name in ("a", "b")}
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    options = ("--target", "codex", "--target", "gemini")
    for _ in range(2):
        planned = run("sync", "--dry-run", *options, cwd=worktree).out
        done = run("sync", *options, cwd=worktree).out
        for before, after in (("to link", "linked"), ("to write", "written"), ("to merge", "merged")):
            assert re.findall(rf"(\d+) {before}", planned) == re.findall(rf"(\d+) {after}", done)
        for before, after in (("to sync", "synced"), ("to clean", "cleaned")):
            assert re.findall(rf"(\d+) {before}", planned) == re.findall(rf"(\d+) {after}", done)
        assert re.search(r"[1-9]\d* to sync", planned)
        (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"b": {"type": "http", "url": "https://c/"}}}))


def test_check_tells_of_outputs_that_git_shows_again(run: Run, worktree: Path, git: Callable[..., str]) -> None:
    """Somebody emptied `info/exclude`: a sync hides them, and all is well."""
    run("ctl", "add", str(worktree), "--target", "codex")
    run("sync", cwd=worktree)
    exclude = worktree / ".git/info/exclude"
    exclude.write_text("*.log\n")
    checked = run("check", "--json", cwd=worktree)
    [report] = json.loads(checked.out)["projects"]
    assert (checked.code, report["state"], report["operations"]) == (1, "out of step", [])
    untracked = git("status", "--porcelain", "--untracked-files=all", cwd=worktree)
    assert report["shown"]
    assert all(f"?? {path}" in untracked for path in report["shown"])
    assert "git shows what a sync would hide: " in run("status", cwd=worktree).out
    synced = run("sync", cwd=worktree).out
    assert ("git showed what is hidden again: " in synced, "nothing" in synced) == (True, False)
    assert f"{len(report['shown'])} hidden from git again" in synced
    assert "hidden" not in run("sync", cwd=worktree).out
    assert run("check", cwd=worktree).code == 0


def test_diff_shows_text_and_the_names_of_keys(run: Run, worktree: Path) -> None:
    """What is rendered is shown line by line; of a shared file the keys alone, since values may be secret."""
    server = {"command": "npx", "args": ["files"], "env": {"TOKEN": "s3cr3t-canary"}}
    (worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"files": server}}))
    run("ctl", "add", str(worktree), "--target", "codex")
    ran = run("diff", cwd=worktree)
    assert ran.code == 1
    assert "  + .agents/skills/pdf -> .claude/skills/pdf (codex)" in ran.out
    assert "      set mcp_servers/files" in ran.out
    assert "  + .codex/config.toml (codex)" in ran.out
    assert "+Review." in ran.out
    assert "s3cr3t-canary" not in ran.out
    assert not (worktree / ".codex").exists()


def test_a_document_is_new_until_there_is_one(run: Run, worktree: Path) -> None:
    """A file that does not exist yet is written; one that does is edited. Both looks at a plan agree."""
    run("ctl", "add", str(worktree), "--target", "codex")
    assert "  + .codex/config.toml (codex)" in run("check", "--verbose", cwd=worktree).out
    assert "to merge" not in run("sync", "--dry-run", cwd=worktree).out
    (worktree / ".codex").mkdir()
    (worktree / ".codex" / "config.toml").write_text('model = "mine"\n')
    assert "  ~ .codex/config.toml (codex)" in run("diff", cwd=worktree).out
    assert "1 to merge" in run("sync", "--dry-run", cwd=worktree).out


@pytest.mark.parametrize("command", ["diff", "sync", "status", "check"])
def test_no_harness_in_use_is_not_called_in_step(
    command: str, run: Run, worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what was done, which is nothing, and both ways to choose."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    ran = run(command, cwd=worktree)
    assert "no harness is in use here: nothing was written" in ran.out
    assert "Choose with --target codex (harnesssync targets lists them)" in ran.out
    assert f"harnesssync ctl add {worktree} --target codex" in ran.out
    assert "in step" not in ran.out
    assert not (worktree / "AGENTS.md").exists()


def test_help_names_what_waits_for_trust_among_the_exit_codes(run: Run) -> None:
    """Exit code 1 has a reason that a CI meets first; the help of `check` says what to do there."""
    for line in (("--help",), ("ctl", "--help"), ("sync", "--help"), ("check", "--help")):
        assert "held back until" in run(*line).out
    assert "harnesssync ctl trust ." in run("check", "--help").out


def test_an_edit_of_an_output_is_a_conflict_and_stays(run: Run, worktree: Path) -> None:
    """It is told with what to do, and the edit is not lost."""
    run("sync", "--target", "codex", cwd=worktree)
    output = worktree / ".codex" / "agents" / "reviewer.toml"
    output.write_text("# mine\n")
    ran = run("sync", cwd=worktree)
    assert ran.code == 1
    assert "! conflict: .codex/agents/reviewer.toml: " in ran.out
    assert "1 conflict" in ran.out.splitlines()[-1]
    assert output.read_text() == "# mine\n"


def test_what_a_harness_would_execute_waits_for_trust(run: Run, worktree: Path) -> None:
    """A server that starts a program is held back until it is approved, and the way to do that is named."""
    ran = run("sync", "--target", "codex", cwd=worktree)
    assert "held back: mcp_server files: not approved." in ran.out
    assert f"harnesssync ctl trust {worktree}" in ran.out
    assert not (worktree / ".codex" / "config.toml").exists()
    run("ctl", "trust", str(worktree))
    assert run("sync", cwd=worktree).code == 0
    assert "[mcp_servers.files]" in (worktree / ".codex" / "config.toml").read_text()


def test_a_bad_file_is_told_with_its_line_and_the_others_go_on(run: Run, worktree: Path) -> None:
    """Where, what and what to do."""
    bad = worktree / ".claude" / "agents" / "bad.md"
    bad.write_text("---\nname: [\n---\nText.\n")
    ran = run("sync", "--target", "codex", cwd=worktree)
    assert ran.code == 1
    assert f"! {bad}:" in ran.out
    assert (worktree / ".codex" / "agents" / "reviewer.toml").exists()


def test_a_target_outside_of_the_chosen_ones_is_a_usage_error(run: Run, worktree: Path) -> None:
    """Its outputs would go with the next sync; the message says how to choose it."""
    run("ctl", "add", str(worktree), "--target", "codex")
    ran = run("sync", "--target", "gemini", cwd=worktree)
    assert ran.code == 2
    assert "gemini is not among the targets that were chosen here: codex" in ran.err
    assert f"harnesssync ctl add {worktree} --target codex --target gemini" in ran.err


def test_json_has_the_documented_report(run: Run, worktree: Path) -> None:
    """The same members as the report in the code, on standard output alone."""
    ran = run("sync", "--target", "codex", "--json", cwd=worktree)
    (report,) = json.loads(ran.out)["projects"]
    empty = Report(project_id="", path="", scope="", state=State.IN_STEP, targets=())
    assert report.keys() == to_json(empty).keys()
    assert report["counts"]["synced"] > 0
    assert {operation["kind"] for operation in report["operations"]} == {"MakeLink", "WriteFile"}


def test_the_documentation_of_json_names_every_member() -> None:
    """`docs/json.md` and the code say the same."""
    text = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    empty = Report(project_id="", path="", scope="", state=State.IN_STEP, targets=())
    for member in to_json(empty):
        assert f"| `{member}` |" in text
    for state in State:
        assert f"`{state.value}`" in text


@pytest.mark.parametrize("state", list(State))
def test_both_ends_agree_about_the_exit_code(state: State) -> None:
    """A report gives the same exit code here as it does after its way through a socket."""
    report = Report(project_id="", path="", scope="", state=state, targets=())
    assert rendering.exit_code(to_json(report)) == report.exit_code


def test_the_user_scope_is_the_home_directory(run: Run, home: Path, worktree: Path) -> None:
    """`--user` syncs what stands in the home directory, and not the project around."""
    skill = home / ".claude" / "skills" / "mine"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: mine\ndescription: Mine\n---\nMine.\n")
    ran = run("sync", "--user", "--target", "codex", cwd=worktree)
    assert f"[{home}]" in ran.out
    assert (home / ".agents" / "skills" / "mine").resolve() == skill
    assert not (worktree / ".agents").exists()


def test_double_sync_the_second_says_who_is_busy(run: Run, start: Start, worktree: Path, home: Path) -> None:
    """Another process syncs this project: wait as long as asked, then say so with its id."""
    run("ctl", "add", str(worktree), "--target", "codex")
    locks = subprocess.Popen(
        ["flock", str(lock_of(home, worktree)), "sh", "-c", "echo held; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert locks.stdout is not None
    assert locks.stdout.readline() == b"held\n"
    ran = run("sync", "--lock-timeout", "0.1", cwd=worktree)
    locks.communicate()
    assert (ran.code, ran.out) == (4, "")
    assert "sync.lock" in ran.err
    assert run("sync", cwd=worktree).code == 0


def lock_of(home: Path, worktree: Path) -> Path:
    lock = Layout.from_environment(os.environ, home).sync_lock(project_id(str(worktree)))
    lock.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    return lock


def test_a_wrong_setting_is_told_with_its_file(run: Run, worktree: Path, home: Path) -> None:
    """The nearest right name stands in the message."""
    (home / ".harnesssync").mkdir()
    (home / ".harnesssync" / "config.toml").write_text('target = ["codex"]\n')
    ran = run("sync", cwd=worktree)
    assert ran.code == 4
    assert "config.toml: line 1: unknown key `target`" in ran.err
    assert "targets" in ran.err


# --- targets ---


def test_targets_shows_a_row_for_each(run: Run) -> None:
    """Straight from the declarations, with what is lost marked."""
    lines = run("targets").out.splitlines()
    assert lines[0].split()[:4] == ["rules", "skills", "agents", "commands"]
    assert [line.split()[0] for line in lines[1 : len(TARGETS) + 1]] == [target.id for target in TARGETS]


def test_targets_of_one_tells_every_reason(run: Run) -> None:
    """Both scopes, kind by kind."""
    out = run("targets", "codex").out
    (codex,) = [target for target in TARGETS if target.id == "codex"]
    assert codex.name in out
    for support in (*codex.project.values(), *codex.user.values()):
        assert (getattr(support, "loss", "") or getattr(support, "why", "")) in out


def test_targets_in_json_has_every_kind_of_every_target(run: Run) -> None:
    """A gap is data."""
    document = json.loads(run("targets", "--json").out)
    assert [target["id"] for target in document["targets"]] == [target.id for target in TARGETS]
    for target in document["targets"]:
        for scope in ("project", "user"):
            assert len(target[scope]) == 8
            for kind in target[scope].values():
                assert kind["support"] in {"native", "link", "render", "merge", "unsupported"}
                assert kind["reason"] or kind["support"] != "unsupported"


# --- with a supervisor ---


def test_a_supervisor_is_added_to_asked_and_stopped(run: Run, start: Start, worktree: Path, home: Path) -> None:
    """The whole way: add, serve, ask, edit, sync, stop."""
    run("ctl", "add", str(worktree), "--target", "codex")
    supervisor = start("serve", program="harnesssync-orchestrator")
    assert supervisor.stderr is not None
    assert any("supervisor.started" in line for line in supervisor.stderr)
    assert run("ctl", "ping").code == 0
    assert run("ctl", "sync", cwd=worktree).code == 0
    status = run("ctl", "status", "--all")
    assert (status.code, f"  {worktree}  [running]  in step, " in status.out) == (0, True)
    assert run("ctl", "status", "--json", cwd=worktree).code == 0
    second = start("serve", program="harnesssync-orchestrator")
    assert "already running" in second.communicate(timeout=60)[1]
    assert second.returncode == 4
    assert run("ctl", "stop").code == 0
    assert supervisor.wait(timeout=60) == 0
    assert "[stopped]" in run("ctl", "status", "--all").out
    assert not list((home / ".harnesssync" / "sockets").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_daemon_of_one_project(number: signal.Signals, run: Run, start: Start, worktree: Path) -> None:
    """It serves its project alone, on the project's own socket, and ends in order."""
    daemon = start("serve", "--project", str(worktree), program="harnesssync-orchestrator")
    assert daemon.stderr is not None
    assert any("supervisor.started" in line for line in daemon.stderr)
    assert run("ctl", "ping").code == 3
    assert "[running]" in run("ctl", "status", cwd=worktree).out
    daemon.send_signal(number)
    assert daemon.wait(timeout=60) == 0


def test_a_daemon_of_one_project_answers_for_it_beside_a_supervisor(run: Run, start: Start, worktree: Path) -> None:
    """The supervisor leaves the project alone, and the client finds who serves it."""
    run("ctl", "add", str(worktree), "--target", "codex")
    daemon = start("serve", "--project", str(worktree), program="harnesssync-orchestrator")
    assert daemon.stderr is not None
    assert any("supervisor.started" in line for line in daemon.stderr)
    supervisor = start("serve", program="harnesssync-orchestrator")
    assert supervisor.stderr is not None
    assert any("project.claim.failed" in line for line in supervisor.stderr)
    synced = run("ctl", "sync", cwd=worktree)
    assert (synced.code, synced.err) == (0, "")
    assert run("ctl", "status", cwd=worktree).code == 0
    assert f"  {worktree}  [running]  in step, " in run("ctl", "status", "--all").out
    assert run("ctl", "stop", "--project", str(worktree)).code == 0
    assert daemon.wait(timeout=60) == 0


def test_what_a_command_found_is_written_out_by_nobody() -> None:
    """By asyncio it would be, as the result of the task that it ran: for a large report that takes long."""
    written: list[str] = []

    class Found:
        def __repr__(self) -> str:
            written.append("found")
            return "found"

    async def find(_: Engine) -> Found:
        return Found()

    ground = Ground(os.environ)
    assert isinstance(in_loop(ground, ground.config(), find), Found)
    assert written == []
