"""Rules for certain files: told once a file calls for them, or always where a harness can't wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harnesses.asking import Question, ask
from harnesses.comparison import Losses
from harnesses.configuration import ENVIRONMENT, make_repository, markdown, sync, write
from harnesses.seen import squeezed

pytestmark = pytest.mark.harnesses

ALL = "Trains are numbered from the north."
RULES = {
    "*.sql": "Tables are named in capital letters.",
    "north": "The north has no night trains.",
    "*.md": "Be short.",
}
"""What each says is for the files of a pattern, as Claude Code reads it."""


@pytest.mark.parametrize(
    ("harness", "company", "waits"),
    [
        ("qwen", ["qwen"], True),
        ("qwen", ["qwen", "cline"], True),
        ("cline", ["qwen", "cline"], False),
        ("qwen", ["qwen", "codex"], False),
        ("codex", ["qwen", "codex"], False),
        ("continue", ["continue", "qwen"], False),
        ("copilot", ["copilot", "qwen"], True),
    ],
)
def test_a_rule_for_certain_files_is_told_once(
    harness: str, company: Sequence[str], waits: bool, programs: Path, places: Callable[[str], tuple[Path, Path]]
) -> None:
    """By all who can wait for such a file then, if all who share `AGENTS.md` can do without the rule in it."""
    project, home = places("station")
    write(project / "CLAUDE.md", f"{ALL}\n")
    for number, (pattern, text) in enumerate(RULES.items()):
        write(project / f".claude/rules/rule-{number}.md", markdown(text, paths=f'["{pattern}"]'))
    write(project / "lines/north/tables.sql", "select 1;\n")
    make_repository(project)
    reports = sync(project, home, company)
    reads = "lines/north/tables.sql" if waits else ""
    seen = ask(
        harness,
        Question(project=str(project), home=str(home), prefix=str(programs), reads=reads, environment=ENVIRONMENT),
    )
    assert (seen.errors, seen.warnings) == ((), ())
    assert seen.times(ALL) == 1
    told = {text: seen.times(text) for text in RULES.values()}
    assert told == dict.fromkeys(RULES.values(), 0 if waits else 1)
    if waits:
        later = [text in squeezed(seen.shown) for text in RULES.values()]
        lost = Losses.of(reports, harness).declare("rule .claude/rules/rule-1.md", "paths: north")
        assert lost == (harness == "copilot")
        assert later == [True, not lost, False]
