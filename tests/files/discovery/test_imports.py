"""What a text imports stands in it, as far as Claude Code would read it."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from harnesssync_orchestrator.core.items import Rule, Scope
from harnesssync_orchestrator.files.discovery import imports


def expanded(world: Any, files: dict[str, Any]) -> str:
    """The expanded `CLAUDE.md` of a project with these files."""
    world.in_project(files)
    rule: Rule = world.items(Rule)["CLAUDE.md"]
    return rule.expanded


def test_an_import_alone_on_its_line_is_replaced_by_the_file(world: Any) -> None:
    """The lines around it stay."""
    text = expanded(world, {"CLAUDE.md": "# Rules\n@docs/style.md\nThe end.\n", "docs/style.md": "Use tabs.\n"})
    assert text == "# Rules\nUse tabs.\nThe end.\n"


def test_an_import_in_a_sentence_leaves_the_sentence_readable(world: Any) -> None:
    """The path stays as code, which no harness imports once more, and the content follows."""
    text = expanded(world, {"CLAUDE.md": "See @README.md and @b.md.\n", "README.md": "Hello\n", "b.md": "B\n"})
    assert text == "See `README.md` and @b.md.\n\nContents of `README.md`:\n\nHello\n"


def test_a_rule_names_what_it_imports_and_is_not_plain(world: Any) -> None:
    """Its text is the file's own."""
    world.in_project({"CLAUDE.md": "@a.md\n", "a.md": "@b.md\n", "b.md": "B\n"})
    rule = world.items(Rule)["CLAUDE.md"]
    assert rule.text == "@a.md\n"
    assert rule.expanded == "B\n"
    assert rule.imports == (str(world.project / "a.md"), str(world.project / "b.md"))
    assert not rule.plain


def test_paths_are_relative_to_the_file_that_holds_them(world: Any) -> None:
    """Not to the project."""
    text = expanded(world, {"CLAUDE.md": "@docs/a.md", "docs/a.md": "@b.md\n@../c.md", "docs/b.md": "B", "c.md": "C"})
    assert text == "B\nC"


def test_imports_end_at_the_fourth_file(world: Any) -> None:
    """A fifth in a row stays as it is written."""
    files = {f"f{n}.md": f"F{n}\n@f{n + 1}.md\n" for n in range(1, 7)}
    assert expanded(world, {"CLAUDE.md": "@f1.md\n", **files}) == "F1\nF2\nF3\nF4\n@f5.md\n"


def test_a_circle_of_imports_is_read_once(world: Any) -> None:
    """Also one that leads back to the file itself."""
    text = expanded(world, {"CLAUDE.md": "A\n@b.md\n", "b.md": "B\n@CLAUDE.md\n@b.md\n"})
    assert text == "A\nB\n`CLAUDE.md`\n`b.md`\n"


def test_what_is_missing_stays_text(world: Any) -> None:
    """A name in a chat, a decorator, a folder, a file that is no text."""
    text = "@someone said @property, see @docs and @logo.png and @gone.md\n"
    assert expanded(world, {"CLAUDE.md": text, "docs/a.md": "A", "logo.png": "PNG"}) == text
    assert world.problems() == []


def test_a_missing_import_is_remembered_until_it_comes(world: Any) -> None:
    """So that the next sync notices."""
    expanded(world, {"CLAUDE.md": "@later.md\n"})
    assert world.looked.seen[str(world.project / "later.md")] is None
    assert expanded(world, {"later.md": "Now\n"}) == "Now\n"


def test_an_import_that_can_not_be_looked_at_is_not_taken_for_missing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk error would otherwise change the text without a word: what comes of the rule waits."""
    world.in_project({"CLAUDE.md": "@a.md\n@b.md\n", "a.md": "A\n", "b.md": "B\n"})
    really = os.lstat

    def lstat(path: Any, **options: Any) -> os.stat_result:
        if str(path).endswith("a.md"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return really(path, **options)

    monkeypatch.setattr(os, "lstat", lstat)
    assert "file_unreadable" in world.codes()
    rule = world.items(Rule)["CLAUDE.md"]
    assert (rule.unread, rule.imports) == ((str(world.project / "a.md"),), (str(world.project / "b.md"),))


def test_emphasis_around_an_import_closes_behind_it(world: Any) -> None:
    """`**@a.md**` imports `a.md`."""
    text = expanded(world, {"CLAUDE.md": "**@a.md** and *@b.md*\n", "a.md": "A\n", "b.md": "B\n"})
    assert text.startswith("**`a.md`** and *`b.md`*\n\nContents of `a.md`:\n\nA\n")


def test_the_front_matter_of_an_import_is_left_out(world: Any) -> None:
    """Only its text counts."""
    assert expanded(world, {"CLAUDE.md": "@a.md\n", "a.md": "---\ntitle: A\n---\nText\n"}) == "Text\n"


@pytest.mark.parametrize("written", ["@../secret.md", "@~/secret.md", "@link.md", "@{absolute}"])
def test_an_import_that_leaves_the_project_waits_for_consent(world: Any, written: str) -> None:
    """It stays as written, is told with a remedy, and nothing of the file is read."""
    secret = world.project.parent / "secret.md"
    secret.write_text("CANARY")
    world.in_home({"secret.md": "CANARY"})
    (world.project / "link.md").symlink_to(secret)
    text = written.replace("{absolute}", str(secret))
    world.in_project({"CLAUDE.md": f"{text}\n"})
    source = world.read()
    assert source.items[0].expanded == f"{text}\n"
    assert "CANARY" not in repr(source)
    (problem,) = source.problems
    assert (problem.code, problem.hides) == ("import_outside_project", False)
    assert problem.hint


def test_an_alias_that_looks_absolute_is_no_problem(world: Any) -> None:
    """`@/components` is how many projects write their imports."""
    expanded(world, {"CLAUDE.md": "Import from @/components and @~/lib/x\n"})
    assert world.problems() == []


def test_a_user_may_import_from_anywhere(world: Any) -> None:
    """Their own instructions are trusted."""
    elsewhere = world.project.parent / "notes.md"
    elsewhere.write_text("Notes\n")
    world.in_home({".claude/CLAUDE.md": f"@{elsewhere}\n@~/more.md\n", "more.md": "More\n"})
    assert world.items(Rule, Scope.USER)[".claude/CLAUDE.md"].expanded == "Notes\nMore\n"


def test_imports_without_end_are_cut(world: Any) -> None:
    """A clone can't fill the memory."""
    names = [f"f{n}.md" for n in range(5)]
    files = dict.fromkeys(names, "x" * (imports.MAX_IMPORTED // 2))
    text = expanded(world, {"CLAUDE.md": "\n".join(f"@{name}" for name in names), **files})
    assert len(text) < 1.1 * imports.MAX_IMPORTED
    assert "import_too_large" in world.codes()


def test_a_named_pipe_is_not_imported(world: Any) -> None:
    """Nothing waits for somebody to write into it."""
    os.mkfifo(world.project / "pipe.md")
    assert expanded(world, {"CLAUDE.md": "@pipe.md\n"}) == "@pipe.md\n"
