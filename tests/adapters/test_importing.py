"""What every importer must do with whatever it is given: no file of anybody's may make it fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_adapters.importing.servers import (
    as_text,
    brace_references,
    env_references,
    literal,
    same_references,
    secret_references,
)
from harnesssync_adapters.importing.texts import part
from harnesssync_orchestrator.core.import_planning import plan_import
from harnesssync_orchestrator.core.importing import Documents, Lost, NewFile, NewFolder, Readable, fits
from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.names import why_unsafe

IMPORTABLE = [target for target in TARGETS if target.importer is not None]

WORDS = (
    *("mcpServers", "mcp_servers", "mcp", "servers", "command", "args", "env", "environment", "url", "httpUrl", "type"),
    *("headers", "env_vars", "http_headers", "env_http_headers", "bearer_token_env_var", "timeout", "enabled"),
    *("permission", "permissions", "allow", "deny", "bash", "edit", "hooks", "Stop", "BeforeTool", "matcher", "agent"),
    *("template", "prompt", "tools", "exclude", "mcp", "excluded", "context", "fileName", "instructions", "set"),
    *("shell_environment_policy", "name", "description", "developer_instructions", "tool_timeout_sec", "mode"),
)
TEXTS = st.sampled_from((*WORDS, "local", "${X}", "{env:X}", "${env:X}", "../x", "", "a/b", "Shell(git)", "mcp_a_*"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=6,
)
MEMBERS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=8)
NAMED = st.dictionaries(TEXTS, MEMBERS | VALUES, max_size=3)
GROUPS = st.dictionaries(
    TEXTS,
    st.lists(st.fixed_dictionaries({"hooks": st.lists(MEMBERS | VALUES, max_size=2) | VALUES}) | VALUES, max_size=2),
    max_size=3,
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("mcpServers", "mcp_servers", "mcp", "servers", "agent", "command", "permission"), NAMED | VALUES
        ),
        "hooks": GROUPS | VALUES,
        **dict.fromkeys(
            ("customModes", "amp.permissions", "commandBlocklist", "rules"), st.lists(MEMBERS | VALUES) | VALUES
        ),
        **dict.fromkeys(("tools", "permissions", "context", "shell_environment_policy"), MEMBERS | VALUES),
        **dict.fromkeys(
            ("instructions", "name", "description", "developer_instructions", "prompt", "template"), VALUES
        ),
    },
)
MARKDOWN = st.builds(
    lambda front, body: f"---\n{json.dumps(front)}\n---\n{body}".encode(),
    st.dictionaries(
        st.sampled_from(
            (
                *("name", "description", "tools", "globs", "trigger", "applyTo", "alwaysApply", "mode", "model"),
                *("paths", "inclusion", "fileMatchPattern", "disallowedTools", "maxTurns", "argument-hint"),
            )
        ),
        VALUES,
        max_size=5,
    ),
    st.text(max_size=40),
) | st.binary(max_size=60)


def path_for(pattern: str) -> str:
    """A path that fits a pattern."""
    path = pattern.replace("**/*.", "folder/named.").replace("**/*", "SKILL.md").replace("**/", "folder/")
    return path.replace("*.", "named.").replace("*", "named")


@pytest.mark.parametrize("scope", list(Scope), ids=lambda scope: scope.value)
@pytest.mark.parametrize("target", IMPORTABLE, ids=lambda target: target.id)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_no_content_makes_an_importer_fail(target: Any, scope: Scope, data: st.DataObject) -> None:
    """Whatever stands in the files, it becomes something new with a safe place in Claude Code's layout, or is lost."""
    importer = target.importer()
    files: dict[str, Readable] = {}
    values: dict[str, Any] = {}
    for pattern in importer.patterns(scope):
        path = path_for(pattern)
        assert fits(path, pattern)
        if path.endswith((".json", ".jsonc", ".toml", ".yaml")) or path in importer.formats:
            values[path] = data.draw(TABLES, label=path)
            files[path] = Readable(b"{}")
        else:
            files[path] = Readable(data.draw(MARKDOWN, label=path))
    results = list(importer.read(Documents(scope=scope, files=files, values=values)))
    for result in results:
        assert isinstance(result.source, str)
        if not isinstance(result, Lost):
            assert result.path.startswith((".claude/", ".claude.json", ".mcp.json")) or result.path.endswith(
                "CLAUDE.md"
            )
        if isinstance(result, (NewFile, NewFolder)) and result.path.startswith(".claude/"):
            assert all(why_unsafe(name) is None for name in result.path.split("/")[2:])
    plan = plan_import(results, {}, {}, FORMATS, target=target.id)
    told = len(plan.new) + len(plan.there) + len(plan.refused) + len(plan.lost)
    assert told == len(results)


def test_every_file_that_is_imported_is_one_of_its_patterns() -> None:
    """And no pattern leads out of the root, or begins at it."""
    for target in IMPORTABLE:
        for scope in Scope:
            for pattern in target.importer().patterns(scope):  # type: ignore[misc]
                assert not pattern.startswith("/")
                assert ".." not in pattern.split("/")


@pytest.mark.parametrize(
    ("translate", "text", "said"),
    [
        (literal, "plain $X", "plain $X"),
        (literal, "${X}", None),
        (same_references, "$X/${Y}/${Z:-d}", "${X}/${Y}/${Z:-d}"),
        (env_references, "a-${env:X}", "a-${X}"),
        (env_references, "${workspaceFolder}", None),
        (env_references, "${X}", None),
        (brace_references, "{env:X}/b", "${X}/b"),
        (brace_references, "{file:x}", None),
        (brace_references, "${X}", None),
        (secret_references, "a-${{ secrets.X }}", "a-${X}"),
        (secret_references, "${{ inputs.X }}", None),
        (secret_references, "${X}", None),
    ],
)
def test_references_become_claude_codes_own_or_are_refused(translate: Any, text: str, said: str | None) -> None:
    """What a harness takes literally and Claude Code would expand is refused, too."""
    assert translate(text) == said


@pytest.mark.parametrize(
    ("content", "front", "body"),
    [
        (b"plain\n", {}, "plain\n"),
        (b"---\na: 1\n---\nbody\n", {"a": 1}, "body\n"),
        (b"\xef\xbb\xbf---\r\na: x\r\n---\r\nbody\r\n", {"a": "x"}, "body\n"),
        (b"---\nglobs: *.ts\nalwaysApply: false\n---\nx", {"globs": "*.ts", "alwaysApply": "false"}, "x"),
        (b"---\nnever closed\n", {}, "---\nnever closed\n"),
        (b"---\n---\nbody", {}, "body"),
        (b"---\n---", {}, ""),
    ],
)
def test_front_matter_is_taken_off(content: bytes, front: dict[str, Any], body: str) -> None:
    """Also what is no YAML, as Cursor writes it."""
    parted = part(Readable(content))
    assert (dict(parted.front), parted.body, parted.flaw) == (front, body, "")


def test_what_is_no_text_is_said() -> None:
    """Not UTF-8, and front matter without an end to it."""
    assert part(Readable(b"\xff")).flaw == "it is not UTF-8"
    assert part(Readable(b"---\na: " + b"x" * 70_000 + b"\n---\n")).flaw == "its front matter is too long"


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("AGENTS.md", "**/AGENTS.md", True),
        ("a/b/AGENTS.md", "**/AGENTS.md", True),
        ("a/AGENTS.md.bak", "**/AGENTS.md", False),
        (".agents/skills/pdf/SKILL.md", ".agents/skills/*/**/*", True),
        (".agents/skills/SKILL.md", ".agents/skills/*/**/*", False),
    ],
)
def test_patterns_are_as_in_git(path: str, pattern: str, expected: bool) -> None:
    """`**` is any number of folders, also none."""
    assert fits(path, pattern) is expected


@pytest.mark.parametrize(
    ("value", "said"), [("x", "x"), (True, "true"), (3, "3"), (0.5, "0.5"), (["a"], '["a"]'), (False, "false")]
)
def test_a_value_that_is_no_text_is_what_a_program_gets(value: Any, said: str) -> None:
    """As JSON writes it: `True` is no program's."""
    assert as_text(value) == said
