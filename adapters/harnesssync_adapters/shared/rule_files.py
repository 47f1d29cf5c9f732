"""Rules as Markdown files with front matter, one file each, for harnesses that have a folder of them.

Only for rules that `AGENTS.md` can't hold: a person's own, which a team must not commit, those of folders where the
harness does not look for one, and those for certain files that are set apart. The others are in `AGENTS.md` once, for
all harnesses that read it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.names import is_private, loss, slug
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, Loss, Output, short_hash
from harnesssync_orchestrator.core.items import Rule
from harnesssync_orchestrator.core.targets import Apart, SharedRules, View

_ORDINARY = re.compile(r"([a-z0-9_]+/)*(CLAUDE(\.local)?|\.claude/CLAUDE|\.claude/rules/[a-z0-9_-]+)\.md")
_LONGEST = 80
_AROUND = 500
_FILES = re.compile(r".*[*?\[]|.+\.")
"""The last part of a pattern that is not meant for a folder."""


def globs(rule: Rule) -> tuple[str, ...]:
    """The files for which a rule holds: those of its `paths:`, and of its folder; empty if it holds always.

    Claude Code takes `paths:` as lines of a `.gitignore`, from the folder that has `.claude` in it: `*.py` is a file in
    any folder, and `src` all that is in there. Others take them as globs.
    """
    found = [glob for pattern in rule.globs for glob in _as_globs(pattern)] or (["**"] if rule.directory else [])
    return tuple(dict.fromkeys(f"{rule.directory}/{glob}" if rule.directory else glob for glob in found))


def patterns(rule: Rule) -> tuple[str, ...]:
    """The same as words for people: as they are written, where no folder comes before them."""
    return globs(rule) if rule.directory else rule.globs


def _as_globs(pattern: str) -> Iterator[str]:
    body = pattern.strip("/")
    folder, _, last = body.rpartition("/")
    whole = body if "/" in pattern.rstrip("/") else f"**/{body}"
    if last in ("*", "**"):
        yield "**" if folder in ("", "**") else f"{folder}/**"
    elif pattern.endswith("/"):
        yield f"{whole}/**"
    else:
        yield whole
        if _FILES.match(last) is None:
            yield f"{whole}/**"


def otherwise(rule: Rule) -> list[str]:
    """The patterns that mean other files where they are read as globs, and those without a slash in every folder."""
    return [one for one in rule.globs if {*_as_globs(one)} - {one, f"**/{one}", "**"} or one.startswith("!")]


def sayable(rule: Rule, *, joined: bool = False) -> bool:
    """Can the files be said in globs? `joined` ones stand in one text, with commas between them."""
    return not any(pattern.startswith("!") or (joined and "," in pattern) for pattern in rule.globs)


def by_globs(rule: Rule) -> Apart:
    """For harnesses whose rules have a list of globs."""
    return Apart.CONDITIONAL if sayable(rule) else Apart.ALWAYS


def by_joined_globs(rule: Rule) -> Apart:
    """For harnesses whose rules have one text of globs."""
    return Apart.CONDITIONAL if sayable(rule, joined=True) else Apart.ALWAYS


def _natively(rule: Rule) -> Apart:
    return Apart.CONDITIONAL if rule.name.startswith(".claude/rules/") else by_joined_globs(rule)


def limited_rules(limit: int, *, below: bool) -> SharedRules:
    """Of a harness that reads no more than `limit` characters of a rule of its own, of which some are not the rule's: a
    longer one is better off in `AGENTS.md`."""

    def apart(rule: Rule) -> Apart:
        return by_joined_globs(rule) if len(rule.expanded) + _AROUND <= limit else Apart.NOT

    return SharedRules(below=below, apart=apart)


NATIVE_RULES = SharedRules(apart=_natively)
"""Of a harness that reads a project's `.claude/rules` itself, with the files for which they hold."""


def always(_rule: Rule) -> Apart:
    """For harnesses whose rules have no conditions."""
    return Apart.ALWAYS


def told_globs(rule: Rule, *, joined: bool = False) -> tuple[str, ...]:
    """The globs that a file says; empty also where they can't be said, which `glob_losses` tells."""
    return globs(rule) if sayable(rule, joined=joined) else ()


def glob_losses(view: View, rule: Rule, harness: str, *, joined: bool = False) -> Iterator[Loss]:
    """What such a file does not say of the files for which a rule holds."""
    if not sayable(rule, joined=joined):
        why = f"{harness} reads globs with commas between them" if joined else f"{harness} has no globs for exceptions"
        if any(pattern.startswith("!") for pattern in rule.globs):
            why = f"{harness} has no globs for exceptions"
        yield loss(view, rule, f"paths: {', '.join(rule.globs)}", f"{why}: the rule is always loaded")


def rule_file(
    view: View,
    rule: Rule,
    folder: str,
    front: Mapping[str, JsonValue],
    *,
    told: Sequence[str] = (),
    suffix: str = ".md",
) -> FileOutput:
    """A rule as a file of ours in `folder`, imports expanded. The front matter must be its first bytes. Where no globs
    are `told` in that, a heading says for which files the rule holds."""
    named = () if told else patterns(rule)
    text = instructions.rendered([dataclasses.replace(rule, globs=named)]).decode("utf-8", "surrogateescape")
    return FileOutput(
        path=f"{folder}/{file_stem(rule)}{suffix}",
        items=(rule.id,),
        content=markdown(front, text) if front else text.encode("utf-8", "surrogateescape"),
        private=is_private(view, rule),
    )


def always_file(view: View, rule: Rule, folder: str, harness: str) -> Iterator[Output | Loss]:
    """A rule for a harness whose rules have no conditions."""
    yield rule_file(view, rule, folder, {})
    if found := patterns(rule):
        yield loss(view, rule, f"paths: {', '.join(found)}", f"{harness} always loads it")


def always_files(view: View, rules: Sequence[Rule], folder: str, harness: str) -> Iterator[Output | Loss]:
    """The rules that are set apart, for such a harness."""
    for each in instructions.folders(view, rules):
        for rule in each.apart:
            yield from always_file(view, rule, folder, harness)


def file_stem(rule: Rule) -> str:
    """A name that no person gives a rule, from its own path; with a digest where two paths might give the same."""
    stem = f"harnesssync-{slug(rule.name.removesuffix('.md'))}"
    if _ORDINARY.fullmatch(rule.name) and len(stem) <= _LONGEST:
        return stem
    return f"{stem[:_LONGEST]}-{short_hash(rule.name.encode('utf-8', 'surrogateescape'))[:8]}"


def triggered(view: View, rule: Rule, folder: str) -> FileOutput:
    """A rule as Windsurf, Devin and Antigravity read it: `trigger: always_on`, or `glob` with `globs`.

    Globs are one text there, with commas between them, so a glob with a comma of its own can't be said.
    """
    told = told_globs(rule, joined=True)
    front: dict[str, JsonValue] = {"trigger": "glob", "globs": ",".join(told)} if told else {"trigger": "always_on"}
    return rule_file(view, rule, folder, front, told=told)


def trigger_losses(view: View, rule: Rule, harness: str, limit: int) -> Iterator[Loss]:
    """What such a file does not say: globs with commas, and what is longer than the harness reads."""
    yield from glob_losses(view, rule, harness, joined=True)
    if len(rule.expanded) > limit:
        yield loss(view, rule, rule.name, f"{harness} reads no more than {limit:,} characters of a rule")


def root_only(view: View, rules: Sequence[Rule], harness: str) -> Iterator[Loss]:
    """The loss of rules of sub-folders, for harnesses that read the instructions of the root alone."""
    for rule in rules:
        if rule.directory:
            yield loss(view, rule, rule.name, f"{harness} reads the instructions of the project's root alone")
