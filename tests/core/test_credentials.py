"""Which credentials stand in items, and into which outputs they would be copied."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.core.credentials import all_credentials, credentials, held_by
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.items import (
    Action,
    EnvironmentVariable,
    Hook,
    Item,
    Layer,
    McpServer,
    Origin,
    PermissionRule,
    Permissions,
    Rule,
    Transport,
)
from harnesssync_orchestrator.core.references import parse_template

ORIGIN = Origin(layer=Layer.PROJECT, file="/p/x")
TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def server(*args: str, url: str = "", env: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Item:
    return McpServer(
        name="s",
        origin=ORIGIN,
        transport=Transport.HTTP if url else Transport.STDIO,
        command=None if url else parse_template("run"),
        args=tuple(map(parse_template, args)),
        env={name: parse_template(value) for name, value in (env or {}).items()},
        url=parse_template(url) if url else None,
        headers={name: parse_template(value) for name, value in (headers or {}).items()},
    )


def rule(text: str) -> Item:
    return Rule(name="CLAUDE.md", origin=ORIGIN, source="/p/CLAUDE.md", text=text, expanded=text)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (server(env={"DB_PASSWORD": "hunter2"}), [("the variable DB_PASSWORD", "hunter2")]),
        (server(env={"MODE": TOKEN}), [("the variable MODE", TOKEN)]),
        (server(env={"TOKEN": "${T:-hunter2x}"}), [("the variable TOKEN", "hunter2x")]),
        (server(env={"MODE": "${API_KEY:-hunter2x}"}), [("the variable MODE", "hunter2x")]),
        (server("--token", "hunter2"), [("argument 2", "hunter2")]),
        (server("--token=hunter2"), [("argument 1", "hunter2")]),
        (server("-e", "API_KEY=hunter2"), [("argument 2", "hunter2")]),
        (server("--header", "X-Api-Key: hunter2"), [("argument 2", "hunter2")]),
        (server("-H", "Authorization: Bearer hunter2"), [("argument 2", "hunter2")]),
        (server("postgres://u:pw@h/x"), [("argument 1", "pw")]),
        (server(url="https://u:pw@h/mcp"), [("the URL", "pw")]),
        (server(url="https://h/mcp?token=hunter2"), [("the URL", "hunter2")]),
        (
            server(url="https://h", headers={"Authorization": "Bearer hunter2"}),
            [("the header Authorization", "hunter2")],
        ),
        (server(url="https://h", headers={"X-Auth-Token": "hunter2"}), [("the header X-Auth-Token", "hunter2")]),
        (
            EnvironmentVariable(name="NPM_TOKEN", origin=ORIGIN, value="hunter2"),
            [("the variable NPM_TOKEN", "hunter2")],
        ),
        (
            Hook(name="h", origin=ORIGIN, event="Stop", matcher="", type="command", command="TOKEN=hunter2 ./x"),
            [("the command", "hunter2")],
        ),
        (
            Hook(
                name="h",
                origin=ORIGIN,
                event="Stop",
                matcher="",
                type="command",
                command="sh",
                extra={"args": ["-c", "TOKEN=hunter2 ./x"]},
            ),
            [("argument 2", "hunter2")],
        ),
        (rule(f"Use {TOKEN}."), [("the text", TOKEN)]),
        (server("--key", TOKEN[4:20]), [("argument 2", TOKEN[4:20])]),
        (server(f"--key={TOKEN[4:20]}"), [("argument 1", TOKEN[4:20])]),
        (server("--header", f"X-Any: {TOKEN[4:40]}"), [("argument 2", TOKEN[4:40])]),
        (server(url="https://h", headers={"X-Any": TOKEN[4:40]}), [("the header X-Any", TOKEN[4:40])]),
        (server(url="https://h", headers={"x-functions-key": "hunter2"}), [("the header x-functions-key", "hunter2")]),
        (server(url="https://h/?token=${TOK:-hunter2x}"), [("the URL", "hunter2x")]),
        (server(url="https://u:${X:-hunter2x}@h/"), [("the URL", "hunter2x")]),
        (server(url="https://h/${TOK:-a1b2c3d4e5f6}/mcp"), [("the URL", "a1b2c3d4e5f6")]),
        (server(url=f"https://{'${H:-h.example}'}/mcp?token=hunter2x"), [("the URL", "hunter2x")]),
        (
            Hook(
                name="h", origin=ORIGIN, event="Stop", matcher="", type="command", command="x h://h?token=${T:-hunter2}"
            ),
            [("the command", "hunter2")],
        ),
    ],
)
def test_a_credential_that_is_written_out_is_found_where_it_stands(item: Item, expected: list[tuple[str, str]]) -> None:
    """In every place from which an output is made."""
    assert list(credentials(item)) == expected


@pytest.mark.parametrize(
    "item",
    [
        server(env={"TOKEN": "${TOKEN}", "PASSWORD": "", "API_KEY": "MY_API_KEY", "SECRET": "/run/secrets/x"}),
        server(env={"TOKEN": "${TOKEN:-}", "CACHE_KEY": "v1-abcdef", "DEBUG": "true", "PORT": "8080"}),
        server("--token", "${TOKEN}", "--token-file", "/x/y", "--password", "--verbose", "-e", "TOKEN"),
        server("@modelcontextprotocol/server-filesystem@2025.1.14", "3f786850e387550fdab836ed7e6dc881de23001b"),
        server(
            url="https://${HOST}/mcp?token=${TOKEN}", headers={"Authorization": "Bearer ${TOKEN}", "X-Id": "a1b2c3d4"}
        ),
        server(url="https://example.invalid/mcp/123e4567-e89b-12d3-a456-426614174000?page=2"),
        EnvironmentVariable(name="MODEL", origin=ORIGIN, value="claude-sonnet-4-5-20250929"),
        rule("password: hunter2hunter2\nTOKEN=abcdefg12345 is how you would not write it"),
    ],
)
def test_references_and_ordinary_values_are_none(item: Item) -> None:
    """Nor is what prose says of names: it is searched for forms alone."""
    assert credentials(item) == ()


def test_only_outputs_into_which_it_is_copied_hold_it() -> None:
    """A link copies nothing, and of several rules only one's output has it."""
    origin = ORIGIN
    rules = tuple(
        PermissionRule(action=Action.ALLOW, tool="Bash", specifier=text, text=f"Bash({text})", origin=origin)
        for text in (f"GH_TOKEN={TOKEN} gh:*", "npm test")
    )
    item = Permissions(name="permissions", origin=origin, rules=rules)
    found = all_credentials([item, rule("harmless")])
    assert list(found) == [item.id]
    common = {"path": "x.json", "items": (item.id,)}
    key = KeyOutput(**common, format="json", pointer=("a",), value={"b": [f"run {TOKEN}", 1, None]})
    element = ElementOutput(**common, format="json", pointer=("a",), value="npm test")
    whole = FileOutput(**common, content=f'x = "{TOKEN}"'.encode())
    link = LinkOutput(**common, source="/p/x", directory=False, digest="d")
    assert held_by(key, found) == held_by(whole, found) == (f"a rule about Bash of {item.id}",)
    assert held_by(element, found) == held_by(link, found) == ()


def test_a_private_key_is_recognized_whatever_a_format_escapes_in_it() -> None:
    """Line breaks become two characters in JSON and TOML."""
    pem = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0\n" * 4 + "-----END PRIVATE KEY-----"
    item = EnvironmentVariable(name="DEPLOY", origin=ORIGIN, value=pem)
    output = FileOutput(path="x", items=(item.id,), content=repr(pem).encode())
    assert held_by(output, all_credentials([item]))
