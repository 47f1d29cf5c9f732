"""One rich source for all targets, made by hand: every kind of item, with what is hard about each."""

from __future__ import annotations

import pytest
from hypothesis import settings

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.core.items import (
    Action,
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    Layer,
    McpServer,
    Origin,
    PermissionRule,
    Permissions,
    Rule,
    Scope,
    Skill,
    Transport,
)
from harnesssync_orchestrator.core.references import parse_template
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")  # how long one example takes says more about the machine than about the code

ROOTS = {Scope.PROJECT: "/repo", Scope.USER: "/home/dev"}


def origin(scope: Scope, file: str, *, private: bool | None = None, layer: Layer | None = None) -> Origin:
    """Where an item of a scope comes from; private as that layer is, unless said otherwise."""
    layer = layer or (Layer.PROJECT if scope is Scope.PROJECT else Layer.USER)
    is_private = layer not in (Layer.PROJECT, Layer.INHERITED) if private is None else private
    return Origin(layer=layer, file=f"{ROOTS[scope]}/{file}", private=is_private)


def rule(scope: Scope, name: str, text: str, **fields: object) -> Rule:
    """A rule file below the scope's root."""
    given: dict[str, object] = {
        "name": name,
        "origin": origin(scope, name, layer=Layer.LOCAL if name.endswith(".local.md") else None),
        "source": f"{ROOTS[scope]}/{name}",
        "text": text,
        "expanded": text,
        **fields,
    }
    return Rule(**given)  # type: ignore[arg-type]


def skill(scope: Scope, folder: str, source: str = "", layer: Layer | None = None, **metadata: object) -> Skill:
    """A skill below `.claude/skills`, or at an absolute path."""
    home = source or f"{ROOTS[scope]}/.claude/skills/{folder}"
    where = origin(scope, f".claude/skills/{folder}/SKILL.md", layer=layer)
    plugin = "tools@market" if layer is Layer.PLUGIN else None
    where = Origin(layer=where.layer, file=f"{home}/SKILL.md", private=where.private, plugin=plugin)
    values = {"name": folder, "description": f"Does {folder}.", **metadata}
    return Skill(
        name=folder,
        origin=where,
        folder=folder,
        description=f"Does {folder}.",
        source=home,
        digest="0123456789abcdef",
        metadata=values,
    )


def agent(scope: Scope, name: str, **fields: object) -> Agent:
    """A sub-agent."""
    given: dict[str, object] = {
        "name": name,
        "origin": origin(scope, f".claude/agents/{name}.md"),
        "description": f'Is {name}. Use it: "often", and 100% # sure.',
        "prompt": f"You are {name}.\n\n"
        '- Quote "this" and \'\'\'that\'\'\' and """those""".\n- Paths: C:\\new\\tab 🦊\n',
        "source": f"{ROOTS[scope]}/.claude/agents/{name}.md",
        **fields,
    }
    return Agent(**given)  # type: ignore[arg-type]


def command(scope: Scope, name: str, prompt: str, **fields: object) -> Command:
    """A slash command."""
    path = tuple(name.split(":"))
    file = f".claude/commands/{'/'.join(path)}.md"
    given: dict[str, object] = {
        "name": name,
        "origin": origin(scope, file),
        "path": path,
        "prompt": prompt,
        "source": f"{ROOTS[scope]}/{file}",
        **fields,
    }
    return Command(**given)  # type: ignore[arg-type]


def server(scope: Scope, name: str, transport: Transport, **fields: object) -> McpServer:
    """An MCP server; texts become templates."""
    given: dict[str, object] = {"name": name, "origin": origin(scope, ".mcp.json"), "transport": transport}
    for key, value in fields.items():
        if key in ("command", "url"):
            given[key] = parse_template(str(value))
        elif key == "args":
            given[key] = tuple(parse_template(str(one)) for one in value)  # type: ignore[attr-defined]
        elif key in ("env", "headers"):
            given[key] = {name: parse_template(one) for name, one in value.items()}  # type: ignore[attr-defined]
        else:
            given[key] = value
    return McpServer(**given)  # type: ignore[arg-type]


def permission(scope: Scope, action: str, text: str, layer: Layer | None = None) -> PermissionRule:
    """A rule such as `Bash(git push:*)`."""
    tool, _, specifier = text.partition("(")
    return PermissionRule(
        action=Action(action),
        tool=tool,
        specifier=specifier[:-1] if specifier else None,
        text=text,
        origin=origin(scope, ".claude/settings.json", layer=layer),
    )


def permissions(scope: Scope, *rules: PermissionRule, **fields: object) -> Permissions:
    """The merged set of a scope."""
    where = origin(scope, ".claude/settings.json")
    return Permissions(name="permissions", origin=where, rules=rules, **fields)  # type: ignore[arg-type]


def hook(scope: Scope, event: str, matcher: str, line: str, **fields: object) -> Hook:
    """A hook that runs a command."""
    given: dict[str, object] = {
        "name": f"{event}[{matcher}]#1",
        "origin": origin(scope, ".claude/settings.json"),
        "event": event,
        "matcher": matcher,
        "type": "command",
        "command": line,
        **fields,
    }
    return Hook(**given)  # type: ignore[arg-type]


def variable(scope: Scope, name: str, value: str) -> EnvironmentVariable:
    """An entry of `env`."""
    return EnvironmentVariable(name=name, origin=origin(scope, ".claude/settings.json"), value=value)


def source(scope: Scope, *items: Item) -> Source:
    """A source of just these items."""
    return Source(scope=scope, root=ROOTS[scope], items=items)


def rich_source(scope: Scope) -> Source:
    """Every kind of item, in the scope's own places."""
    return source(scope, *_rules(scope), *_texts(scope), *_servers(scope), *_settings(scope))


def _rules(scope: Scope) -> list[Item]:
    if scope is Scope.USER:
        return [rule(scope, ".claude/CLAUDE.md", "# Mine\n\nBe brief.\n")]
    root = ROOTS[scope]
    expanded = "# Sample\n\nUse TypeScript.\n\nTwo-space indent.\n"
    imports = (f"{root}/docs/style.md",)
    return [
        rule(
            scope,
            "CLAUDE.md",
            "# Sample\n\nUse TypeScript.\n\n@docs/style.md\n",
            expanded=expanded,
            imports=imports,
            plain=False,
        ),
        rule(
            scope, ".claude/rules/testing.md", "Always run the tests.\n", globs=("tests/**", "*.spec.ts"), plain=False
        ),
        rule(scope, "packages/api/CLAUDE.md", "The API uses Fastify.\n", directory="packages/api"),
        rule(scope, "CLAUDE.local.md", "My sandbox is at http://localhost:9999.\n"),
    ]


def _texts(scope: Scope) -> list[Item]:
    prompt = (
        "Fix issue $ARGUMENTS, first $0.\n\nState: !`git status --short`\nRead @docs/style.md and ask @alice.\n"
        'Literal {{args}} and !{x} and @{y}; a price of $5 and """ quotes \\ too.\n'
    )
    plugin = skill(scope, "pdf-tools", "/home/dev/.claude/plugins/tools/skills/pdf-tools", layer=Layer.PLUGIN)
    return [
        skill(scope, "pdf-tools"),
        skill(scope, "release-notes", **{"allowed-tools": "Bash", "disable-model-invocation": True}),
        plugin,
        agent(scope, "code-reviewer", tools=("Read", "Grep", "Glob", "Bash", "mcp__files__list"), model="sonnet"),
        agent(scope, "test-writer", model="inherit", metadata={"color": "red", "maxTurns": 7}),
        agent(scope, "planner", disallowed_tools=("Edit", "Write", "NotebookEdit", "mcp__docs")),
        command(scope, "fix-issue", prompt, description='Fix an "issue"', argument_hint="[n]", model="opus"),
        command(scope, "git:commit", "Commit the staged work.\n", allowed_tools=("Bash(git:*)",)),
        command(scope, "pdf-tools", "Stands behind the skill of that name.\n"),
    ]


def _servers(scope: Scope) -> list[Item]:
    bearer = {"Authorization": "Bearer ${HS_TOKEN}", "X-Static": "static", "X-Key": "${HS_KEY}", "X-Mix": "a-${HS_KEY}"}
    stdio, http = Transport.STDIO, Transport.HTTP
    env = {"HS_LIT": 'literal "value"', "HS_TOKEN": "${HS_TOKEN}", "HS_REF": "${HS_TOKEN}", "HS_DEF": "${HS_DEF:-d}"}
    return [
        server(scope, "files", stdio, command="hs-mcp-stub", args=["--root", "."], env=env, timeout_ms=30_000),
        server(scope, "a.b", stdio, command="hs-mcp-stub", args=[]),
        server(scope, "templated", stdio, command="hs-mcp-stub", args=["--token=${HS_TOKEN:-none}"]),
        server(scope, "docs", http, url="http://127.0.0.1:18931/mcp", headers=bearer),
        server(scope, "my_events", Transport.SSE, url="http://127.0.0.1:18932/sse", headers={"X-Key": "${HS_TOKEN}"}),
        server(scope, "socket", Transport.WEBSOCKET, url="ws://127.0.0.1:18933"),
    ]


def _settings(scope: Scope) -> list[Item]:
    rules = [
        permission(scope, "deny", "Bash(curl:*)", layer=Layer.USER),
        permission(scope, "allow", "Bash(npm run lint:*)"),
        permission(scope, "allow", "Bash(npm test)"),
        permission(scope, "allow", "Bash(git * main)"),
        permission(scope, "allow", "mcp__files__list"),
        permission(scope, "allow", "Read(src/**)"),
        permission(scope, "ask", "Bash(git push *)"),
        permission(scope, "ask", "WebFetch"),
        permission(scope, "deny", "Bash(rm -rf:*)"),
        permission(scope, "deny", "Bash(npm publish)"),
        permission(scope, "deny", "Bash(sudo*)"),
        permission(scope, "deny", "Read(./.env)"),
        permission(scope, "deny", "WebSearch"),
        permission(scope, "deny", "WebFetch(domain:evil.example)"),
        permission(scope, "deny", "mcp__docs"),
    ]
    guard = '"${CLAUDE_PROJECT_DIR}"/.claude/hooks/guard.sh "quoted $HOME"'
    return [
        permissions(scope, *rules, default_mode="plan", additional_directories=("../shared",)),
        hook(scope, "PreToolUse", "Bash|Edit", guard, timeout_s=10),
        hook(scope, "SessionStart", "startup|resume", "hs-hook-stub start"),
        hook(scope, "Stop", "", "hs-hook-stub stop", timeout_s=1.5),
        hook(scope, "SessionEnd", "", "hs-hook-stub end", extra={"async": True}),
        hook(scope, "PermissionDenied", "", "hs-hook-stub denied"),
        hook(scope, "Stop", "", "", type="prompt", command=None, extra={"prompt": "Done?"}),
        variable(scope, "HS_SETTINGS_ENV", 'one\ntwo "three" 🦊'),
        variable(scope, "ANTHROPIC_MODEL", "opus"),
    ]


@pytest.fixture(params=list(Scope), ids=lambda scope: scope.value)
def rich(request: pytest.FixtureRequest) -> Source:
    """The rich source of each scope in turn."""
    return rich_source(request.param)


@pytest.fixture(params=TARGETS, ids=lambda target: target.id)
def target(request: pytest.FixtureRequest) -> Target:
    """Every registered target in turn."""
    return request.param
