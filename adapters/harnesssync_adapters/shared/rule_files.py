"""Rules as Markdown files with front matter, one file each, for harnesses that have a folder of them.

Only for rules that `AGENTS.md` can't hold: a person's own, which a team must not commit, and those of folders where
the harness does not look for one. The others are in `AGENTS.md` once, for all harnesses that read it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.names import is_private, loss, slug
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss
from harnesssync_orchestrator.core.items import Rule
from harnesssync_orchestrator.core.targets import View


def globs(rule: Rule) -> tuple[str, ...]:
    """The files for which a rule holds: those of its `paths:`, and of its folder; empty if it holds always."""
    if not rule.directory:
        return rule.globs
    return tuple(f"{rule.directory}/{glob}" for glob in rule.globs or ("**",))


def rule_file(view: View, rule: Rule, folder: str, front: Mapping[str, JsonValue]) -> FileOutput:
    """A rule as a file of ours in `folder`, imports expanded. The front matter must be its first bytes."""
    text = instructions.rendered([dataclasses.replace(rule, globs=())]).decode("utf-8", "surrogateescape")
    return FileOutput(
        path=f"{folder}/{file_stem(rule)}.md",
        items=(rule.id,),
        content=markdown(front, text) if front else text.encode("utf-8", "surrogateescape"),
        private=is_private(view, rule),
    )


def file_stem(rule: Rule) -> str:
    """A name that no person gives a rule, and no two rules share in practice: from its own path."""
    return f"harnesssync-{slug(rule.name.removesuffix('.md'))}"


def trigger(rule: Rule) -> dict[str, JsonValue]:
    """Front matter as Windsurf, Devin and Antigravity read it: `trigger: always_on`, or `glob` with `globs`.

    Globs are one text there, with commas between them, so a glob with a comma of its own can't be said.
    """
    found = globs(rule)
    if not found or any("," in glob for glob in found):
        return {"trigger": "always_on"}
    return {"trigger": "glob", "globs": ",".join(found)}


def trigger_losses(view: View, rule: Rule, harness: str, limit: int) -> Iterator[Loss]:
    """What such a file does not say: globs with commas, and what is longer than the harness reads."""
    found = globs(rule)
    if any("," in glob for glob in found):
        why = f"{harness} reads globs with commas between them: the rule is always loaded"
        yield loss(view, rule, f"paths: {', '.join(found)}", why)
    if len(rule.expanded) > limit:
        yield loss(view, rule, rule.name, f"{harness} reads no more than {limit:,} characters of a rule")


def root_only(view: View, rules: Sequence[Rule], harness: str) -> Iterator[Loss]:
    """The loss of rules of sub-folders, for harnesses that read the instructions of the root alone."""
    for rule in rules:
        if rule.directory:
            yield loss(view, rule, rule.name, f"{harness} reads the instructions of the project's root alone")
