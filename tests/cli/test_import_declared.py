"""`import` from the harnesses whose importers are declarations: what was kept for each comes over, and is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.reliability.world import PROJECT_FILES, differences, picture

from harnesssync_adapters import TARGETS

Run = Callable[..., Any]

IMPORTABLE = [target.id for target in TARGETS if target.importer is not None]
SKILL = "---\nname: pdf\ndescription: Reads PDF files\n---\nRead it.\n"
RULES = "# Rules\n\nUse tabs.\n"
HTTP = {"type": "http", "url": "https://docs.example/mcp"}


class Case(NamedTuple):
    """Files of a harness's, below a root; the files of Claude Code's that must hold some text then, the servers and
    settings that come, and all that is lost: file, key, and whether that is a matter of security."""

    files: Mapping[str, str]
    texts: Mapping[str, tuple[str, ...]]
    servers: Mapping[str, Mapping[str, Any]] = {}
    settings: Mapping[str, Any] = {}
    lost: frozenset[tuple[str, str, bool]] = frozenset()


def server(**more: object) -> dict[str, Any]:
    return {"command": "files-server", "args": ["."], **more}


QWEN = {
    "mcpServers": {
        "files": server(env={"TOKEN": "$TOKEN"}, trust=True),
        "docs": {"httpUrl": "https://docs.example/mcp", "timeout": 5000},
        "events": {"url": "https://events.example/sse"},
    },
    "permissions": {
        "allow": ["Bash(git status)", "Read(src/**)"],
        "deny": ["Bash(rm *)", "WebFetch(domain:evil.example)", "ListFiles", "mcp__files"],
    },
    "hooks": {
        "PreToolUse": [
            {"matcher": "run_shell_command", "hooks": [{"type": "command", "command": "guard", "timeout": 5000}]},
            {"matcher": "no_such_tool", "hooks": [{"type": "command", "command": "guard"}]},
        ]
    },
    "env": {"MODE": "fast"},
}
DROID = {
    "commandAllowlist": ["npm run"],
    "commandDenylist": ["git push"],
    "commandBlocklist": ["rm -rf", "a|b"],
}
DROID_HOOKS = {
    "PreToolUse": [
        {
            "matcher": "Execute|Create",
            "hooks": [{"type": "command", "command": "$FACTORY_PROJECT_DIR/guard", "timeout": 5}],
        }
    ]
}
KILO = {
    "mcp": {
        "files": {"type": "local", "command": ["files-server", "."], "environment": {"TOKEN": "{env:TOKEN}"}},
        "off": {"type": "local", "command": ["off"], "enabled": False},
    },
    "permission": {"bash": {"*": "ask", "git push *": "deny"}},
}
MODES = """\
customModes:
  - slug: writer
    name: Writer
    roleDefinition: You write.
    customInstructions: Write well.
    whenToUse: When something is to be written
    groups:
      - read
      - - edit
        - fileRegex: \\.md$
  - slug: maker
    name: Maker
    roleDefinition: You make.
    groups: [read, edit, command, mcp]
  - slug: thinker
    name: Thinker
    roleDefinition: You think.
    groups: []
"""
PROJECTS: Mapping[str, Case] = {
    "qwen": Case(
        {
            "AGENTS.md": RULES,
            "QWEN.md": "Only Qwen.\n",
            "api/QWEN.md": "The API.\n",
            ".qwen/rules/tests.md": '---\npaths:\n  - "tests/**"\n---\nTest.\n',
            ".qwen/skills/pdf/SKILL.md": SKILL,
            ".qwen/agents/reviewer.md": (
                "---\nname: reviewer\ndescription: Reviews\ntools: [read_file, grep_search, mcp__files__read, nope]\n"
                "maxTurns: 5\nmodel: qwen3\n---\nReview it.\n"
            ),
            ".qwen/commands/fix/issue.md": "---\ndescription: Fix\n---\nFix {{args}}: !{git status}\n",
            ".qwen/settings.json": json.dumps(QWEN),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n\nOnly Qwen.\n",),
            "api/CLAUDE.md": ("The API.\n",),
            ".claude/rules/tests.md": ('- "tests/**"\n', "\nTest.\n"),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/reviewer.md": ('tools: "Read, Grep, mcp__files__read"', "maxTurns: 5", "Review it."),
            ".claude/commands/fix/issue.md": ("Fix $ARGUMENTS: !`git status`",),
        },
        {
            "files": server(env={"TOKEN": "${TOKEN}"}),
            "docs": {**HTTP, "timeout": 5000},
            "events": {"type": "sse", "url": "https://events.example/sse"},
        },
        {
            "permissions": {"allow": ["Bash(git status:*)"], "deny": ["Bash(rm:*)", "LS", "mcp__files"]},
            "hooks": {
                "PreToolUse": [
                    {"matcher": "Bash", "hooks": [{"type": "command", "command": "guard", "timeout": 5}]},
                ]
            },
            "env": {"MODE": "fast"},
        },
        frozenset(
            {
                (".qwen/agents/reviewer.md", "tools: nope", False),
                (".qwen/agents/reviewer.md", "model", False),
                (".qwen/settings.json", "mcpServers/files/trust", False),
                (".qwen/settings.json", "permissions/allow: Read(src/**)", False),
                (".qwen/settings.json", "permissions/deny: WebFetch(domain:evil.example)", True),
                (".qwen/settings.json", "hooks/PreToolUse/1", True),
            }
        ),
    ),
    "kilo": Case(
        {
            "AGENTS.md": RULES,
            ".kilocode/rules/style.md": "Be short.\n",
            ".kilocode/rules-code/mode.md": "In one mode.\n",
            ".kilocode/workflows/release.md": "Release $1.\n",
            ".kilocode/mcp.json": json.dumps({"mcpServers": {"old": server(env={"A": "${env:A}"}, timeout=5)}}),
            ".kilo/skills/pdf/SKILL.md": SKILL,
            ".kilo/agents/reviewer.md": "---\ndescription: Reviews\nmode: subagent\n---\nReview it.\n",
            ".kilo/command/fix.md": "---\ndescription: Fix\n---\nFix $ARGUMENTS\n",
            "kilo.json": json.dumps(KILO),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/style.md": ("Be short.\n",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/reviewer.md": ("Review it.",),
            ".claude/commands/fix.md": ("Fix $ARGUMENTS",),
            ".claude/commands/release.md": ("Release \\$1.",),
        },
        {"files": server(env={"TOKEN": "${TOKEN}"}), "old": server(env={"A": "${A}"}, timeout=5000)},
        {"permissions": {"deny": ["Bash(git push:*)"]}},
        frozenset({("kilo.json", "mcp/off", False), (".kilocode/rules-code/mode.md", "", False)}),
    ),
    "droid": Case(
        {
            "AGENTS.md": RULES,
            ".factory/AGENTS.md": "For Droid.\n",
            ".factory/skills/pdf/SKILL.md": SKILL,
            ".factory/droids/reviewer.md": (
                "---\nname: reviewer\ndescription: Reviews\nmodel: inherit\ntools: read-only\n---\nReview it.\n"
            ),
            ".factory/droids/free.md": "---\nname: free\ndescription: Free\ntools: [nope]\n---\nGo.\n",
            ".factory/commands/fix.md": "---\ndescription: Fix\nargument-hint: what\n---\nFix $ARGUMENTS for $1\n",
            ".factory/mcp.json": json.dumps({"mcpServers": {"docs": {**HTTP, "headers": {"X": "${X:-y}"}}}}),
            ".factory/settings.json": json.dumps(DROID),
            ".factory/hooks.json": json.dumps(DROID_HOOKS),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/factory.md": ("For Droid.\n",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/reviewer.md": ('tools: "Read, LS, Grep, Glob"',),
            ".claude/agents/free.md": ("Go.",),
            ".claude/commands/fix.md": ("argument-hint:", "Fix $ARGUMENTS for \\$1"),
        },
        {"docs": {**HTTP, "headers": {"X": "${X:-y}"}}},
        {
            "permissions": {"ask": ["Bash(git push:*)"], "deny": ["Bash(rm -rf:*)"]},
            "hooks": {
                "PreToolUse": [
                    {
                        "matcher": "Bash|Write",
                        "hooks": [{"type": "command", "command": "${CLAUDE_PROJECT_DIR}/guard", "timeout": 5}],
                    }
                ]
            },
        },
        frozenset(
            {
                (".factory/droids/free.md", "tools", True),
                (".factory/droids/free.md", "tools: nope", False),
                (".factory/settings.json", "commandAllowlist: npm run", False),
                (".factory/settings.json", "commandBlocklist: a|b", True),
            }
        ),
    ),
    "continue": Case(
        {
            "AGENTS.md": RULES,
            ".continue/rules/tests.md": '---\nname: Tests\nglobs: "tests/**"\n---\nTest.\n',
            ".continue/rules/asked.md": "---\nalwaysApply: false\n---\nAsk me.\n",
            ".continue/skills/pdf/SKILL.md": SKILL,
            ".continue/prompts/fix.md": "---\nname: Fix\ndescription: Fix it\ninvokable: true\n---\nFix it.\n",
            ".continue/mcpServers/docs.yaml": (
                "name: Docs\nversion: 0.0.1\nschema: v1\nmcpServers:\n  - name: docs\n    type: streamable-http\n"
                "    url: https://docs.example/mcp\n    requestOptions:\n      headers:\n"
                "        X-Key: ${{ secrets.KEY }}\n  - name: docs\n    url: https://other.example\n  - command: x\n"
            ),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/tests.md": ('- "tests/**"\n',),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/commands/fix.md": ("Fix it.\n",),
        },
        {"docs": {**HTTP, "headers": {"X-Key": "${KEY}"}}},
        {},
        frozenset(
            {
                (".continue/rules/asked.md", "alwaysApply", False),
                (".continue/prompts/fix.md", "invokable", False),
                (".continue/mcpServers/docs.yaml", "mcpServers/1", False),
                (".continue/mcpServers/docs.yaml", "mcpServers/2", False),
            }
        ),
    ),
    "cline": Case(
        {
            "AGENTS.md": RULES,
            ".clinerules/tests.md": '---\npaths: ["tests/**"]\n---\nTest.\n',
            ".cline/rules/style.md": "Be short.\n",
            ".clinerules/workflows/fix.md": "Fix it for $ARGUMENTS.\n",
            ".clinerules/hooks/PreToolUse": "#!/bin/sh\n",
            ".clinerules/hooks/TaskStart": "#!/bin/sh\n",
            ".cline/skills/pdf/SKILL.md": SKILL,
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/tests.md": ('- "tests/**"\n',),
            ".claude/rules/style.md": ("Be short.\n",),
            ".claude/commands/fix.md": ("Fix it for \\$ARGUMENTS.",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
        },
        lost=frozenset({(".clinerules/hooks/PreToolUse", "", True), (".clinerules/hooks/TaskStart", "", False)}),
    ),
    "roo": Case(
        {
            "AGENTS.md": RULES,
            ".roorules": "Old rules.\n",
            ".roo/rules/style.md": "Be short.\n",
            ".roo/rules-code/mode.md": "In one mode.\n",
            ".roo/commands/fix.md": "---\ndescription: Fix\nargument-hint: what\n---\nFix it.\n",
            ".roo/skills/pdf/SKILL.md": SKILL,
            ".roo/mcp.json": json.dumps(
                {
                    "mcpServers": {
                        "docs": {"type": "streamable-http", "url": HTTP["url"], "headers": {"X": "${env:X}"}},
                        "files": server(alwaysAllow=["read"], disabledTools=["write"]),
                        "off": server(disabled=True),
                    }
                }
            ),
            ".roomodes": MODES,
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/roorules.md": ("Old rules.\n",),
            ".claude/rules/style.md": ("Be short.\n",),
            ".claude/commands/fix.md": ("Fix it.",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/writer.md": (
                'description: "When something is to be written"',
                'tools: "Read, Grep, Glob, LS"',
                "You write.\n\nWrite well.",
            ),
            ".claude/agents/maker.md": ("You make.",),
        },
        {"docs": {**HTTP, "headers": {"X": "${X}"}}, "files": server()},
        {},
        frozenset(
            {
                (".roo/rules-code/mode.md", "", False),
                (".roo/mcp.json", "mcpServers/files/alwaysAllow", False),
                (".roo/mcp.json", "mcpServers/files/disabledTools", True),
                (".roo/mcp.json", "mcpServers/off", False),
                (".roomodes", "customModes/writer/groups: edit", False),
                (".roomodes", "customModes/thinker", False),
            }
        ),
    ),
    "amp": Case(
        {
            "AGENTS.md": RULES,
            "api/AGENTS.md": "The API.\n",
            ".agents/skills/pdf/SKILL.md": SKILL,
            ".amp/settings.json": json.dumps(
                {
                    "amp.mcpServers": {"files": server(env={"TOKEN": "${TOKEN}"})},
                    "amp.permissions": [{"tool": "Bash", "action": "reject"}, {"tool": "Read", "action": "allow"}],
                }
            ),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            "api/CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
        },
        {"files": server(env={"TOKEN": "${TOKEN}"})},
        {},
        frozenset(
            {(".amp/settings.json", "amp.permissions/0", True), (".amp/settings.json", "amp.permissions/1", False)}
        ),
    ),
    "kiro": Case(
        {
            "AGENTS.md": RULES,
            ".kiro/steering/product.md": "The product.\n",
            ".kiro/steering/tests.md": '---\ninclusion: fileMatch\nfileMatchPattern: "tests/**"\n---\nTest.\n',
            ".kiro/steering/asked.md": "---\ninclusion: manual\n---\nAsk me.\n",
            ".kiro/skills/pdf/SKILL.md": SKILL,
            ".kiro/agents/reviewer.md": (
                '---\nname: reviewer\ndescription: Reviews\ntools: ["read", "@files/look", "spec"]\n---\nReview it.\n'
            ),
            ".kiro/prompts/fix.md": "Fix it.\n",
            ".kiro/settings/mcp.json": json.dumps({"mcpServers": {"files": server(autoApprove=["read"])}}),
            ".kiro/hooks/guard.json": json.dumps(
                {"version": "v1", "hooks": [{"trigger": "PreToolUse"}, {"trigger": "Stop"}]}
            ),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/product.md": ("The product.\n",),
            ".claude/rules/tests.md": ('- "tests/**"\n',),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/reviewer.md": ('tools: "Read, Grep, Glob, LS, mcp__files__look"',),
            ".claude/commands/fix.md": ("Fix it.\n",),
        },
        {"files": server()},
        {},
        frozenset(
            {
                (".kiro/steering/asked.md", "inclusion: manual", False),
                (".kiro/agents/reviewer.md", "tools: spec", False),
                (".kiro/settings/mcp.json", "mcpServers/files/autoApprove", False),
                (".kiro/hooks/guard.json", "hooks/0", True),
                (".kiro/hooks/guard.json", "hooks/1", False),
            }
        ),
    ),
    "junie": Case(
        {
            "AGENTS.md": RULES,
            ".junie/guidelines.md": "Old rules.\n",
            ".junie/rules/style.md": "Be short.\n",
            ".junie/skills/pdf/SKILL.md": SKILL,
            ".junie/agents/reviewer.md": (
                "---\nname: reviewer\ndescription: Reviews\ntools: [Read, Grep]\ndisallowedTools: [Bash, Nope]\n---\n"
                "Review it.\n"
            ),
            ".junie/commands/fix.md": "---\ndescription: Fix\n---\nFix it.\n",
            ".junie/mcp/mcp.json": json.dumps({"mcpServers": {"files": server(), "odd": server(env={"A": "${A}"})}}),
        },
        {
            "CLAUDE.md": ("@AGENTS.md\n",),
            ".claude/rules/junie-guidelines.md": ("Old rules.\n",),
            ".claude/rules/style.md": ("Be short.\n",),
            ".claude/skills/pdf/SKILL.md": (SKILL,),
            ".claude/agents/reviewer.md": ('tools: "Read, Grep"', 'disallowedTools: "Bash"'),
            ".claude/commands/fix.md": ("Fix it.\n",),
        },
        {"files": server()},
        {},
        frozenset(
            {
                (".junie/agents/reviewer.md", "disallowedTools: Nope", True),
                (".junie/mcp/mcp.json", "mcpServers/odd", False),
            }
        ),
    ),
}
HOMES: Mapping[str, Case] = {
    "qwen": Case(
        {".qwen/QWEN.md": RULES, ".qwen/settings.json": json.dumps({"mcpServers": {"files": server()}})},
        {".claude/CLAUDE.md": (RULES,)},
        {"files": server()},
    ),
    "kilo": Case(
        {".config/kilo/AGENTS.md": RULES, ".kilo/rules/style.md": "Be short.\n"},
        {".claude/CLAUDE.md": (RULES,), ".claude/rules/style.md": ("Be short.\n",)},
    ),
    "droid": Case({".factory/AGENTS.md": RULES}, {".claude/CLAUDE.md": (RULES,)}),
    "continue": Case(
        {
            ".continue/config.yaml": (
                "name: Mine\nversion: 1.0.0\nschema: v1\nmodels: []\nrules:\n  - Be short.\nmcpServers:\n"
                "  - name: files\n    command: files-server\n    args: ['.']\n    env:\n"
                "      TOKEN: ${{ secrets.TOKEN }}\n"
            )
        },
        {},
        {"files": server(env={"TOKEN": "${TOKEN}"})},
        lost=frozenset({(".continue/config.yaml", "rules/0", False)}),
    ),
    "cline": Case(
        {
            ".cline/rules/style.md": "Be short.\n",
            ".cline/data/settings/cline_mcp_settings.json": json.dumps(
                {"mcpServers": {"events": {"url": "https://events.example"}, "files": server(timeout=5)}}
            ),
        },
        {".claude/rules/style.md": ("Be short.\n",)},
        {"events": {"type": "sse", "url": "https://events.example"}, "files": server(timeout=5000)},
    ),
    "roo": Case({".roo/rules/style.md": "Be short.\n"}, {".claude/rules/style.md": ("Be short.\n",)}),
    "amp": Case({".config/amp/AGENTS.md": RULES}, {".claude/CLAUDE.md": (RULES,)}),
    "kiro": Case({".kiro/steering/product.md": "Mine.\n"}, {".claude/rules/product.md": ("Mine.\n",)}),
    "junie": Case(
        {
            ".junie/AGENTS.md": RULES,
            ".junie/config.json": json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say"}]}]}}),
        },
        {".claude/CLAUDE.md": (RULES,)},
        settings={"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say"}]}]}},
    ),
}


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


def check(root: Path, case: Case, row: Mapping[str, Any], servers: Path) -> None:
    for name, parts in case.texts.items():
        text = (root / name).read_text()
        assert [part for part in parts if part not in text] == [], text
    found = json.loads(servers.read_text())["mcpServers"] if servers.exists() else {}
    assert found == case.servers
    settings = root / ".claude/settings.json"
    assert (json.loads(settings.read_text()) if settings.exists() else {}) == case.settings
    assert {(loss["file"], loss["key"], loss["security"]) for loss in row["losses"]} == case.lost


@pytest.fixture
def project(tmp_path: Path, git: Callable[..., str]) -> Callable[[Mapping[str, str]], Path]:
    """A repository with what a person kept."""

    def project(files: Mapping[str, str]) -> Path:
        root = (tmp_path / "project").resolve()
        write(root, files)
        git("init", "-q", cwd=root)
        git("add", "-A", cwd=root)
        git("commit", "-q", "-m", "begin", cwd=root)
        return root

    return project


def test_every_declared_importer_has_its_cases() -> None:
    """In both scopes; the others have tests of their own."""
    others = {"codex", "gemini", "opencode", "cursor", "copilot", "windsurf"}
    assert set(PROJECTS) == set(HOMES) == set(IMPORTABLE) - others


@pytest.mark.parametrize("target", PROJECTS)
def test_what_was_kept_in_a_project_comes_over(
    run: Run, project: Callable[[Mapping[str, str]], Path], target: str
) -> None:
    """All of it, or it is told; nothing of the harness's changes, a second time nothing is left to do, and it can be
    taken back byte for byte."""
    case = PROJECTS[target]
    root = project(case.files)
    before = picture(root)
    row = bring(run, target, cwd=root)
    check(root, case, row, root / ".mcp.json")
    assert {name: (root / name).read_text() for name in case.files} == dict(case.files)
    again = bring(run, target, cwd=root)
    assert (again["imported"], again["conflicts"]) == ([], [])
    assert run("undo", cwd=root).code == 0
    assert differences(before, picture(root)) == []


@pytest.mark.parametrize("target", HOMES)
def test_what_was_kept_at_home_comes_over(run: Run, tmp_path: Path, home: Path, target: str) -> None:
    """Into the home directory's own configuration."""
    case = HOMES[target]
    write(home, case.files)
    row = bring(run, target, "--user", cwd=tmp_path)
    check(home, case, row, home / ".claude.json")


@pytest.mark.parametrize("target", PROJECTS)
def test_what_says_something_else_is_a_conflict_and_stays(
    run: Run, project: Callable[[Mapping[str, str]], Path], target: str
) -> None:
    """Whatever stands where something would come is not overwritten."""
    case = PROJECTS[target]
    mine = dict.fromkeys(case.texts, "---\nname: mine\ndescription: Mine\n---\nMine.\n")
    root = project({**case.files, **mine})
    row = bring(run, target, cwd=root, code=1)
    assert row["conflicts"]
    assert {name: (root / name).read_text() for name in mine} == mine


@pytest.mark.parametrize("target", IMPORTABLE)
def test_what_we_wrote_ourselves_does_not_come_back(
    run: Run, project: Callable[[Mapping[str, str]], Path], target: str
) -> None:
    """Synced from Claude Code's configuration: there is nothing of a person's to bring over, nor is anything lost."""
    root = project(PROJECT_FILES)
    run("ctl", "add", str(root), "--target", target)
    run("sync", cwd=root)
    row = bring(run, target, cwd=root)
    assert (row["imported"], row["conflicts"], row["losses"]) == ([], [], [])
