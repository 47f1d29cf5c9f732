"""Rules that hold for some files, of harnesses that keep each in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harnesssync_adapters.importing import texts
from harnesssync_orchestrator.core.importing import Lost, New
from harnesssync_orchestrator.core.names import why_unsafe


def glob_rule(path: str, stem: str, globs: Sequence[str], body: str) -> Iterator[New | Lost]:
    """One rule as a file of `.claude/rules`, whose name below that folder is `stem`."""
    reason = next((reason for each in stem.split("/") if (reason := why_unsafe(each)) is not None), None)
    if reason is not None:
        yield Lost(source=path, key="", why=f"its name can't be that of a rule: {reason}")
    elif body.strip():
        yield texts.rule(path, stem, globs, body)


def triggered_rule(path: str, folder: str, parted: texts.Parted) -> Iterator[New | Lost]:
    """A rule whose `trigger` says when it holds: `always_on`, `glob`, `model_decision` or `manual`."""
    trigger = str(parted.front.get("trigger") or "always_on")
    if trigger not in ("always_on", "glob"):
        why = "it holds when the model asks for it, or a person: write a skill for that"
        yield Lost(source=path, key=f"trigger: {trigger}", why=why)
        return
    globs = texts.texts(parted.front.get("globs")) if trigger == "glob" else ()
    yield from glob_rule(path, "/".join(texts.stems(path, folder, ".md")), globs, parted.body)
