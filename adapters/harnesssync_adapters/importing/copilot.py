"""What was kept for GitHub Copilot and VS Code: instructions, skills, agents, prompts and servers.

The files are those of the adapter (`harnesssync_adapters.copilot`), and those that VS Code documents:
`.github/prompts/*.prompt.md` and `.vscode/mcp.json`. Hooks do not come: Copilot reads Claude Code's, and would run each
of them twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.rule_files import glob_rule
from harnesssync_adapters.importing.servers import Tongue, env_references, same_references, servers
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Importer, Lost, New
from harnesssync_orchestrator.core.items import Scope

_TONGUE = Tongue(harness="GitHub Copilot", text=same_references, timeout=("timeout", 1))
_VSCODE = Tongue(harness="VS Code", text=env_references)
_TOOLS = {
    "read": ("Read",),
    "edit": ("Edit", "Write"),
    "search": ("Grep", "Glob"),
    "execute": ("Bash",),
    "web": ("WebFetch", "WebSearch"),
    "agent": ("Task",),
    "todo": ("TodoWrite",),
}
_INSTRUCTIONS = ".github/copilot-instructions.md"


def _read(documents: Documents) -> Iterator[New | Lost]:
    if documents.scope is Scope.PROJECT:
        yield from texts.agents_md(documents)
        if _INSTRUCTIONS in documents.files:
            yield from texts.instructions(documents, _INSTRUCTIONS, ".claude/rules/copilot-instructions.md")
        yield from texts.each_text(documents, [".github/instructions/**/*.instructions.md"], _rule)
        yield from texts.each_text(documents, [".github/prompts/*.prompt.md"], _prompt)
        yield from servers(documents, ".github/mcp.json", ("mcpServers",), _TONGUE, _without_all_tools)
        yield from servers(documents, ".vscode/mcp.json", ("servers",), _VSCODE)
    elif ".copilot/copilot-instructions.md" in documents.files:
        yield from texts.instructions(documents, ".copilot/copilot-instructions.md", ".claude/CLAUDE.md")
    folder = texts.in_scope(documents, ".github", ".copilot")
    yield from texts.skills(documents, ".agents/skills", f"{folder}/skills")
    yield from texts.each_text(documents, [f"{folder}/agents/**/*.md"], _agent)
    yield from servers(documents, ".copilot/mcp-config.json", ("mcpServers",), _TONGUE, _without_all_tools)
    for path, _ in documents.matching(f"{folder}/hooks/*.json"):
        why = "GitHub Copilot reads Claude Code's hooks too, and would run it twice"
        for event in documents.table(path, "hooks"):
            yield Lost(source=path, key=f"hooks/{event}", why=why, security=event.lower() == "pretooluse")


def _without_all_tools(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """All tools of a server are what Claude Code gives."""
    return {key: value for key, value in raw.items() if (key, value) != ("tools", ["*"])}, {}


def _rule(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    stem = "/".join(texts.stems(path, ".github/instructions", ".instructions.md"))
    globs = texts.texts(parted.front.get("applyTo"))
    if not globs:
        yield Lost(source=path, key="applyTo", why="without it nothing says when the rule holds")
        return
    yield from glob_rule(path, stem, globs, parted.body)
    yield from texts.unsaid(
        path, parted.front, ("applyTo", "description", "name"), "Claude Code has no such setting of a rule"
    )


_INPUT = re.compile(r"\$\{(?!ARGUMENTS)[^}]*\}")


def _prompt(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    front = {key: parted.front.get(key) for key in ("description", "argument-hint")}
    yield texts.command(
        path, texts.stems(path, ".github/prompts", ".prompt.md"), front, texts.without_arguments(parted.body)
    )
    for what in dict.fromkeys(_INPUT.findall(parted.body)):
        yield Lost(source=path, key=what, why="Claude Code puts nothing in its place: the model sees it as it is")
    yield from texts.unsaid(path, parted.front, front, "Claude Code has no such setting of a command, or other values")


def _agent(path: str, parted: texts.Parted) -> Iterator[New | Lost]:
    stem = re.sub(r"(?:\.agent)?\.md\Z", "", path.rpartition("/")[2])
    front: dict[str, JsonValue] = {"description": str(parted.front.get("description", ""))}
    given = texts.texts(parted.front.get("tools"))
    if given and "*" not in given:
        names: list[str] = []
        for tool in given:
            server, slash, name = tool.partition("/")
            if slash:
                names.append(f"mcp__{server}" if name == "*" else f"mcp__{server}__{name}")
            elif tool in _TOOLS:
                names += _TOOLS[tool]
            else:
                yield Lost(source=path, key=f"tools: {tool}", why="Claude Code has no such tool")
        if not names:
            yield Lost(source=path, key="tools", why="without tools the agent would get all of them: it is left out")
            return
        front["tools"] = ", ".join(dict.fromkeys(names))
    yield texts.agent(path, str(parted.front.get("name") or stem), front, parted.body)
    known = ("name", "description", "tools")
    yield from texts.unsaid(path, parted.front, known, "Claude Code has no such setting of an agent, or other values")


IMPORTER = Importer(
    project=(
        "**/AGENTS.md",
        _INSTRUCTIONS,
        ".github/instructions/**/*.instructions.md",
        ".github/prompts/*.prompt.md",
        *texts.skill_patterns(".agents/skills", ".github/skills"),
        ".github/agents/**/*.md",
        ".github/mcp.json",
        ".vscode/mcp.json",
        ".github/hooks/*.json",
    ),
    user=(
        ".copilot/copilot-instructions.md",
        *texts.skill_patterns(".agents/skills", ".copilot/skills"),
        ".copilot/agents/**/*.md",
        ".copilot/mcp-config.json",
        ".copilot/hooks/*.json",
    ),
    read=_read,
)
