"""What was kept for Continue: `AGENTS.md`, rules, skills, prompts, and servers.

The files are those of the adapter (`harnesssync_adapters.continue_dev`), and those of its extensions: prompts, and
servers in files of their own, each a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harnesssync_adapters.importing import texts
from harnesssync_adapters.importing.declared import ASKED, Kept, conditional_rule, importer
from harnesssync_adapters.importing.servers import Tongue, mapping, secret_references, servers
from harnesssync_orchestrator.core.importing import Documents, Lost, New

_CONFIG = ".continue/config.yaml"
_FILES = (_CONFIG, ".continue/mcpServers/*.yaml", ".continue/mcpServers/*.json")
_TONGUE = Tongue(harness="Continue", text=secret_references, known=frozenset({"name"}))


def _rule(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """One that does not always apply, and names no files, is for the model to ask for."""
    globs = texts.texts(parted.front.get("globs"))
    always = str(parted.front.get("alwaysApply", "")).lower()
    if always == "false" and not globs:
        yield Lost(source=path, key="alwaysApply", why=ASKED)
        return
    yield from conditional_rule(path, folder, parted, () if always == "true" else globs)
    known = ("name", "description", "globs", "alwaysApply")
    yield from texts.unsaid(path, parted.front, known, "Claude Code has no such setting of a rule")


def _more(documents: Documents) -> Iterator[New | Lost]:
    for path, _ in documents.matching(*_FILES):
        listed = documents.table(path).get("mcpServers")
        named: dict[str, object] = {}
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            name = str(mapping(each).get("name") or "")
            if name and name not in named:
                named[name] = each
            else:
                yield Lost(source=path, key=f"mcpServers/{index}", why="it is no server with a name of its own")
        tables = replace(documents, values={path: {"mcpServers": named}})
        yield from servers(tables, path, ("mcpServers",), _TONGUE, _server)
    rules = documents.table(_CONFIG).get("rules")
    for index, _ in enumerate(rules if isinstance(rules, list) else ()):
        yield Lost(
            source=_CONFIG, key=f"rules/{index}", why="put it into ~/.claude/CLAUDE.md: it has no file of its own"
        )


def _server(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Headers are among the options of requests there."""
    members = dict(raw)
    options = dict(mapping(members.pop("requestOptions", None)))
    members["headers"] = options.pop("headers", None)
    why = "Claude Code has no such setting of a server"
    return members, {f"requestOptions/{name}": why for name in options}


_RULES: Mapping[str, str] = {".continue/rules": "**/*.md"}
_PROMPTS: Mapping[str, str] = {".continue/prompts": "**/*.md"}
IMPORTER = importer(
    Kept(rules=_RULES, skills=(".continue/skills",), commands=_PROMPTS, more=_FILES[1:]),
    Kept(agents_md=False, rules=_RULES, skills=(".continue/skills",), commands=_PROMPTS, more=_FILES),
    rule=_rule,
    more=_more,
)
