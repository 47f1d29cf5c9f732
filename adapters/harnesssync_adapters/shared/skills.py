"""Skills as links to their folders in `.agents/skills`, which nearly every harness reads.

The whole folder is linked, never its `SKILL.md` alone: Codex does not see a `SKILL.md` that is a link.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from harnesssync_adapters.shared.names import found_at, is_private, loss, unsafe
from harnesssync_orchestrator.core.desired import LinkOutput, Loss, Output
from harnesssync_orchestrator.core.items import Command, ItemId, Layer, Scope, Skill
from harnesssync_orchestrator.core.prompts import Part
from harnesssync_orchestrator.core.targets import View

FOLDER = ".agents/skills"

_NOT_READ = (
    *("allowed-tools", "disallowed-tools", "model", "effort", "context", "agent", "hooks", "argument-hint"),
    "arguments",
)
_SAYS_MORE = frozenset(_NOT_READ)


def linked_skills(view: View, skills: Sequence[Skill], folder: str = FOLDER) -> Iterator[Output | Loss]:
    """One link per skill in `folder`. A plugin's skill gives way to one of the project with the same folder name."""
    taken: set[str] = set()
    for skill in sorted(skills, key=lambda skill: skill.origin.layer is Layer.PLUGIN):
        name = skill.folder
        if name.casefold() in taken and skill.origin.plugin is not None:
            name = f"{skill.origin.plugin.split('@')[0]}-{name}"
        if (lost := unsafe(view, skill, [name])) is not None:
            yield lost
        elif name.casefold() in taken:
            yield loss(view, skill, str(skill.id), f"another skill has the folder name {name!r}")
        else:
            taken.add(name.casefold())
            yield _link(f"{folder}/{name}", skill.id, skill.source, skill.digest, private=is_private(view, skill))


@lru_cache(maxsize=4096)
def _link(path: str, item: ItemId, source: str, digest: str, *, private: bool) -> LinkOutput:
    """Made once for all targets, of which nearly each wants it."""
    return LinkOutput(path=path, items=(item,), source=source, directory=True, digest=digest, private=private)


def copied_besides(view: View, skills: Sequence[Skill], folder: str) -> Iterator[Output | Loss]:
    """Copies of those that do not lie in `.claude/skills` of a project, for harnesses that read that, and follow no
    link."""
    is_project = view.scope is Scope.PROJECT
    for result in linked_besides(view, skills, folder) if is_project else linked_skills(view, skills, folder):
        yield replace(result, copied=True) if isinstance(result, LinkOutput) else result


def linked_besides(view: View, skills: Sequence[Skill], folder: str = FOLDER) -> Iterator[Output | Loss]:
    """Links for those that do not lie in `.claude/skills` of this very scope, for harnesses that read it themselves."""
    native = posixpath.join(view.root, ".claude/skills")
    others = [skill for skill in skills if posixpath.dirname(found_at(view, skill)) != native]
    if not others:
        return
    sources, items = {skill.source for skill in others}, {skill.id for skill in others}
    for result in linked_skills(view, skills, folder):
        if (isinstance(result, LinkOutput) and result.source in sources) or (
            isinstance(result, Loss) and result.item in items
        ):
            yield result


def skill_losses(
    view: View,
    skills: Sequence[Skill],
    harness: str,
    *,
    kept: tuple[str, ...] = (),
    puts_in: tuple[type[Part], ...] = (),
) -> Iterator[Loss]:
    """What skills say to Claude Code alone: in the front matter, but for the keys that the harness reads too, and in
    the text, but for what it `puts_in` too."""
    for skill in skills:
        if left := [part.written for part in skill.placeholders if not isinstance(part, puts_in)]:
            yield loss(view, skill, ", ".join(left), f"{harness} puts nothing there: the model sees what is written")
        for key in () if _SAYS_MORE.isdisjoint(skill.metadata) else _NOT_READ:
            if key not in kept and skill.metadata.get(key):
                yield loss(view, skill, f"{key}: {skill.metadata[key]}", f"{harness} does not read it")
        if "disable-model-invocation" not in kept:
            yield from use_losses(view, skill, harness)
        if not skill.metadata.get("description"):
            yield loss(view, skill, str(skill.id), f"{harness} shows only skills whose front matter has a description")


def use_losses(view: View, item: Skill | Command, harness: str) -> Iterator[Loss]:
    """What only people may call, where the model may use it as well."""
    if item.metadata.get("disable-model-invocation") is True:
        why = f"{harness} may use the skill by itself"
        yield loss(view, item, "disable-model-invocation: true", why, security=True)


_SKILL_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def name_losses(view: View, skills: Sequence[Skill], results: Iterable[Output | Loss], harness: str) -> Iterator[Loss]:
    """For harnesses that load a skill only if its name is that of its folder, in the form of the skills' standard.

    `results` are the links that were made, since a plugin's skill may be linked under another name.
    """
    folders = {link.source: link.path.rpartition("/")[2] for link in results if isinstance(link, LinkOutput)}
    for skill in skills:
        folder = folders.get(skill.source, skill.folder)
        if skill.name != folder:
            why = f"{harness} loads only skills with the name of their folder, which is {folder}"
            yield loss(view, skill, f"name: {skill.name}", why)
        elif _SKILL_NAME.fullmatch(skill.name) is None or len(skill.name) > 64:
            why = f"{harness} loads only skills whose names are made of a-z, 0-9 and single hyphens"
            yield loss(view, skill, f"name: {skill.name}", why)
