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
        ("[limts]\nprojects = 1", "unknown key `limts`. Did you mean `limits`?"),
        ("[limits]\nproject = 1", "unknown key `limits.project`. Did you mean `limits.projects`?"),
        ("zzz = 1", "unknown key `zzz`. Known here: `git`, `limits`"),
        ("[limits]\nprojects = 0", "limits.projects: expected `int` >= 1"),
        ('[limits]\nprojects = "4"', "limits.projects: expected `int`, got `str`"),
        ("limits = 4", "limits: expected `object`, got `int`"),
        ('targets = "codex"', "targets: expected `array`, got `str`"),
        ("targets = [1]", "targets[0]: expected `str`, got `int`"),
        ('targets = ["codx"]', "there is no target `codx`. Did you mean `codex`?"),
        ('[log]\nlevel = "loud"', "log.level: invalid enum value 'loud'"),
        ("[watch]\nsettle_ms = 101", "watch.settle_ms: expected `int` <= 100"),
        ("[watch\n", "not TOML:"),
        ("a = 1\na = 2\n", "not TOML:"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    """And with what was probably meant."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.load(path, targets=("codex", "gemini"))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 5"):
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


def test_the_committed_schema_is_that_of_the_code() -> None:
    """Otherwise: python -m harnesssync_orchestrator.config > docs/config.schema.json"""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json.loads(json.dumps(config.schema()))


def test_every_setting_is_described() -> None:
    """The schema is what an editor shows."""
    for definition in config.schema()["$defs"].values():
        for name, setting in definition["properties"].items():
            assert "description" in setting or "$ref" in setting or "allOf" in setting, name
