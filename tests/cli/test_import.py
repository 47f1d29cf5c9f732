"""`import`: what was kept for another harness comes into Claude Code's layout, and nothing is overwritten for it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from tests.reliability.world import differences, picture

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS

Run = Callable[..., Any]

TOKEN = "ghp_" + "a1B2" * 9
SKILL = "---\nname: pdf\ndescription: Reads PDF files\n---\nRun scripts/read.sh\n"
CODEX = """\
# mine
model = "o4"
[mcp_servers.files]
command = "files-server"
args = ["--root", "."]
env = { MODE = "fast" }
env_vars = ["TOKEN"]
[mcp_servers.docs]
url = "https://docs.example/mcp"
bearer_token_env_var = "DOCS_TOKEN"
env_http_headers = { X-Key = "DOCS_KEY" }
tool_timeout_sec = 30
[shell_environment_policy.set]
EDITOR_MODE = "fast"
"""
KEPT: Mapping[str, Mapping[str, str]] = {
    "codex": {
        "AGENTS.md": "# Rules\n\nUse tabs.\n",
        "packages/api/AGENTS.md": "The API uses Fastify.\n",
        ".agents/skills/pdf/SKILL.md": SKILL,
        ".agents/skills/pdf/scripts/read.sh": "#!/bin/sh\necho read\n",
        ".codex/config.toml": CODEX,
        ".codex/agents/reviewer.toml": (
            'name = "reviewer"\ndescription = "Reviews"\ndeveloper_instructions = "Review it.\\n"\nmodel = "o4"\n'
        ),
        ".codex/rules/mine.rules": 'prefix_rule(pattern=["git", "push"], decision="prompt")\n',
        ".codex/hooks.json": (
            '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done", "timeout": 5}]}]}}\n'
        ),
    },
    "gemini": {
        "GEMINI.md": "# Rules\n\nUse tabs.\n",
        ".gemini/skills/pdf/SKILL.md": SKILL,
        ".gemini/settings.json": json.dumps(
            {
                "theme": "dark",
                "mcpServers": {
                    "files": {"command": "files-server", "args": ["."], "env": {"TOKEN": "$TOKEN"}, "cwd": "/srv"},
                    "docs": {"httpUrl": "https://docs.example/mcp", "headers": {"X-Key": "${DOCS_KEY}"}},
                    "events": {"url": "https://events.example/sse", "type": "sse"},
                },
                "tools": {"exclude": ["google_web_search"]},
                "hooks": {
                    "BeforeTool": [
                        {
                            "matcher": "run_shell_command",
                            "hooks": [{"type": "command", "command": "guard", "timeout": 5000}],
                        }
                    ]
                },
            },
            indent=2,
        ),
        ".gemini/commands/fix/issue.toml": (
            'description = "Fix an issue"\nprompt = "Fix {{args}}: !{git status} @{docs/style.md}\\n"\n'
        ),
        ".gemini/agents/reviewer.md": (
            "---\nname: reviewer\ndescription: Reviews\ntools:\n  - read_file\n  - grep_search\n---\n\nReview it.\n"
        ),
    },
    "opencode": {
        "AGENTS.md": "# Rules\n\nUse tabs.\n",
        ".opencode/skills/pdf/SKILL.md": SKILL,
        "opencode.json": json.dumps(
            {
                "mcp": {
                    "files": {
                        "type": "local",
                        "command": ["files-server", "."],
                        "environment": {"TOKEN": "{env:TOKEN}"},
                    },
                    "docs": {"type": "remote", "url": "https://docs.example/mcp"},
                },
                "permission": {"bash": {"*": "ask", "git status": "allow", "git push *": "deny"}, "websearch": "deny"},
            },
            indent=2,
        ),
        ".opencode/commands/fix.md": (
            '---\ndescription: "Fix an issue"\n---\n\nFix $ARGUMENTS, $1 first: !`git status`\n'
        ),
        ".opencode/agents/reviewer.md": (
            "---\ndescription: Reviews\nmode: subagent\npermission:\n  edit: deny\n---\n\nReview it.\n"
        ),
    },
    "cursor": {
        "AGENTS.md": "# Rules\n\nUse tabs.\n",
        ".cursorrules": "Old rules.\n",
        ".cursor/rules/tests.mdc": (
            "---\ndescription: Tests\nglobs: *.test.ts,*.spec.ts\nalwaysApply: false\n---\nTest.\n"
        ),
        ".cursor/rules/asked.mdc": "---\ndescription: On demand\nalwaysApply: false\n---\nAsk me.\n",
        ".cursor/mcp.json": json.dumps(
            {
                "mcpServers": {
                    "files": {"command": "files-server", "args": [], "env": {"TOKEN": "${env:TOKEN}"}},
                    "docs": {"url": "https://docs.example/mcp"},
                    "here": {"command": "x", "args": ["${workspaceFolder}"]},
                }
            }
        ),
        ".cursor/commands/fix.md": "Fix it.\n",
        ".cursor/cli.json": json.dumps({"permissions": {"allow": ["Shell(git)"], "deny": ["Shell(rm)"]}}),
    },
    "copilot": {
        ".github/copilot-instructions.md": "# Rules\n\nUse tabs.\n",
        ".github/instructions/tests.instructions.md": '---\napplyTo: "tests/**"\n---\nTest.\n',
        ".github/prompts/fix.prompt.md": "---\ndescription: Fix\nmode: agent\n---\nFix ${input:what}.\n",
        ".github/agents/reviewer.agent.md": (
            "---\nname: reviewer\ndescription: Reviews\ntools: [read, docs/*]\n---\nReview it.\n"
        ),
        ".vscode/mcp.json": json.dumps({"servers": {"docs": {"type": "http", "url": "https://docs.example/mcp"}}}),
    },
    "windsurf": {
        ".windsurfrules": "Old rules.\n",
        ".windsurf/rules/tests.md": "---\ntrigger: glob\nglobs: tests/**\n---\nTest.\n",
        ".windsurf/workflows/fix.md": "---\ndescription: Fix\n---\nFix it.\n",
    },
}


@pytest.fixture
def keep(tmp_path: Path, git: Callable[..., str]) -> Callable[..., Path]:
    """A repository with what a person kept for one harness, and with more files."""

    def keep(target: str, **more: str) -> Path:
        root = (tmp_path / "project").resolve()
        write(root, {**KEPT[target], **more})
        if (script := root / ".agents/skills/pdf/scripts/read.sh").exists():
            script.chmod(0o755)
        git("init", "-q", cwd=root)
        git("add", "-A", cwd=root)
        git("commit", "-q", "-m", "begin", cwd=root)
        return root

    return keep


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


def bring(run: Run, target: str, *options: str, cwd: Path, code: int = 0) -> dict[str, Any]:
    ran = run("import", "--from", target, "--json", *options, cwd=cwd)
    assert (ran.code, ran.err) == (code, ""), ran.out
    row: dict[str, Any] = json.loads(ran.out)
    return row


def lost(row: dict[str, Any]) -> set[tuple[str, str]]:
    return {(loss["file"], loss["key"]) for loss in row["losses"]}


# --- each harness


def test_what_was_kept_for_codex_comes_over(run: Run, keep: Callable[..., Path]) -> None:
    """One text for both where that can be, references as Claude Code's own, and a loss for what it can't say."""
    root = keep("codex")
    row = bring(run, "codex", cwd=root)
    assert (root / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    assert (root / "packages/api/CLAUDE.md").read_text() == "@AGENTS.md\n"
    assert (root / ".claude/skills/pdf/SKILL.md").read_text() == SKILL
    assert (root / ".claude/skills/pdf/scripts/read.sh").stat().st_mode & 0o111
    servers = json.loads((root / ".mcp.json").read_text())["mcpServers"]
    assert servers["files"]["env"] == {"MODE": "fast", "TOKEN": "${TOKEN}"}
    assert servers["docs"] == {
        "type": "http",
        "url": "https://docs.example/mcp",
        "headers": {"X-Key": "${DOCS_KEY}", "Authorization": "Bearer ${DOCS_TOKEN}"},
        "timeout": 30000,
    }
    settings = json.loads((root / ".claude/settings.json").read_text())
    assert settings["permissions"] == {"ask": ["Bash(git push:*)"]}
    assert settings["hooks"] == {"Stop": [{"hooks": [{"type": "command", "command": "say done", "timeout": 5}]}]}
    assert settings["env"] == {"EDITOR_MODE": "fast"}
    assert lost(row) == {(".codex/agents/reviewer.toml", "model")}


def test_a_file_that_can_not_be_looked_at_is_told(
    run: Run, keep: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, or may be: whoever has too many files open is not to hear that all has come."""
    root, look = keep("codex"), os.lstat

    def lstat(path: str, **options: Any) -> os.stat_result:
        if str(path).endswith("/.codex/agents/reviewer.toml"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
        return look(path, **options)

    monkeypatch.setattr(os, "lstat", lstat)
    row = bring(run, "codex", cwd=root, code=1)
    assert row["unreadable"] == [{"file": ".codex/agents/reviewer.toml", "message": os.strerror(errno.EMFILE)}]
    assert not (root / ".claude/agents/reviewer.md").exists()


def test_what_was_kept_for_gemini_comes_over(run: Run, keep: Callable[..., Path]) -> None:
    """Its names of tools and events, its units and its syntax of commands become Claude Code's."""
    root = keep("gemini")
    row = bring(run, "gemini", cwd=root)
    assert (root / "CLAUDE.md").read_text() == KEPT["gemini"]["GEMINI.md"]
    servers = json.loads((root / ".mcp.json").read_text())["mcpServers"]
    assert servers["files"] == {"command": "files-server", "args": ["."], "env": {"TOKEN": "${TOKEN}"}}
    assert (servers["docs"]["type"], servers["events"]["type"]) == ("http", "sse")
    settings = json.loads((root / ".claude/settings.json").read_text())
    assert settings["hooks"]["PreToolUse"] == [
        {"matcher": "Bash", "hooks": [{"type": "command", "command": "guard", "timeout": 5}]}
    ]
    assert settings["permissions"] == {"deny": ["WebSearch"]}
    command = (root / ".claude/commands/fix/issue.md").read_text()
    assert "Fix $ARGUMENTS: !`git status` @docs/style.md" in command
    assert 'tools: "Read, Grep"' in (root / ".claude/agents/reviewer.md").read_text()
    assert lost(row) == {(".gemini/settings.json", "mcpServers/files/cwd")}


def test_what_is_only_text_to_gemini_stays_so(run: Run, keep: Callable[..., Path]) -> None:
    """As seen with 0.61.0: only what is in braces is the content of a file. A server that it trusts is asked about."""
    settings = {"mcpServers": {"files": {"command": "files-server", "trust": True}, "docs": {"command": "docs-server"}}}
    prompt = "prompt = 'Read @docs/a.md and @{docs/b.md}, not `@docs/c.md`: $1. !{npm i @types/node $1}'\n"
    root = keep("gemini", **{".gemini/commands/fix/issue.toml": prompt, ".gemini/settings.json": json.dumps(settings)})
    row = bring(run, "gemini", cwd=root)
    command = (root / ".claude/commands/fix/issue.md").read_text()
    assert "Read @ docs/a.md and @docs/b.md, not `@docs/c.md`: \\$1. !`npm i @types/node \\$1`" in command
    assert lost(row) == {(".gemini/settings.json", "mcpServers/files/trust")}
    assert json.loads((root / ".mcp.json").read_text())["mcpServers"]["files"] == {
        "command": "files-server",
        "args": [],
    }


def test_what_was_kept_for_opencode_comes_over(run: Run, keep: Callable[..., Path]) -> None:
    """Permissions too, where the last word and the strictest are the same."""
    root = keep("opencode")
    row = bring(run, "opencode", cwd=root)
    servers = json.loads((root / ".mcp.json").read_text())["mcpServers"]
    assert servers["files"] == {"command": "files-server", "args": ["."], "env": {"TOKEN": "${TOKEN}"}}
    settings = json.loads((root / ".claude/settings.json").read_text())
    assert settings["permissions"] == {"allow": ["Bash(git status)"], "deny": ["Bash(git push:*)", "WebSearch"]}
    assert "disallowedTools" in (root / ".claude/agents/reviewer.md").read_text()
    assert "Fix $ARGUMENTS, $0 first: !`git status`" in (root / ".claude/commands/fix.md").read_text()
    assert lost(row) == {(".opencode/commands/fix.md", "$1")}  # which takes all that is left


def test_permissions_that_would_mean_something_else_do_not_come(run: Run, keep: Callable[..., Path]) -> None:
    """A denial that a later word takes back, and a pattern of a path."""
    config = {"permission": {"bash": {"rm *": "deny", "*": "allow"}, "read": {"*.env": "deny"}}}
    root = keep("opencode", **{"opencode.json": json.dumps(config)})
    row = bring(run, "opencode", cwd=root)
    assert {loss["key"]: loss["security"] for loss in row["losses"]} == {
        "permission/bash": True,
        "permission/read/*.env": True,
        "$1": False,  # of the command, which takes all that is left
    }
    assert not (root / ".claude/settings.json").exists()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("Read(/etc/**)", "Read(//etc/**)"),
        ("Read(.env*)", "Read(./.env*)"),
        ("Write(**/*.lock)", "Edit(**/*.lock)"),
        ("Mcp(docs:*)", "mcp__docs"),
        ("WebFetch(evil.example)", "WebFetch(domain:evil.example)"),
        ("Shell(git:push*)", None),
        ("Write(**)", None),
    ],
)
def test_what_cursor_denies_is_denied_or_told(run: Run, keep: Callable[..., Path], rule: str, said: str | None) -> None:
    """A path by Claude Code's own way to write it; nothing is forbidden less without a word."""
    root = keep("cursor", **{".cursor/cli.json": json.dumps({"permissions": {"deny": [rule]}})})
    row = bring(run, "cursor", cwd=root)
    settings = root / ".claude/settings.json"
    found = json.loads(settings.read_text())["permissions"]["deny"] if settings.exists() else []
    assert found == ([said] if said else [])
    told = [loss["security"] for loss in row["losses"] if loss["file"] == ".cursor/cli.json"]
    assert told == ([] if said else [True])


def test_what_was_kept_for_cursor_comes_over(run: Run, keep: Callable[..., Path]) -> None:
    """Globs without quotes, which are no YAML, and rules that nobody asks for."""
    root = keep("cursor")
    row = bring(run, "cursor", cwd=root)
    rule = (root / ".claude/rules/tests.md").read_text()
    assert ('- "*.test.ts"' in rule, '- "*.spec.ts"' in rule, rule.endswith("\nTest.\n")) == (True, True, True)
    assert (root / ".claude/rules/cursorrules.md").read_text() == "Old rules.\n"
    servers = json.loads((root / ".mcp.json").read_text())["mcpServers"]
    assert servers == {
        "files": {"command": "files-server", "args": [], "env": {"TOKEN": "${TOKEN}"}},
        "docs": {"type": "http", "url": "https://docs.example/mcp"},
    }
    settings = json.loads((root / ".claude/settings.json").read_text())
    assert settings["permissions"] == {"allow": ["Bash(git:*)"], "deny": ["Bash(rm:*)"]}
    assert lost(row) == {(".cursor/rules/asked.mdc", "alwaysApply"), (".cursor/mcp.json", "mcpServers/here")}


def test_what_was_kept_for_copilot_comes_over(run: Run, keep: Callable[..., Path]) -> None:
    """And that of VS Code."""
    root = keep("copilot")
    row = bring(run, "copilot", cwd=root)
    assert (root / ".claude/rules/copilot-instructions.md").read_text() == "# Rules\n\nUse tabs.\n"
    assert '- "tests/**"' in (root / ".claude/rules/tests.md").read_text()
    assert 'tools: "Read, mcp__docs"' in (root / ".claude/agents/reviewer.md").read_text()
    assert "Fix ${input:what}." in (root / ".claude/commands/fix.md").read_text()
    assert json.loads((root / ".mcp.json").read_text())["mcpServers"]["docs"]["type"] == "http"
    assert lost(row) == {(".github/prompts/fix.prompt.md", "${input:what}"), (".github/prompts/fix.prompt.md", "mode")}


def test_what_was_kept_for_windsurf_comes_over(run: Run, keep: Callable[..., Path], home: Path) -> None:
    """Rules and workflows of a project, servers of a home."""
    root = keep("windsurf")
    assert bring(run, "windsurf", cwd=root)["losses"] == []
    assert '- "tests/**"' in (root / ".claude/rules/tests.md").read_text()
    assert (root / ".claude/commands/fix.md").read_text().endswith("\nFix it.\n")
    servers = {"mcpServers": {"docs": {"serverUrl": "https://docs.example/mcp", "headers": {"X-Key": "${env:KEY}"}}}}
    write(home, {".codeium/windsurf/mcp_config.json": json.dumps(servers)})
    bring(run, "windsurf", "--user", cwd=root)
    found = json.loads((home / ".claude.json").read_text())["mcpServers"]["docs"]
    assert found == {"type": "http", "url": "https://docs.example/mcp", "headers": {"X-Key": "${KEY}"}}


def test_import_from_all_others_is_refused(run: Run, tmp_path: Path) -> None:
    """With those named from which it can be; an unknown one is a mistake too."""
    names = ", ".join(target.id for target in TARGETS if target.importer is not None)
    assert "codex, gemini, opencode, cursor, copilot, qwen" in names
    for target in TARGETS:
        if target.importer is None:
            ran = run("import", "--from", target.id, cwd=tmp_path)
            assert (ran.code, names in ran.err) == (2, True)
    assert "Did you mean codex?" in run("import", "--from", "codx", cwd=tmp_path).err
    assert run("import", cwd=tmp_path).code == 2


# --- round trips


@pytest.mark.parametrize(
    ("target", "path", "pointer"),
    [
        ("codex", ".codex/config.toml", "mcp_servers"),
        ("gemini", ".gemini/settings.json", "mcpServers"),
        ("opencode", "opencode.json", "mcp"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
    ],
)
def test_the_harness_sees_the_same_after_import_and_sync(
    run: Run, keep: Callable[..., Path], target: str, path: str, pointer: str
) -> None:
    """The file with the servers says just what it said. No server is in conflict but one of which something is lost;
    nor are instructions."""
    root = keep(target)
    before = (root / path).read_bytes()
    row = bring(run, target, cwd=root)
    assert run("ctl", "add", str(root), f"--target={target}").code == 0
    ran = json.loads(run("sync", "--json", cwd=root).out)["projects"][0]
    assert ran["held"] == []
    document_format = FORMATS[path.rpartition(".")[2]]
    said, says = (document_format.parse(one)[pointer] for one in (before, (root / path).read_bytes()))
    assert says == said
    conflicts = {conflict["address"].partition("#")[2] or conflict["address"] for conflict in ran["conflicts"]}
    lossy = {f"/{'/'.join(loss['key'].split('/')[:2])}" for loss in row["losses"]}
    assert {each for each in conflicts if each.startswith(f"/{pointer}/")} <= lossy
    assert {"AGENTS.md", "packages/api/AGENTS.md"}.isdisjoint(conflicts)
    if "AGENTS.md" in KEPT[target]:
        assert (root / "AGENTS.md").read_text() == KEPT[target]["AGENTS.md"]
    assert "there already" in run("import", "--from", target, cwd=root).out


def test_what_another_harness_gets_is_what_was_kept_for_the_first(run: Run, keep: Callable[..., Path]) -> None:
    """Imported from Codex, synced for OpenCode."""
    root = keep("codex")
    bring(run, "codex", cwd=root)
    assert run("ctl", "add", str(root), "--target=opencode").code == 0
    assert run("sync", cwd=root).code == 0
    servers = json.loads((root / ".opencode/opencode.json").read_text())["mcp"]
    assert servers["files"]["environment"] == {"MODE": "fast", "TOKEN": "{env:TOKEN}"}
    assert (root / ".opencode/agents/reviewer.md").read_text().endswith("Review it.\n")


# --- nothing is overwritten, nothing comes twice


def test_what_is_there_already_stays_byte_for_byte(run: Run, keep: Callable[..., Path]) -> None:
    """A second import has nothing to do, and changes no file."""
    root = keep("codex")
    first = bring(run, "codex", cwd=root)
    before = picture(root)
    again = bring(run, "codex", cwd=root)
    assert (again["imported"], again["conflicts"]) == ([], [])
    assert len(again["there"]) + len(again["said"]) == len(first["imported"])
    assert ".codex/config.toml#/mcp_servers/files" in again["said"]
    assert differences(before, picture(root)) == []


def test_what_says_something_else_is_a_conflict_and_stays(run: Run, keep: Callable[..., Path]) -> None:
    """Files, a folder, and a key; the rest comes, and every foreign byte of a merged file stays."""
    servers = '{\n  // mine\n  "mcpServers": {"files": {"command": "other"},},\n}\n'
    mine = {"CLAUDE.md": "# Mine\n", ".claude/skills/pdf/SKILL.md": "Mine.\n", ".mcp.json": servers}
    root = keep("codex", **mine)
    row = bring(run, "codex", cwd=root, code=1)
    assert {conflict["to"] for conflict in row["conflicts"]} == {
        "CLAUDE.md",
        ".claude/skills/pdf",
        ".mcp.json#/mcpServers/files",
    }
    for name in ("CLAUDE.md", ".claude/skills/pdf/SKILL.md"):
        assert (root / name).read_text() == mine[name]
    text = (root / ".mcp.json").read_text()
    assert text.startswith('{\n  // mine\n  "mcpServers": {"files": {"command": "other"}, "docs": {"type": "http"')
    assert "Add the line @AGENTS.md to it" in run("import", "--from", "codex", cwd=root).out


def test_a_skill_of_which_a_part_is_there_is_completed(run: Run, keep: Callable[..., Path]) -> None:
    """As after an import that was killed; nothing that stands there is touched."""
    root = keep("codex", **{".claude/skills/pdf/SKILL.md": SKILL})
    before = (root / ".claude/skills/pdf/SKILL.md").stat()
    assert ".claude/skills/pdf" in {each["to"] for each in bring(run, "codex", cwd=root)["imported"]}
    assert (root / ".claude/skills/pdf/scripts/read.sh").exists()
    after = (root / ".claude/skills/pdf/SKILL.md").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("text", ["# Mine\n\n@AGENTS.md\n", "# Rules\n\nUse tabs."])
def test_a_claude_md_that_says_it_already_is_no_conflict(run: Run, keep: Callable[..., Path], text: str) -> None:
    """It imports the file, or is the same but for its end."""
    root = keep("codex", **{"CLAUDE.md": text})
    assert "CLAUDE.md" in [row["to"] for row in bring(run, "codex", cwd=root)["there"]]
    assert (root / "CLAUDE.md").read_text() == text


def test_links_to_what_is_kept_are_there_already(run: Run, keep: Callable[..., Path]) -> None:
    """`CLAUDE.md` and the folder of skills may lead to the other harness's; nothing is written through them."""
    root = keep("codex")
    (root / "CLAUDE.md").symlink_to("AGENTS.md")
    (root / ".claude").mkdir()
    (root / ".claude/skills").symlink_to("../.agents/skills")
    row = bring(run, "codex", cwd=root)
    assert {"CLAUDE.md", ".claude/skills/pdf"} <= {each["to"] for each in row["there"]}
    assert (root / "CLAUDE.md").is_symlink()


def test_a_gemini_md_that_is_a_link_to_agents_md_is_that(run: Run, keep: Callable[..., Path]) -> None:
    """There is one text already, and it stays one."""
    root = keep("gemini", **{"AGENTS.md": "# Rules\n"})
    (root / "GEMINI.md").unlink()
    (root / "GEMINI.md").symlink_to("AGENTS.md")
    row = bring(run, "gemini", cwd=root)
    assert ((root / "CLAUDE.md").read_text(), row["unreadable"]) == ("@AGENTS.md\n", [])


def test_outputs_of_ours_are_never_imported_back(run: Run, keep: Callable[..., Path]) -> None:
    """Links, files, keys and elements by the ledger; also what was edited since; and what a clone without one holds."""
    source = {
        "CLAUDE.md": "# Rules\n\nSee @docs.md\n",
        "docs.md": "More.\n",
        ".claude/skills/own/SKILL.md": SKILL,
        ".claude/agents/own.md": "---\nname: own\ndescription: Own\n---\nOwn.\n",
        ".mcp.json": '{"mcpServers": {"own": {"command": "own"}}}',
        ".claude/settings.json": '{"permissions": {"deny": ["Bash(rm:*)"]}}',
    }
    root = keep("windsurf", **source)
    assert run("ctl", "add", str(root), "--target=codex").code == 0
    assert run("sync", cwd=root).code == 0
    (root / ".codex/agents/own.toml").write_text('name = "edited"\ndeveloper_instructions = "x"\n')
    with (root / ".codex/config.toml").open("a") as file:
        file.write('[mcp_servers.mine]\ncommand = "mine"\n')
    row = bring(run, "codex", cwd=root)
    assert [each["key"] for each in row["imported"]] == ["mcp_servers/mine"]
    assert {"AGENTS.md", ".codex/agents/own.toml", ".codex/config.toml#/mcp_servers/own"} <= set(row["ours"])
    (root / ".mcp.json").write_text(source[".mcp.json"])
    assert run("unlink", "--all", "--dry-run", cwd=root).code == 1  # the edited one


def test_generated_files_of_a_clone_are_not_imported(run: Run, keep: Callable[..., Path]) -> None:
    """They say by whom they were made."""
    generated = "<!-- Generated by harnesssync from CLAUDE.md. Edit there: changes made here are not kept. -->\n\nx\n"
    root = keep("cursor", **{"AGENTS.md": generated, ".cursor/rules/harnesssync-CLAUDE.local.mdc": "Private.\n"})
    row = bring(run, "cursor", cwd=root)
    assert set(row["ours"]) == {"AGENTS.md", ".cursor/rules/harnesssync-CLAUDE.local.mdc"}
    assert not (root / "CLAUDE.md").exists()


# --- credentials


def test_credentials_do_not_go_where_git_sees_them(run: Run, keep: Callable[..., Path]) -> None:
    """They are told by their place, and left out, in a server and in a skill; where git is kept away they come."""
    config = f'[mcp_servers.a]\ncommand = "a"\nenv = {{ API_TOKEN = "{TOKEN}" }}\n'
    skill = {".agents/skills/pdf/key.txt": f"{TOKEN}\n"}
    root = keep("codex", **{".codex/config.toml": config, **skill})
    ran = run("import", "--from", "codex", cwd=root)
    assert ("API_TOKEN is a credential" in ran.out, TOKEN in ran.out) == (True, False)
    assert not (root / ".mcp.json").exists()
    assert not (root / ".claude/skills").exists()
    (root / ".gitignore").write_text(".mcp.json\n")
    bring(run, "codex", cwd=root)
    assert TOKEN in (root / ".mcp.json").read_text()
    assert (root / ".mcp.json").stat().st_mode & 0o777 == 0o600


def test_text_that_claude_code_would_expand_is_not_brought_over(run: Run, keep: Callable[..., Path]) -> None:
    """Codex takes `${HOME}` literally: as a server of Claude Code's it would be another one."""
    root = keep("codex", **{".codex/config.toml": '[mcp_servers.a]\ncommand = "a"\nargs = ["${HOME}"]\n'})
    assert lost(bring(run, "codex", cwd=root)) >= {(".codex/config.toml", "mcp_servers/a")}


# --- undo, dry run, scopes, what is wrong


def test_an_import_can_be_undone(run: Run, keep: Callable[..., Path]) -> None:
    """The tree is as it was, with the folders that came."""
    root = keep("codex", **{".mcp.json": '{"mcpServers": {"mine": {"command": "mine"}}}\n'})
    before = picture(root)
    bring(run, "codex", cwd=root)
    ran = run("undo", cwd=root)
    assert (ran.code, "undone: import 1 of" in ran.out) == (0, True)
    assert differences(before, picture(root)) == []


@pytest.mark.parametrize("number", [(), ("1",)])
def test_an_imported_file_that_was_edited_is_left_alone_by_undo(
    run: Run, keep: Callable[..., Path], number: tuple[str, ...]
) -> None:
    """The others go, and the import does not count as undone."""
    root, path = keep("codex"), ".claude/skills/pdf/SKILL.md"
    before = picture(root)
    bring(run, "codex", cwd=root)
    (root / path).write_text("Mine.\n")
    left = [f"new: {each}" for each in (".claude", ".claude/skills", ".claude/skills/pdf", path)]
    for _ in range(2):  # by then it is all that is left
        ran = run("undo", *number, "--json", cwd=root)
        [row] = json.loads(ran.out)["projects"]
        assert (ran.code, [each["address"] for each in row["conflicts"]]) == (1, [path])
        assert (root / path).read_text() == "Mine.\n"
        assert differences(before, picture(root)) == left
        [*_, listed] = json.loads(run("undo", "--list", "--json", cwd=root).out)["projects"][0]["history"]
        assert (listed["kind"], listed["undone"]) == ("import", False)
    assert "not undone: import 1 of" in run("undo", *number, cwd=root).out
    (root / path).unlink()
    assert run("undo", *number, cwd=root).code == 0


def test_a_dry_run_writes_nothing(run: Run, keep: Callable[..., Path], home: Path) -> None:
    """Neither into the project nor into our own folder."""
    root = keep("gemini")
    before, kept = picture(root), picture(home)
    row = bring(run, "gemini", "--dry-run", cwd=root)
    assert (row["dry_run"], len(row["imported"])) == (True, 9)
    assert (differences(before, picture(root)), differences(kept, picture(home))) == ([], [])


def test_a_persons_own_configuration_comes_into_the_home_directory(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`CODEX_HOME` and `CLAUDE_CONFIG_DIR` move both sides; older prompts become commands."""
    monkeypatch.setenv("CODEX_HOME", str(home / "tools/codex"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "tools/claude"))
    write(
        home,
        {
            "tools/codex/AGENTS.md": "# Mine\n",
            "tools/codex/config.toml": '[mcp_servers.files]\ncommand = "files"\n',
            "tools/codex/prompts/fix.md": "Fix $1.\n",
            "tools/claude/.claude.json": '{"numStartups": 3}\n',
        },
    )
    row = bring(run, "codex", "--user", cwd=tmp_path)
    assert row["scope"] == "user"
    assert (home / "tools/claude/CLAUDE.md").read_text() == "# Mine\n"
    assert (home / "tools/claude/commands/fix.md").read_text() == "Fix $0.\n"
    state = json.loads((home / "tools/claude/.claude.json").read_text())
    assert state == {"numStartups": 3, "mcpServers": {"files": {"command": "files", "args": []}}}
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert "CODEX_HOME names a folder outside" in run("import", "--from", "codex", "--user", cwd=tmp_path).err


def test_what_cant_be_read_is_told_and_the_rest_comes(run: Run, keep: Callable[..., Path]) -> None:
    """A file that is no TOML, and a link that is not followed."""
    root = keep("codex", **{".codex/config.toml": "[mcp_servers\n"})
    (root / ".agents/skills/elsewhere").symlink_to("/etc")
    row = bring(run, "codex", cwd=root, code=1)
    assert {each["file"] for each in row["unreadable"]} == {".codex/config.toml", ".agents/skills/elsewhere"}
    assert (root / "CLAUDE.md").exists()


def test_a_claude_file_that_cant_be_parsed_is_left_alone(run: Run, keep: Callable[..., Path]) -> None:
    """Each key that would go into it is in conflict."""
    root = keep("codex", **{".mcp.json": "{"})
    row = bring(run, "codex", cwd=root, code=1)
    assert {conflict["key"] for conflict in row["conflicts"]} == {"mcp_servers/files", "mcp_servers/docs"}
    assert (root / ".mcp.json").read_text() == "{"


def test_names_that_are_no_names_of_files_do_not_come(run: Run, keep: Callable[..., Path]) -> None:
    """An agent that would leave its folder."""
    agent = tomlkit.dumps({"name": "../../evil", "description": "x", "developer_instructions": "x"})
    root = keep("codex", **{".codex/agents/reviewer.toml": agent})
    assert (".codex/agents/reviewer.toml", "name") in lost(bring(run, "codex", cwd=root))
    assert not (root / ".claude/agents").exists()
