"""What was kept for Codex: `AGENTS.md`, skills, agents, servers, rules for commands, hooks and variables.

The files are those of the adapter (`harnesssync_adapters.codex`), and `~/.codex/prompts`, which earlier versions read.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.servers import Tongue, literal, mapping, reference, servers
from harnesssync_adapters.importing.settings import claude_hooks, permission, variables
from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Action, Scope

_CONFIG = ".codex/config.toml"
_SKILLS = (".agents/skills", ".codex/skills")
_TONGUE = Tongue(harness="Codex", text=literal, timeout=("tool_timeout_sec", 1000))
_OVERRIDE = "Claude Code has no file that is read instead of another: bring it over by hand, into CLAUDE.local.md say"


def _read(documents: Documents) -> Iterator[New | Lost]:
    if documents.scope is Scope.PROJECT:
        yield from texts.agents_md(documents)
        for path, _ in documents.matching("**/AGENTS.override.md"):
            yield Lost(source=path, key="", why=_OVERRIDE)
    elif ".codex/AGENTS.md" in documents.files:
        yield from texts.instructions(documents, ".codex/AGENTS.md", ".claude/CLAUDE.md")
    yield from texts.skills(documents, *_SKILLS)
    for path, _ in documents.matching(".codex/agents/**/*.toml"):
        yield from _agent(path, documents.values[path])
    yield from texts.each_text(documents, [".codex/prompts/*.md"], _prompt)
    yield from servers(documents, _CONFIG, ("mcp_servers",), _TONGUE, _server)
    for path, file in documents.matching(".codex/rules/*.rules"):
        yield from _rules(path, file.content)
    for path, pointer in ((".codex/hooks.json", ("hooks",)), (_CONFIG, ("hooks",))):
        yield from claude_hooks(documents, path, pointer)
    yield from variables(documents, _CONFIG, ("shell_environment_policy", "set"))


def _agent(path: str, values: Mapping[str, Any]) -> Iterator[New | Lost]:
    front: dict[str, JsonValue] = {"description": str(values.get("description", ""))}
    known = {"name", "description", "developer_instructions"}
    if values.get("sandbox_mode") == "read-only":
        front["disallowedTools"] = "Edit, Write, NotebookEdit"
        known.add("sandbox_mode")
    prompt = str(values.get("developer_instructions", ""))
    yield texts.agent(path, str(values.get("name") or texts.stems(path, ".codex/agents", ".toml")[-1]), front, prompt)
    yield from texts.unsaid(path, values, known, "Claude Code has no such setting of an agent, or other values for it")


def _prompt(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    front = {key: parted.front.get(key) for key in ("description", "argument-hint")}
    yield texts.command(
        path, texts.stems(path, ".codex/prompts", ".md"), front, texts.counted_from_nothing(parted.body)
    )
    yield from texts.unsaid(path, parted.front, front, "Claude Code has no such setting of a command")


def _server(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Codex names variables where Claude Code refers to them."""
    own = ("env_vars", "http_headers", "env_http_headers", "bearer_token_env_var")
    members = {key: value for key, value in raw.items() if key not in own}
    losses: dict[str, str] = {}
    env = dict(mapping(raw.get("env")))
    for each in _listed(raw.get("env_vars")):
        name = each.get("name") if isinstance(each, Mapping) else each
        env[str(name)] = reference(f"${{{name}}}")
    if env:
        members["env"] = env
    headers = dict(mapping(raw.get("http_headers")))
    headers |= {key: reference(f"${{{name}}}") for key, name in mapping(raw.get("env_http_headers")).items()}
    if raw.get("bearer_token_env_var"):
        headers["Authorization"] = reference(f"Bearer ${{{raw['bearer_token_env_var']}}}")
    if headers:
        members["headers"] = headers
    return members, losses


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_DECISIONS = {"allow": Action.ALLOW, "prompt": Action.ASK, "forbidden": Action.DENY}


def _rules(path: str, content: bytes) -> Iterator[New | Lost]:
    """Rules in Starlark, of which `prefix_rule(pattern=[…], decision="…")` is read: the first words of a command."""
    try:
        statements = ast.parse(content.decode("utf-8")).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield Lost(source=path, key="", why="it can't be read: more than calls of prefix_rule", security=True)
        return
    for statement in statements:
        call = statement.value if isinstance(statement, ast.Expr) else None
        key = f"line {statement.lineno}"
        try:
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "prefix_rule":
                raise ValueError  # noqa: TRY301 - one loss for all that is not understood
            given = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
            action, words = _DECISIONS[given.get("decision", "allow")], given["pattern"]
        except (ValueError, KeyError, TypeError, RecursionError):
            yield Lost(source=path, key=key, why="it is no rule about the first words of a command", security=True)
            continue
        text = shlex.join(words) if words and all(isinstance(word, str) for word in words) else ""
        pattern = command_pattern(f"{text}:*")
        if not text or pattern.shape is not Shape.PREFIX or pattern.words() != list(words):
            why = "Claude Code's rules have no alternatives, and other signs"
            yield Lost(source=path, key=key, why=why, security=action is Action.DENY)
        else:
            yield permission(path, key, action, f"Bash({text}:*)")


IMPORTER = Importer(
    project=(
        "**/AGENTS.md",
        "**/AGENTS.override.md",
        *texts.skill_patterns(*_SKILLS),
        ".codex/agents/**/*.toml",
        _CONFIG,
        ".codex/rules/*.rules",
        ".codex/hooks.json",
    ),
    user=(
        ".codex/AGENTS.md",
        *texts.skill_patterns(*_SKILLS),
        ".codex/agents/**/*.toml",
        ".codex/prompts/*.md",
        _CONFIG,
        ".codex/rules/*.rules",
        ".codex/hooks.json",
    ),
    read=_read,
)
