"""Every target at once, on projects in which everything is as people write it, and on their homes."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml
from tests.projects.made import VARIABLES, Made, make

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator import cli
from harnesssync_orchestrator.core.markers import marker_name

FIFTY = range(50)
SLICE = range(6)
"""Those that `make test` tries."""

SCOPES = (("--project", "."), ("--user",))

numbers = pytest.mark.parametrize(
    "number", [number if number in SLICE else pytest.param(number, marks=pytest.mark.projects) for number in FIFTY]
)

Tree = dict[str, tuple[int, bytes]]
Run = Callable[..., str]


@pytest.fixture
def run(made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in the project as its entry point does; what it prints."""
    monkeypatch.chdir(made.root)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        code = cli.run("harnesssync", list(arguments))
        told = "".join(capsys.readouterr())
        # A command with a name of no file is a problem, and everything else goes on.
        assert code in (0, bool(made.refused)), told
        return told

    return run


@pytest.fixture
def made(number: int, tmp_path: Path, home: Path, git: Callable[..., str]) -> Made:
    """The project of a number, committed but for what one person alone has, and a home."""
    root = tmp_path.resolve() / "project"
    made = make(number, root, home)
    (root / ".gitignore").write_text("CLAUDE.local.md\n*.local.json\n")
    git("init", "-q", cwd=root)
    git("add", "*.md", ".claude", ".mcp.json", ".gitignore", cwd=root)
    git("commit", "-q", "-m", "begin", cwd=root)
    return made


def synced(run: Run) -> list[str]:
    """Both scopes registered for all targets, trusted and synced; what the commands printed."""
    targets = [argument for target in TARGETS for argument in ("--target", target.id)]
    told = [run("ctl", "add", ".", *targets), run("ctl", "add", "--user", *targets)]
    return [*told, *(run("sync", *scope) for scope in SCOPES)]


def tree(*folders: Path) -> Tree:
    """Kind, mode and content of everything that is there, but for what is git's and ours."""
    return {str(path): _state(path) for folder in folders for path in _paths(folder)}


def _paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name not in (".git", ".harnesssync", "run"):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _paths(path)


def _state(path: Path) -> tuple[int, bytes]:
    mode = path.lstat().st_mode
    content = bytes(path.readlink()) if stat.S_ISLNK(mode) else b"" if path.is_dir() else path.read_bytes()
    return mode, content


@numbers
def test_a_second_sync_has_nothing_to_do_and_unlinking_leaves_no_trace(made: Made, run: Run) -> None:
    """Not a byte, not a mode, not a time of change; and at the end everything is as it was."""
    before = tree(made.root, made.home)
    synced(run)
    after = tree(made.root, made.home)
    changed = {path: os.lstat(path).st_mtime_ns for path in after}
    assert len(after) > len(before)
    for scope in SCOPES:
        (report,) = json.loads(run("sync", *scope, "--json"))["projects"]
        assert (report["operations"], report["conflicts"], report["failures"]) == ([], [], [])
    assert tree(made.root, made.home) == after
    assert {path: os.lstat(path).st_mtime_ns for path in after} == changed
    for scope in SCOPES:
        run("unlink", "--all", *scope)
    assert tree(made.root, made.home) == before


@numbers
def test_what_is_written_can_be_read_and_tells_no_secret(made: Made, run: Run, git: Callable[..., str]) -> None:
    """By other readers than ours; what is written out stays with its owner, and git sees none of it."""
    before, seen = tree(made.root, made.home), _seen_by(git, made)
    told = synced(run)
    written = {path: state for path, state in tree(made.root, made.home).items() if before.get(path) != state}
    for path, (mode, content) in written.items():
        assert _is_safe(Path(path).name), path
        if stat.S_ISREG(mode):
            if not _is_copied(Path(path)):
                read(Path(path), content)
            holds = [each for each in made.credentials if each.encode() in content]
            assert not holds or stat.S_IMODE(mode) == 0o600, path
        assert not [value for value in VARIABLES.values() if value.encode() in content], path
    assert not [each for each in (*made.credentials, *VARIABLES.values()) for text in told if each in text]
    assert _seen_by(git, made) == seen
    agents = (made.root / ".codex/agents").glob("*.toml")
    described = {path.stem: read(path, path.read_bytes())["description"] for path in agents}
    assert {name: text for name, text in described.items() if not name.startswith("tools-")} == made.agents


def test_a_number_stands_for_one_project(tmp_path: Path) -> None:
    """Whoever tries a number again has the same project, byte for byte."""
    made = [make(7, tmp_path / each / "project", tmp_path / each / "home") for each in ("one", "other")]
    trees = [
        {path.removeprefix(str(each.root.parent)): state for path, state in tree(each.root).items()} for each in made
    ]
    assert trees[0] == trees[1]


def _is_copied(path: Path) -> bool:
    """Is it in a copy of a skill? There is anything that people keep, as they keep it."""
    return any(folder.with_name(marker_name(folder.name)).exists() for folder in path.parents if folder.name)


def _seen_by(git: Callable[..., str], made: Made) -> str:
    """What would be committed: nothing of ours is, so that no credential in it is either."""
    return git("status", "--porcelain", "--untracked-files=all", cwd=made.root)


def _is_safe(name: str) -> bool:
    """Can every file system hold it, Windows' included?"""
    stem = name.split(".")[1 if name.startswith(".") else 0].lower()
    return not re.search(r'[\x00-\x1f\x7f\\:*?"<>|]|[ .]\Z|\A[ -]', name) and stem not in ("con", "nul", "aux", "prn")


def read(path: Path, content: bytes) -> Any:
    """What a file says, by the reader of its format that anybody would take. Raises if it is none of that format."""
    text = content.decode("utf-8-sig")
    if path.suffix in (".json", ".jsonc") or path.name == ".roomodes":
        return json.loads(_without_comments(text))
    if path.suffix == ".toml":
        return tomlkit.parse(text).unwrap()
    if path.suffix in (".yml", ".yaml"):
        return yaml.safe_load(text)
    if path.suffix in (".md", ".mdc") and text.startswith("---\n"):
        return yaml.safe_load(text.split("\n---\n", 1)[0])
    return text


_STRING_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


def _without_comments(text: str) -> str:
    for pattern in (_STRING_OR_COMMENT, _LAST_COMMA):
        text = pattern.sub(lambda match: match[1] or "", text)
    return text
