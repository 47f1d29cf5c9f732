"""GitHub Copilot: a project's files of Claude Code are read as they are, and nothing is written a second time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from tests.adapters.conftest import agent, command, hook, permission, permissions, rule, server, skill, source

from harnesssync_adapters import codex
from harnesssync_adapters.copilot import TARGET
from harnesssync_orchestrator.core.desired import Desired, ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Item, Layer, Scope, Transport
from harnesssync_orchestrator.core.rendering import desired_state

PROJECT, USER = Scope.PROJECT, Scope.USER


def desired(*items: Item, scope: Scope = PROJECT) -> Desired:
    """What GitHub Copilot wants of these items."""
    return desired_state([TARGET], source(scope, *items))


@pytest.mark.parametrize(
    "item",
    [
        rule(PROJECT, "CLAUDE.md", "@a.md\n", expanded="A.\n", plain=False),
        rule(PROJECT, "api/CLAUDE.md", "Here.\n", directory="api"),
        rule(PROJECT, ".claude/rules/a.md", "Rule.\n", globs=("*.py",), plain=False),
        skill(PROJECT, "own"),
        agent(PROJECT, "a", tools=("Read",)),
        command(PROJECT, "fix", "Fix it.\n"),
        server(PROJECT, "s", Transport.STDIO, command="run", args=["${A:-d}"]),
        hook(PROJECT, "PreToolUse", "Bash", "guard"),
    ],
    ids=lambda item: str(item.id),
)
def test_what_it_reads_itself_is_not_written(item: Item) -> None:
    """Else a hook would run twice."""
    assert desired(item) == Desired()


def test_patterns_that_it_takes_otherwise_are_told() -> None:
    """It takes those of `.claude/rules` for globs: a folder's name is not what is in there."""
    globs = ("*.py", "**/*.py", "src/**", "*", "src", "src/", "/src/**", "src/*", "!src/a.py")
    losses = desired(rule(PROJECT, ".claude/rules/a.md", "Rule.\n", globs=globs, plain=False)).losses
    assert [loss.what for loss in losses] == [f"paths: {glob}" for glob in globs[4:]]


@pytest.mark.parametrize("name", [".claude/CLAUDE.md", "CLAUDE.local.md"])
def test_rules_that_it_does_not_find_become_instructions(name: str) -> None:
    """A person's own stay private."""
    (wish,) = desired(rule(PROJECT, name, "Here.\n")).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path.startswith(".github/instructions/harnesssync-")
    assert wish.output.content.decode() == '---\napplyTo: "**"\n---\n\nHere.\n'
    assert wish.output.private == (name == "CLAUDE.local.md")


def test_commands_in_folders_become_skills() -> None:
    """Only those at the top of the folder are read."""
    assert {address.path for address in desired(command(PROJECT, "git:fix", "Fix it.\n")).wanted} == {
        ".github/skills/git-fix/SKILL.md"
    }


def test_a_command_in_a_folder_is_no_second_skill_of_the_name_of_one_that_is_read() -> None:
    """`a-b.md` is read as the skill `a-b`, and so would be what is made of `a/b.md`."""
    result = desired(command(PROJECT, "a-b", "One.\n"), command(PROJECT, "a:b", "Two.\n"))
    assert result.wanted == {}
    ((loss),) = result.losses
    assert loss.what == "command a:b"
    assert "command a-b" in loss.why


def test_what_claude_code_puts_into_a_command_that_is_read_natively_is_lost() -> None:
    """The model is shown the text of the file as it is."""
    result = desired(command(PROJECT, "fix", "Fix $1 in @src/a.py of $ARGUMENTS and $1.\n"))
    assert result.wanted == {}
    assert ["$1", "@src/a.py", "$ARGUMENTS"] == [loss.what for loss in result.losses]


def test_of_plugins_everything_is_written() -> None:
    """Their skills are linked, their hooks merged into a file of ours, and private."""
    far = skill(PROJECT, "far", "/home/dev/.claude/plugins/p/far", layer=Layer.PLUGIN)
    plain = hook(PROJECT, "PreToolUse", "Bash", "guard", timeout_s=3)
    theirs = replace(plain, origin=replace(plain.origin, file="/home/dev/.claude/plugins/p/hooks/hooks.json"))
    outputs = [wish.output for wish in desired(far, theirs).wanted.values()]
    assert [".agents/skills/far", ".github/hooks/harnesssync.json"] == [output.path for output in outputs]
    assert isinstance(outputs[1], ElementOutput)
    handler = {"type": "command", "command": "guard", "timeout": 3}
    assert outputs[1].value == {"matcher": "Bash", "hooks": [handler]}


def test_servers_of_a_home_keep_their_references() -> None:
    """They are expanded there, defaults too; a project's go nowhere but into `.mcp.json`."""
    one = server(USER, "s", Transport.STDIO, command="run", args=["${A:-d}"], env={"T": "${T}"}, timeout_ms=5)
    (wish,) = desired(one, scope=USER).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    members = {"type": "local", "command": "run", "args": ["${A:-d}"], "env": {"T": "${T}"}}
    assert wish.output.value == {**members, "tools": ["*"], "timeout": 5}
    local = server(PROJECT, "s", Transport.STDIO, command="run", args=[])
    local = replace(local, origin=replace(local.origin, file="/home/dev/.claude.json", layer=Layer.LOCAL))
    assert ["mcp_server s"] == [loss.what for loss in desired(local).losses]


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("${URL}", False),
        ("${BASE}/mcp", False),
        ("https://${HOST:-a.example}/mcp", False),
        ("https://a.example:${PORT}/mcp", False),
        ("https://${HOST}/mcp", True),
        ("http://[::1]:80/${PATH:-mcp}", True),
        ("https://${USER:-me}@a.example?key=${KEY:-k}", True),
    ],
)
@pytest.mark.parametrize("scope", Scope)
def test_a_server_that_it_skips_for_its_url_is_lost(scope: Scope, url: str, taken: bool) -> None:
    """As seen with 1.0.102: `Invalid url`, which it says of a project's alone."""
    result = desired(server(scope, "s", Transport.HTTP, url=url), scope=scope)
    assert [loss.what for loss in result.losses] == ([] if taken else [f"url: {url}"])
    assert len(result.wanted) == (scope is USER and taken)


def test_a_literal_that_is_expanded_is_told() -> None:
    """In `.mcp.json` nothing can be done about it; in a home the server is left out."""
    assert ["$HOME"] == [
        loss.what for loss in desired(server(PROJECT, "s", Transport.STDIO, command="run", args=["$HOME"])).losses
    ]
    assert desired(server(USER, "s", Transport.STDIO, command="run", args=["$HOME"]), scope=USER).wanted == {}


@pytest.mark.parametrize(
    ("tools", "disallowed", "expected"),
    [
        (("Read", "Grep", "Bash(git:*)"), (), ["read", "search"]),
        (("Read", "mcp__docs", "mcp__files__list"), (), ["read", "docs/*", "files/list"]),
        (None, ("Bash", "Write"), ["read", "search", "web", "agent", "todo"]),
        ((), (), []),
    ],
)
def test_an_agent_of_a_home_has_groups_of_tools(
    tools: tuple[str, ...] | None, disallowed: tuple[str, ...], expected: list[str]
) -> None:
    """A group of which it must not use one tool is denied whole; an empty list is none."""
    (wish,) = desired(agent(USER, "a", tools=tools, disallowed_tools=disallowed), scope=USER).wanted.values()
    assert isinstance(wish.output, FileOutput)
    assert wish.output.path == ".copilot/agents/a.agent.md"
    assert yaml.safe_load(wish.output.content.decode().split("---\n")[1])["tools"] == expected


@pytest.mark.parametrize(
    ("action", "text", "domain"),
    [
        ("deny", "WebFetch(domain:evil.example)", "evil.example"),
        ("deny", "WebFetch(domain:*.evil.example)", "*.evil.example"),
        ("deny", "WebFetch", None),
        ("deny", "Bash(rm:*)", None),
        ("allow", "WebFetch(domain:good.example)", None),
    ],
)
def test_domains_are_denied_and_nothing_else(action: str, text: str, domain: str | None) -> None:
    """All other denials are losses of security."""
    result = desired(permissions(PROJECT, permission(PROJECT, action, text)))
    written = [wish.output.value for wish in result.wanted.values() if isinstance(wish.output, ElementOutput)]
    assert written == ([domain] if domain else [])
    if domain is None:
        assert [action == "deny"] == [loss.security for loss in result.losses]


def test_an_agents_md_that_is_rendered_for_others_is_told() -> None:
    """It reads that besides what it reads anyway; a link it follows, and reads once."""
    plain, more = rule(PROJECT, "CLAUDE.md", "Hi.\n"), rule(PROJECT, ".claude/rules/a.md", "More.\n")
    api = rule(PROJECT, "api/CLAUDE.md", "Here.\n", directory="api")
    assert desired(plain, more, api).losses == ()
    assert desired_state([TARGET, codex.TARGET], source(PROJECT, plain, api)).losses == ()
    both = desired_state([TARGET, codex.TARGET], source(PROJECT, plain, more, api)).losses
    told = [(loss.item.name, loss.what) for loss in both if loss.target == "copilot"]
    assert told == [("CLAUDE.md", "told once"), (".claude/rules/a.md", "told once")]
