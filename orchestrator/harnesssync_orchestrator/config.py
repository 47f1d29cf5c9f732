"""The settings of `config.toml`: parsed, checked and named; what is not written there has its default.

An unknown key is an error that names the nearest right one, so that a misspelt setting is not silently ignored.
The JSON Schema of the file, for editors, is `docs/config.schema.json`: `python -m harnesssync_orchestrator.config`
prints it.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from harnesssync_orchestrator.errors import ConfigError


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much happens at once. Each is a separate limit: work of one kind never starves another."""

    projects: Annotated[int, Meta(ge=1, le=1024, description="Projects that are synced at the same time.")] = 4
    hashing: Annotated[int, Meta(ge=1, le=256, description="Threads that read and hash sources.")] = 2
    linking: Annotated[int, Meta(ge=1, le=256, description="Linkers that write outputs at the same time.")] = 4
    ledgers: Annotated[int, Meta(ge=1, le=256, description="Ledgers that are saved at the same time.")] = 2


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When an edit becomes a sync."""

    settle_ms: Annotated[
        int, Meta(ge=0, le=100, description="Quiet time, in milliseconds, after the last edit before a sync starts.")
    ] = 80
    max_settle_ms: Annotated[
        int, Meta(ge=100, description="The longest that edits without a pause can put a sync off, in milliseconds.")
    ] = 1000
    polling: Annotated[
        bool, Meta(description="Poll instead of being told by the system: for network and some virtual file systems.")
    ] = False
    poll_ms: Annotated[int, Meta(ge=50, description="Time between two polls, in milliseconds.")] = 1000
    rescan_s: Annotated[
        int, Meta(ge=1, description="Every project is checked this often, in seconds, even if no edit was seen.")
    ] = 300


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the supervisor logs, how and where."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level that is logged.")
    ] = "info"
    format: Annotated[
        Literal["auto", "json", "console"],
        Meta(description="auto: for people on a terminal, JSON lines elsewhere. A file always gets JSON lines."),
    ] = "auto"
    file: Annotated[
        str | None, Meta(description="A file to log to instead of standard error; `~` is the home directory.")
    ] = None
    max_bytes: Annotated[int, Meta(ge=4096, description="The log file is rotated before it grows beyond this.")] = (
        10 * 1024 * 1024
    )
    keep: Annotated[int, Meta(ge=0, le=100, description="How many rotated files are kept.")] = 5


class GitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done for git."""

    exclude: Annotated[
        bool, Meta(description="Keep outputs that git does not track out of `git status`, by info/exclude.")
    ] = True


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `config.toml`. `targets` empty means the targets that are found to be in use."""

    targets: Annotated[
        tuple[str, ...],
        Meta(description="Targets of projects that were added without any; empty: those found to be in use."),
    ] = ()
    lock_timeout_s: Annotated[
        float, Meta(ge=0, description="How long to wait, in seconds, for a lock that another process holds.")
    ] = 10.0
    limits: LimitSettings = LimitSettings()
    watch: WatchSettings = WatchSettings()
    log: LogSettings = LogSettings()
    git: GitSettings = GitSettings()


def load(path: Path, *, targets: Collection[str] = ()) -> Config:
    """Read the settings; the defaults when there is no file.

    `targets` are the known identifiers, without which names of targets are not checked. Raises `ConfigError`, whose
    message names the file, the key and what would be right.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 at byte {error.start}", path=str(path)) from error
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", path=str(path)) from error
    try:
        document = _parse(text)
    except ValueError as error:  # tomllib.TOMLDecodeError, tomlkit's ParseError: both name line and column
        raise ConfigError(f"not TOML: {error}", path=str(path)) from error
    _refuse_unknown_keys(document, Config, path)
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(_readable(error), path=str(path), hint="See docs/config.schema.json") from error
    _refuse_unknown_targets(config, targets, path)
    return config


def schema() -> dict[str, Any]:
    """The JSON Schema of `config.toml`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Config)}


if sys.version_info >= (3, 11):
    import tomllib

    def _parse(text: str) -> dict[str, Any]:
        return tomllib.loads(text)

else:
    import tomlkit

    def _parse(text: str) -> dict[str, Any]:
        return tomlkit.parse(text).unwrap()


def _refuse_unknown_keys(
    document: Mapping[str, Any], section: type[msgspec.Struct], path: Path, prefix: str = ""
) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in document.items():
        if key not in fields:
            raise ConfigError(f"unknown key `{prefix}{key}`", path=str(path), hint=_nearest(key, fields, prefix))
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
            _refuse_unknown_keys(value, inner, path, f"{prefix}{key}.")


def _refuse_unknown_targets(config: Config, known: Collection[str], path: Path) -> None:
    for target in config.targets:
        if known and target not in known:
            hint = _nearest(target, known)
            raise ConfigError(f"targets: there is no target `{target}`", path=str(path), hint=hint)


def _nearest(word: str, known: Collection[str], prefix: str = "") -> str:
    """What was probably meant; everything there is, when nothing comes near."""
    if near := difflib.get_close_matches(word, known, n=1):
        return f"Did you mean `{prefix}{near[0]}`?"
    return "Known here: " + ", ".join(f"`{prefix}{name}`" for name in sorted(known))


def _readable(error: msgspec.ValidationError) -> str:
    """`limits.projects: expected `int`, got `str``, from msgspec's "Expected … - at `$.limits.projects`"."""
    what, _, place = str(error).rpartition(" - at ")
    if not what:
        return str(error)
    key = re.sub(r"^`\$\.?|`$", "", place)
    return f"{key}: {what[0].lower()}{what[1:]}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
