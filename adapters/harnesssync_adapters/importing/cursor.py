"""What was kept for Cursor: `AGENTS.md`, rules, skills, agents, commands, servers, and what its command line may do.

The files are those of the adapter (`harnesssync_adapters.cursor`), and `.cursorrules`, which stood before the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.rule_files import glob_rule
from harnesssync_adapters.importing.servers import Tongue, env_references, servers
from harnesssync_adapters.importing.settings import permission
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Action, Scope

_SKILLS = (".agents/skills", ".cursor/skills")
_TONGUE = Tongue(harness="Cursor", text=env_references)


def _read(documents: Documents) -> Iterator[New | Lost]:
    if documents.scope is Scope.PROJECT:
        yield from texts.agents_md(documents)
        if ".cursorrules" in documents.files:
            yield from texts.instructions(documents, ".cursorrules", ".claude/rules/cursorrules.md")
        yield from texts.each_text(documents, [".cursor/rules/**/*.mdc"], _rule)
    yield from texts.skills(documents, *_SKILLS)
    yield from texts.each_text(documents, [".cursor/agents/*.md"], _agent)
    yield from texts.each_text(documents, [".cursor/commands/**/*.md"], _command)
    yield from servers(documents, ".cursor/mcp.json", ("mcpServers",), _TONGUE)
    path = texts.in_scope(documents, ".cursor/cli.json", ".cursor/cli-config.json")
    for action in (Action.ALLOW, Action.DENY):
        listed = documents.table(path, "permissions").get(action.value)
        for text in texts.texts(listed if isinstance(listed, list) else None):
            yield _permission(path, action, text)
    for event in documents.table(".cursor/hooks.json", "hooks"):
        why = "Cursor hands its hooks other data than Claude Code does"
        yield Lost(source=".cursor/hooks.json", key=f"hooks/{event}", why=why, security=event.startswith("before"))


def _rule(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    stem = "/".join(texts.stems(path, ".cursor/rules", ".mdc"))
    globs, always = texts.texts(parted.front.get("globs")), str(parted.front.get("alwaysApply", "")).lower() == "true"
    if not (always or globs):
        why = "it holds when the model asks for it, or a person: write a skill for that"
        yield Lost(source=path, key="alwaysApply", why=why)
        return
    yield from glob_rule(path, stem, () if always else globs, parted.body)
    if globs and always:
        yield Lost(source=path, key="globs", why="it always applies, whatever the globs are")


def _agent(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    front: dict[str, JsonValue] = {"description": str(parted.front.get("description", ""))}
    if parted.front.get("readonly") is True:
        front["disallowedTools"] = "Edit, Write, NotebookEdit, Bash"
    name = str(parted.front.get("name") or texts.stems(path, ".cursor/agents", ".md")[-1])
    yield texts.agent(path, name, front, parted.body)
    known = ["name", "description", "readonly", *(["model"] if parted.front.get("model") == "inherit" else [])]
    yield from texts.unsaid(path, parted.front, known, "Claude Code has no such setting of an agent, or other values")


def _command(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """Plain text, to which what is typed behind the name is appended: so does Claude Code."""
    front = {"description": parted.front.get("description")}
    yield texts.command(path, texts.stems(path, ".cursor/commands", ".md"), front, texts.without_arguments(parted.body))
    yield from texts.unsaid(path, parted.front, front, "Claude Code has no such setting of a command")


_RULE = re.compile(r"(Shell|Read|Write|WebFetch|Mcp)\((.*)\)", re.DOTALL)


def _permission(path: str, action: Action, text: str) -> New | Lost:
    key, match = f"permissions/{action.value}: {text}", _RULE.fullmatch(text)
    said = _said(match[1], match[2].strip(), action) if match else None
    if said is None:
        why = "Claude Code has no rule that says the same"
        return Lost(source=path, key=key, why=why, security=action is Action.DENY)
    return permission(path, key, action, said)


def _said(kind: str, text: str, action: Action) -> str | None:
    if kind == "Shell":
        if text in ("*", "**"):
            return "Bash"
        plain = re.fullmatch(r"[\w./-]+", text)
        return f"Bash({text}:*)" if plain else None
    if kind == "WebFetch":
        return "WebFetch" if text == "*" else None if "*" in text else f"WebFetch(domain:{text})"
    if kind == "Mcp":
        server, colon, tool = text.partition(":")
        if not colon or "*" in server or "*" in tool.removesuffix("*"):
            return None
        return f"mcp__{server}" if tool == "*" else None if "*" in tool else f"mcp__{server}__{tool}"
    if text in ("**", "*") and kind == "Read":
        return "Read"
    if text in ("**", "*"):
        return "Edit" if action is Action.ALLOW else None
    if text.startswith("/"):
        text = f"/{text}"  # absolute: with one slash it would stand below the root for Claude Code
    elif not text.startswith(("~/", "**/", "./")):
        text = f"./{text}"
    return f"{'Read' if kind == 'Read' else 'Edit'}({text})"


_COMMON = (*texts.skill_patterns(*_SKILLS), ".cursor/agents/*.md", ".cursor/commands/**/*.md", ".cursor/mcp.json")
IMPORTER = Importer(
    project=(
        "**/AGENTS.md",
        ".cursorrules",
        ".cursor/rules/**/*.mdc",
        *_COMMON,
        ".cursor/cli.json",
        ".cursor/hooks.json",
    ),
    user=(*_COMMON, ".cursor/cli-config.json", ".cursor/hooks.json"),
    read=_read,
)
