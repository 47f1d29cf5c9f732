"""The settings: what is not written has its default, and what is written wrong is told by its name."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harnesssync_orchestrator import config
from harnesssync_orchestrator.config import Config
from harnesssync_orchestrator.errors import ConfigError

SCHEMA = Path(__file__).parents[1] / "docs" / "config.schema.json"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    """Nothing has to be configured, and asking makes no file."""
    assert config.load(tmp_path / "config.toml") == Config()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert config.load(written(tmp_path, "# all comments\n")) == Config()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Each section by itself; the rest of it keeps its defaults."""
    text = """
        targets = ["codex", "gemini"]
        lock_timeout_s = 3
        [limits]
        projects = 7
        [watch]
        polling = true
        [log]
        level = "debug"
        file = "~/log.jsonl"
        [git]
        exclude = false
    """
    read = config.load(written(tmp_path, text), targets=("codex", "gemini"))
    assert read.targets == ("codex", "gemini")
    assert read.lock_timeout_s == 3.0
    assert (read.limits.projects, read.limits.hashing) == (7, Config().limits.hashing)
    assert read.watch.polling is True
    assert (read.log.level, read.log.file, read.log.format) == ("debug", "~/log.jsonl", "auto")
    assert read.git.exclude is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limts]\nprojects = 1", "line 1: unknown key `limts`. Did you mean `limits`?"),
        ("# settings\n[limits]\nproject = 1", "line 3: unknown key `limits.project`. Did you mean `limits.projects`?"),
        ("[limits]\n\n[log]\nkeep=1\n'lvel' = 1", "line 5: unknown key `log.lvel`. Did you mean `log.level`?"),
        ("\nlimits.project = 1", "line 2: unknown key `limits.project`"),
        ("\nlimits = { project = 1 }", "line 2: unknown key `limits.project`"),
        ('\n"a.b[" = 1', "line 2: unknown key `a.b[`"),
        ("[limits.more]\na = 1", "line 1: unknown key `limits.more`"),
        ('[log]\nfile = """\nkeep = 1\n"""\nkeep = "1"', "line 5: log.keep: expected `int`, got `str`"),
        ("zzz = 1", "line 1: unknown key `zzz`. Known here: `drift`, `git`, `history`, `limits`"),
        ("[limits]\nprojects = 0", "limits.projects: expected `int` >= 1. Allowed is a whole number from 1 up to 1024"),
        ('[limits]\nprojects = "4"', "line 2: limits.projects: expected `int`, got `str`. Allowed is a whole number"),
        ("limits = 4", "line 1: limits: expected `object`, got `int`. Allowed is a table"),
        ('targets = "codex"', "targets: expected `array`, got `str`. Allowed is a list of texts in quotes"),
        ("targets = [1]", "line 1: targets[0]: expected `str`, got `int`"),
        ('\ntargets = [\n  "codx"\n]', "line 2: targets: there is no target `codx`. Did you mean `codex`?"),
        (
            '[log]\nlevel = "loud"',
            'line 2: log.level: invalid enum value \'loud\'. Allowed are "debug", "error", "info", "warning"',
        ),
        (
            '[worktrees]\ninherit = ["nope"]',
            'Allowed is true or false, or a list of "agents", "commands", "files", "mcp", "rules", "skills"',
        ),
        ("[log]\nfile = 3", "line 2: log.file: expected `str | null`, got `int`. Allowed is a text in quotes"),
        (
            '[git]\nexclude = "no"',
            'line 2: git.exclude: invalid enum value \'no\'. Allowed are "gitignore", "info", "off"',
        ),
        ("[git]\nexclude = 1", "line 2: git.exclude: expected `bool | str`, got `int`. Allowed are"),
        ("lock_timeout_s = -1", "line 1: lock_timeout_s: expected `float` >= 0.0. Allowed is a number from 0"),
        ("[watch]\nsettle_ms = 101", "line 2: watch.settle_ms: expected `int` <= 100"),
        (
            '[drift]\npolicy = "keep"',
            'line 2: drift.policy: invalid enum value \'keep\'. Allowed are "adopt", "ask", "restore"',
        ),
        (
            '[drift.targets]\ncodex = "always"',
            'line 1: drift.targets[...]: invalid enum value \'always\'. Allowed are "adopt", "ask", "restore"',
        ),
        ('[drift.targets]\ncodx = "ask"', "line 2: drift.targets: there is no target `codx`. Did you mean `codex`?"),
        (
            '[drift.projects."/a"]\npolcy = "ask"',
            "line 2: unknown key `drift.projects./a.polcy`. Did you mean `drift.projects./a.policy`?",
        ),
        (
            '[drift.projects."/a"]\npolicy = 1',
            "drift.projects[...].policy: expected `str | null`, got `int`. Allowed are",
        ),
        (
            '[drift.projects."src/a"]\npolicy = "ask"',
            "line 1: drift.projects: `src/a` is not an absolute path. Begin it with `/` or `~/`",
        ),
        (
            '[worktrees]\nroots = ["~/src", "work"]',
            "line 2: worktrees.roots: `work` is not an absolute path. Begin it with `/` or `~/`",
        ),
        (
            '[drift.projects."/a".targets]\ngemni = "ask"',
            "drift.projects./a.targets: there is no target `gemni`. Did you mean `gemini`?",
        ),
        ("[watch\n", "not TOML:"),
        ("a = 1\na = 2\n", "not TOML:"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    """And with what was probably meant."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, targets=("codex", "gemini"))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "docs/" not in str(caught.value)


def test_policies_of_a_project_and_of_a_target_beat_the_general_one(tmp_path: Path) -> None:
    """The project is known by its real path, however the settings spell it."""
    (tmp_path / "src").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "src")
    text = (
        '[drift]\npolicy = "restore"\n[drift.targets]\ngemini = "ask"\n'
        '[drift.projects."~/linked"]\npolicy = "adopt"\n[drift.projects."~/linked".targets]\ncodex = "ask"\n'
    )
    policies = config.load(written(tmp_path, text)).policies(tmp_path)
    project = str((tmp_path / "src").resolve())
    found = {
        (path, target): policies.of(path, target).value
        for path in ("/elsewhere", project)
        for target in ("codex", "gemini", "opencode")
    }
    assert found == {
        ("/elsewhere", "codex"): "restore",
        ("/elsewhere", "gemini"): "ask",
        ("/elsewhere", "opencode"): "restore",
        (project, "codex"): "ask",
        (project, "gemini"): "adopt",
        (project, "opencode"): "adopt",
    }


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"# settings\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"line 2: not UTF-8 at byte 16\. Save the file as UTF-8"):
        config.load(path)


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    """Unreadable is not missing."""
    with pytest.raises(ConfigError, match="can't be read"):
        config.load(tmp_path)


def test_toml_read_is_the_same_by_both_parsers(tmp_path: Path) -> None:
    """Python 3.10 has no tomllib: tomlkit reads the same there."""
    import tomlkit

    text = 'targets = ["codex"]\n[log]\nfile = """\n~/a"""\n[limits]\nprojects = 1_0\n'
    by_tomlkit = msgspec.convert(tomlkit.parse(text).unwrap(), Config)
    assert config.load(written(tmp_path, text)) == by_tomlkit


@pytest.mark.parametrize(
    ("said", "inherits"),
    [
        ("", {"skills", "agents", "commands", "rules", "mcp", "files"}),
        ("inherit = true", {"skills", "agents", "commands", "rules", "mcp", "files"}),
        ("inherit = false", set()),
        ('inherit = ["rules", "skills"]', {"rules", "skills"}),
    ],
)
def test_what_worktrees_inherit_is_all_nothing_or_some_kinds(tmp_path: Path, said: str, inherits: set[str]) -> None:
    """By their names."""
    assert config.load(written(tmp_path, f"[worktrees]\n{said}\n")).worktrees.inherits == inherits


def test_a_kind_that_is_not_inherited_is_told(tmp_path: Path) -> None:
    """With what would be right."""
    with pytest.raises(ConfigError, match=r"worktrees\.inherit"):
        config.load(written(tmp_path, '[worktrees]\ninherit = ["hooks"]\n'))


def test_the_committed_schema_is_that_of_the_code() -> None:
    """Otherwise: python -m harnesssync_orchestrator.config > docs/config.schema.json"""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(config.schema()))


def test_every_setting_is_described() -> None:
    """The schema is what an editor shows."""
    for definition in config.schema()["$defs"].values():
        for name, setting in definition["properties"].items():
            assert "description" in setting or "$ref" in setting or "allOf" in setting, name


def test_roots_are_resolved_and_named_once(tmp_path: Path) -> None:
    """`~` is the home directory, and links are followed."""
    (tmp_path / "src").mkdir()
    (tmp_path / "link").symlink_to("src")
    path = tmp_path / "config.toml"
    path.write_text(f'[worktrees]\nroots = ["~/src", "{tmp_path}/link", "/srv/work"]\n')
    assert config.load(path).roots(tmp_path) == (str(tmp_path.resolve() / "src"), "/srv/work")


@pytest.mark.parametrize(
    ("value", "name"),
    [('"info"', "info"), ("true", "info"), ('"gitignore"', "gitignore"), ('"off"', "off"), ("false", "off")],
)
def test_what_keeps_outputs_out_of_git_has_a_name(tmp_path: Path, value: str, name: str) -> None:
    """What said yes or no before says so still."""
    assert config.load(written(tmp_path, f"[git]\nexclude = {value}\n")).git.excludes == name
    assert Config().git.excludes == "info"
