"""The settings of `config.toml`: parsed, checked and named; what is not written there has its default.

An unknown key is an error that names the nearest right one, so that a misspelt setting is not silently ignored. Every
error names the file, the line and what would be right.
The JSON Schema of the file, for editors, is `docs/config.schema.json`: `python -m harnesssync_orchestrator.config`
prints it.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
        content = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(
            f"can't be read: {error.strerror}", path=str(path), hint="Make it a file that you may read, or remove it"
        ) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"line {line}: not UTF-8 at byte {error.start}"
        raise ConfigError(message, path=str(path), hint="Save the file as UTF-8") from error
    try:
        document = _parse(text)
    except ValueError as error:  # tomllib.TOMLDecodeError, tomlkit's ParseError: both name line and column
        raise ConfigError(f"not TOML: {error}", path=str(path)) from error
    source = _Source(path, text)
    _refuse_unknown_keys(document, Config, source)
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        key, message = _place_and_message(error)
        place = tuple(key.partition("[")[0].split("."))
        raise source.error(place, f"{key}: {message}", hint=_right_values(place)) from error
    _refuse_unknown_targets(config, targets, source)
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


_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]")
_NAME = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_ASSIGNMENT = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of the file, for the lines that errors name."""

    path: Path
    text: str

    def error(self, key: tuple[str, ...], message: str, *, hint: str) -> ConfigError:
        """The error about a key, such as `("limits", "projects")`."""
        line = self.line(key)
        place = f"line {line}: " if line else ""
        return ConfigError(place + message, path=str(self.path), hint=hint)

    def line(self, key: tuple[str, ...]) -> int:
        """Where a key stands, or the table around it that is written on one line; 0 if it is not found.

        Neither parser keeps lines, so that the text is looked through once more; it is known to be right TOML.
        """
        found, length, inside = 0, 0, ""
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.text.split("\n"), start=1):
            opens = not inside
            for quotes in re.findall(r"\"{3}|'{3}", line):
                inside = "" if quotes == inside else inside or quotes
            if not opens:
                continue
            here = table
            if header := _HEADER.match(line):
                here = table = _names(header[1])
            elif assignment := _ASSIGNMENT.match(line):
                here = (*table, *_names(assignment[1]))
            shared = min(len(here), len(key))
            if shared > length and here[:shared] == key[:shared]:
                found, length = number, shared
        return found


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _NAME.findall(dotted))


def _refuse_unknown_keys(
    document: Mapping[str, Any], section: type[msgspec.Struct], source: _Source, table: tuple[str, ...] = ()
) -> None:
    prefix = "".join(f"{name}." for name in table)
    fields = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in document.items():
        if key not in fields:
            raise source.error((*table, key), f"unknown key `{prefix}{key}`", hint=_nearest(key, fields, prefix))
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
            _refuse_unknown_keys(value, inner, source, (*table, key))


def _refuse_unknown_targets(config: Config, known: Collection[str], source: _Source) -> None:
    for target in config.targets:
        if known and target not in known:
            message = f"targets: there is no target `{target}`"
            raise source.error(("targets",), message, hint=_nearest(target, known))


def _nearest(word: str, known: Collection[str], prefix: str = "") -> str:
    """What was probably meant; everything there is, when nothing comes near."""
    if near := difflib.get_close_matches(word, known, n=1):
        return f"Did you mean `{prefix}{near[0]}`?"
    return "Known here: " + ", ".join(f"`{prefix}{name}`" for name in sorted(known))


def _place_and_message(error: msgspec.ValidationError) -> tuple[str, str]:
    """`limits.projects` and `expected `int`, got `str``, from msgspec's "Expected … - at `$.limits.projects`"."""
    what, _, place = str(error).rpartition(" - at ")
    return re.sub(r"^`\$\.?|`$", "", place), f"{what[0].lower()}{what[1:]}"


def _right_values(key: tuple[str, ...]) -> str:
    """What may stand at a key, in words: straight from the schema."""
    definitions = schema()["$defs"]
    node = definitions["Config"]
    for name in key:
        node = node["properties"][name]
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
    if "enum" in node:
        return "Allowed are " + ", ".join(f'"{value}"' for value in node["enum"])
    kind = next((each["type"] for each in node.get("anyOf", ()) if each["type"] != "null"), node.get("type"))
    limits = [f"{word} {node[name]}" for word, name in (("from", "minimum"), ("up to", "maximum")) if name in node]
    return "Allowed is " + " ".join([_KINDS[kind], *limits])


_KINDS = {
    "array": 'a list of texts in quotes, such as ["codex", "gemini"]',
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table, whose name stands in brackets on a line of its own",
    "string": "a text in quotes",
}
"""Types of JSON Schema, as people write them in TOML."""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
