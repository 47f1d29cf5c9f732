"""Settings of all layers, merged; environment; what makes Claude Code ignore a file."""

from __future__ import annotations

from typing import Any

import pytest

from harnesssync_orchestrator.core.items import EnvironmentVariable, Layer, Scope
from harnesssync_orchestrator.files.discovery.documents import read_json_safe
from harnesssync_orchestrator.files.reading import Looked


def test_read_json_safe_gives_the_default_for_a_missing_file(tmp_path: Any) -> None:
    """Which is no problem."""
    assert read_json_safe(str(tmp_path / "none.json"), Looked(), default={"a": 1}) == ({"a": 1}, ())


def test_read_json_safe_reads_behind_a_byte_order_mark(tmp_path: Any) -> None:
    """Editors on Windows write one."""
    file = tmp_path / "a.json"
    file.write_bytes(b'\xef\xbb\xbf{"name": "\xe6\x97\xa5"}')
    assert read_json_safe(str(file), Looked()) == ({"name": "日"}, ())


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b'{\n  "a": 1,\n}', 2, None),
        (b'// note\n{"a": 1}', 1, 1),
        (b'{"a": 1} trailing', 1, 10),
        (b"", 1, 1),
        (b'{"a": NaN}', None, None),
        (b"[" * 100_000, None, None),
        (b'{"a": ' + b"9" * 10_000 + b"}", None, None),
    ],
)
def test_read_json_safe_tells_where_a_file_is_corrupt(
    tmp_path: Any, content: bytes, line: int | None, column: int | None
) -> None:
    """And gives the default, without an exception."""
    file = tmp_path / "a.json"
    file.write_bytes(content)
    value, (problem,) = read_json_safe(str(file), Looked(), default="default")
    assert value == "default"
    assert (problem.code, problem.file, problem.hides) == ("json_invalid", str(file), True)
    if line is not None:
        assert problem.line is not None
        assert problem.column == (column or problem.column)
    assert problem.hint


def test_read_json_safe_replaces_bytes_that_are_no_utf8(tmp_path: Any) -> None:
    """The other values still count."""
    file = tmp_path / "a.json"
    file.write_bytes(b'{"a": "caf\xe9",\n "b": "\\ud800x"}')
    value, (problem,) = read_json_safe(str(file), Looked())
    assert value == {"a": "caf�", "b": "�x"}
    assert (problem.code, problem.line, problem.hides) == ("not_utf8", 1, False)


def test_read_json_safe_tells_what_can_not_be_read(public_folder: Any, as_nobody: Any) -> None:
    """A file without permission is something else than a missing one."""
    file = public_folder / "a.json"
    file.write_text("{}")
    file.chmod(0)
    with as_nobody():
        value, (problem,) = read_json_safe(str(file), Looked(), default=None)
    assert (value, problem.code) == (None, "file_unreadable")
    (public_folder / "folder.json").mkdir()
    assert read_json_safe(str(public_folder / "folder.json"), Looked())[1][0].code == "not_a_file"


def test_a_projects_environment_is_that_of_the_innermost_file(world: Any) -> None:
    """What comes from the local file is private; numbers and booleans become text."""
    world.in_project(
        {
            ".claude/settings.json": {"env": {"A": "shared", "B": "shared", "N": 5, "T": True}},
            ".claude/settings.local.json": {"env": {"B": "mine"}},
        }
    )
    world.in_home({".claude/settings.json": {"env": {"U": "user"}}})
    found = {
        name: (variable.value, variable.origin.private) for name, variable in world.items(EnvironmentVariable).items()
    }
    assert found == {"A": ("shared", False), "B": ("mine", True), "N": ("5", False), "T": ("true", False)}


def test_an_administrators_environment_beats_the_users(world: Any) -> None:
    """Drop-in files come after `managed-settings.json`, in the order of their names."""
    world.in_managed(
        {
            "managed-settings.json": {"env": {"A": "m", "B": "m"}},
            "managed-settings.d/20-b.json": {"env": {"A": "20"}},
            "managed-settings.d/10-a.json": {"env": {"A": "10"}},
            "managed-settings.d/.hidden.json": {"env": {"A": "no"}},
            "managed-settings.d/note.txt": "x",
        }
    )
    world.in_home({".claude/settings.json": {"env": {"A": "user", "C": "user"}}})
    found = {
        name: (variable.value, variable.origin.layer)
        for name, variable in world.items(EnvironmentVariable, Scope.USER).items()
    }
    assert found == {"A": ("20", Layer.MANAGED), "B": ("m", Layer.MANAGED), "C": ("user", Layer.USER)}


@pytest.mark.parametrize("entry", [{"A": None}, {"A": []}, {"": "x"}, {"A=B": "x"}, {"A": "x\u0000y"}])
def test_a_variable_that_can_not_be_one_is_told(world: Any, entry: dict[str, Any]) -> None:
    """The others go on."""
    world.in_project({".claude/settings.json": {"env": {**entry, "GOOD": "1"}}})
    assert list(world.items(EnvironmentVariable)) == ["GOOD"]
    assert world.codes() == ["environment_invalid"]


@pytest.mark.parametrize(
    "settings",
    [
        {"env": []},
        {"permissions": {"deny": "Read"}},
        {"permissions": []},
        {"hooks": []},
        {"enabledPlugins": ["a@b"]},
    ],
)
def test_a_section_of_the_wrong_type_spoils_the_whole_file(world: Any, settings: dict[str, Any]) -> None:
    """As in Claude Code; the other files go on."""
    world.in_project(
        {
            ".claude/settings.json": {"env": {"A": "1"}, **settings},
            ".claude/settings.local.json": {"env": {"B": "2"}},
        }
    )
    source = world.read()
    assert [item.name for item in source.items] == ["B"]
    (problem,) = source.problems
    assert (problem.code, problem.hides) == ("settings_invalid", True)


def test_comments_in_settings_are_told_for_what_they_do(world: Any) -> None:
    """Claude Code ignores the file, which a person may not know."""
    world.in_project({".claude/settings.json": '{\n  // note\n  "env": {"A": "1"}\n}'})
    (problem,) = world.problems()
    assert (problem.line, problem.column) == (2, 3)
    assert "comments" in problem.hint


def test_settings_that_are_no_object_are_told(world: Any) -> None:
    """A list is valid JSON, but no settings."""
    world.in_project({".claude/settings.json": "[]"})
    assert world.codes() == ["json_invalid"]


def test_a_worktree_obeys_the_local_settings_of_its_main_checkout(world: Any, git: Any) -> None:
    """They are private, and its own come after them."""
    git("init", "-q", cwd=world.project)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=world.project)
    worktree = world.project.parent / "worktree"
    git("worktree", "add", "-q", str(worktree), cwd=world.project)
    world.in_project(
        {
            ".claude/settings.local.json": {"env": {"A": "main", "B": "main"}},
            ".claude/settings.json": {"env": {"NOT": "inherited"}},
        }
    )
    world.project, main = worktree, world.project
    world.in_project({".claude/settings.local.json": {"env": {"B": "own"}}})
    found = world.items(EnvironmentVariable)
    assert {name: (v.value, v.origin.layer, v.origin.private) for name, v in found.items()} == {
        "A": ("main", Layer.INHERITED, True),
        "B": ("own", Layer.LOCAL, True),
    }
    assert found["A"].origin.file == str(main / ".claude/settings.local.json")
