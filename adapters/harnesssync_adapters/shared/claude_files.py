"""Which of Claude Code's own files a harness reads by itself, so that it gets no second copy of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from harnesssync_adapters.shared.instructions import Folder
from harnesssync_adapters.shared.skills import FOLDER, linked_skills
from harnesssync_orchestrator.core.desired import LinkOutput, Loss, Output
from harnesssync_orchestrator.core.items import McpServer, Scope, Skill
from harnesssync_orchestrator.core.targets import View


def says_it_all(view: View, folder: Folder, *, imports: bool) -> bool:
    """Is a folder's `CLAUDE.md` all of its public rules? With `imports`, those of a harness that follows them too."""
    if len(folder.public) != 1 or folder.public[0].globs:
        return False
    (rule,) = folder.public
    native = folder.path("CLAUDE.md") if view.scope is Scope.PROJECT else ".claude/CLAUDE.md"
    return rule.source == posixpath.join(view.root, native) and (rule.plain or (imports and bool(rule.imports)))


def skills_elsewhere(view: View, skills: Sequence[Skill], folder: str = FOLDER) -> Iterator[Output | Loss]:
    """Links only for the skills that do not lie in `.claude/skills` of this scope, which the harness reads itself."""
    native = posixpath.join(view.root, ".claude/skills")
    elsewhere = [skill for skill in skills if posixpath.dirname(skill.source) != native]
    sources, items = {skill.source for skill in elsewhere}, {skill.id for skill in elsewhere}
    for result in linked_skills(view, skills, folder):
        if isinstance(result, LinkOutput) and result.source not in sources:
            continue
        if isinstance(result, Loss) and result.item not in items:
            continue
        yield result


def is_claude_server(view: View, server: McpServer) -> bool:
    """Does a server stand in the one file of this scope that other harnesses look into?"""
    name = ".mcp.json" if view.scope is Scope.PROJECT else ".claude.json"
    return server.origin.plugin is None and server.origin.file == posixpath.join(view.root, name)
