"""What was kept for Factory Droid: `AGENTS.md`, skills, droids, commands, servers, hooks, and which commands it asks
about or never runs.

The files are those of the adapter (`harnesssync_adapters.droid`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import AgentForm, Kept, importer, said_command
from harnesssync_adapters.importing.servers import Tongue
from harnesssync_adapters.importing.settings import EVENTS, claude_hooks, permission
from harnesssync_orchestrator.core.importing import Documents, Lost, New
from harnesssync_orchestrator.core.items import Action

_SETTINGS = ".factory/settings.json"
_HOOKS = ".factory/hooks.json"
_TOOLS = {
    **{name: (name,) for name in ("Read", "LS", "Grep", "Glob", "Edit", "WebSearch", "Task", "TodoWrite", "Skill")},
    "Create": ("Write",),
    "ApplyPatch": ("Edit", "Write"),
    "Execute": ("Bash",),
    "FetchUrl": ("WebFetch",),
    "AskUser": ("AskUserQuestion",),
    "read-only": ("Read", "LS", "Grep", "Glob"),
}


def _command(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """`$ARGUMENTS` is the only thing that is replaced there."""
    parts = parted.body.split("$ARGUMENTS")
    yield from said_command(path, folder, parted, "$ARGUMENTS".join(map(texts.without_arguments, parts)))


def _more(documents: Documents) -> Iterator[New | Lost]:
    yield from claude_hooks(documents, _HOOKS, (), _hook)
    yield from claude_hooks(documents, _SETTINGS, ("hooks",), _hook)
    settings = documents.table(_SETTINGS)
    for key, action in (("commandDenylist", Action.ASK), ("commandBlocklist", Action.DENY)):
        for text in texts.texts(settings.get(key) if isinstance(settings.get(key), list) else None):
            yield _commands(f"{key}: {text}", action, text)
    for text in texts.texts(settings.get("commandAllowlist")):
        why = "Factory Droid goes by the program and its first words, wherever they lie: it is not brought over"
        yield Lost(source=_SETTINGS, key=f"commandAllowlist: {text}", why=why)


def _commands(key: str, action: Action, text: str) -> New | Lost:
    """The words are looked for in this order, with others between them: what begins with them is a part of that."""
    if re.fullmatch(r"[\w./ =-]+", text) is None:
        why = "Claude Code has no rule that says the same"
        return Lost(source=_SETTINGS, key=key, why=why, security=action is Action.DENY)
    return permission(_SETTINGS, key, action, f"Bash({text.strip()}:*)")


def _hook(event: str, matcher: str, handler: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | str:
    """Claude Code's shape and events, with other names of tools, and of the project's folder."""
    if event not in EVENTS:
        return "Claude Code has no such event"
    if event in ("PreToolUse", "PostToolUse") and matcher not in ("", "*", ".*"):
        names = matcher.replace("(", "").replace(")", "").split("|")
        if any(name not in _TOOLS for name in names):
            return f"its matcher can't be said by Claude Code's names of tools: {matcher}"
        matcher = "|".join(dict.fromkeys(tool for name in names for tool in _TOOLS[name]))
    told = {key: value for key, value in handler.items() if key != "type"}
    told["command"] = re.sub(r"\$\{?FACTORY_PROJECT_DIR\}?", "${CLAUDE_PROJECT_DIR}", str(handler["command"]))
    return event, matcher, told


def _text(text: str) -> str | None:
    return text


_DROIDS: Mapping[str, str] = {".factory/droids": "*.md"}
_COMMANDS: Mapping[str, str] = {".factory/commands": "**/*.md"}
_SERVERS = {".factory/mcp.json": ("mcpServers",)}
_SKILLS = (".agents/skills", ".factory/skills")
IMPORTER = importer(
    Kept(
        instructions={".factory/AGENTS.md": ".claude/rules/factory.md"},
        skills=_SKILLS,
        agents=_DROIDS,
        commands=_COMMANDS,
        servers=_SERVERS,
        more=(_SETTINGS, _HOOKS),
    ),
    Kept(
        agents_md=False,
        instructions={".factory/AGENTS.md": ".claude/CLAUDE.md"},
        skills=_SKILLS,
        agents=_DROIDS,
        commands=_COMMANDS,
        servers=_SERVERS,
        more=(_SETTINGS, _HOOKS),
    ),
    agent=AgentForm(tools=_TOOLS).read,
    command=_command,
    tongue=Tongue(harness="Factory Droid", text=_text, timeout=("timeoutMs", 1)),
    more=_more,
)
