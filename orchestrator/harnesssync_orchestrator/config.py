"""The settings of `config.toml`: parsed, checked and named; what is not written there has its default.

An unknown key is an error that names the nearest right one, so that a misspelt setting is not silently ignored. Every
error names the file, the line and what would be right.
The JSON Schema of the file, for editors, is `docs/config.schema.json`: `python -m harnesssync_orchestrator.config`
prints it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from harnesssync_orchestrator.config_checks import refuse_relative_paths, refuse_unknown_targets
from harnesssync_orchestrator.config_places import ANY, Source, nearest, parts, place_and_message, right_values
from harnesssync_orchestrator.config_toml import parse
from harnesssync_orchestrator.core.drift import Policies, Policy, ProjectPolicies
from harnesssync_orchestrator.core.items import INHERITABLE
from harnesssync_orchestrator.errors import ConfigError


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much happens at once. Each is a separate limit: work of one kind never starves another."""

    projects: Annotated[
        int, Meta(ge=1, le=1024, description="Projects synced at the same time, and one that was edited.")
    ] = 4
    hashing: Annotated[int, Meta(ge=1, le=256, description="Threads that read and hash sources.")] = 2
    linking: Annotated[int, Meta(ge=1, le=256, description="Linkers that write outputs at the same time.")] = 4
    ledgers: Annotated[int, Meta(ge=1, le=256, description="Ledgers that are saved at the same time.")] = 2


class WatchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When an edit becomes a sync."""

    settle_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="Quiet time, in milliseconds, after the last of several edits before a sync starts. After one "
            "edit by itself less than a quarter of it will do.",
        ),
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


ExcludeName = Literal["info", "gitignore", "off"]


class GitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done for git."""

    exclude: Annotated[
        ExcludeName | bool,
        Meta(
            description="What keeps outputs that git does not track out of `git status`. info (or true): a block in "
            "info/exclude, which is never committed. gitignore: one in the .gitignore at the top of the worktree, but "
            "for what is private. off (or false): nothing."
        ),
    ] = "info"

    @property
    def excludes(self) -> ExcludeName:
        """`exclude`, by its name."""
        if isinstance(self.exclude, bool):
            return "info" if self.exclude else "off"
        return self.exclude


InheritableName = Literal["skills", "agents", "commands", "rules", "mcp", "files"]


class WorktreeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done about the other worktrees of a repository."""

    follow: Annotated[
        bool,
        Meta(description="Serve all linked worktrees of a repository of which one was added, as they come and go."),
    ] = True
    roots: Annotated[
        tuple[str, ...],
        Meta(
            description="Folders whose git repositories are registered by themselves, as far as they use Claude Code; "
            "they are not trusted by that. Absolute paths; `~` is the home directory."
        ),
    ] = ()
    depth: Annotated[
        int, Meta(ge=1, le=16, description="How many folders deep repositories are looked for, below each root.")
    ] = 4
    inherit: Annotated[
        bool | tuple[InheritableName, ...],
        Meta(
            description="What linked worktrees get of the main checkout's configuration of Claude Code that git does "
            "not carry there: all of it, nothing, or only these kinds."
        ),
    ] = True

    @property
    def inherits(self) -> frozenset[str]:
        """`inherit`, as the kinds that it stands for."""
        if isinstance(self.inherit, bool):
            return frozenset(INHERITABLE if self.inherit else ())
        return frozenset(self.inherit)


PolicyName = Literal["ask", "restore", "adopt"]


class DriftOfProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done about edited outputs in one project; it beats what is said in general."""

    policy: Annotated[PolicyName | None, Meta(description="As `drift.policy`, for this project.")] = None
    targets: Annotated[
        dict[str, PolicyName], Meta(description="As `drift.policy`, for outputs of one target in this project.")
    ] = msgspec.field(default_factory=dict)


class DriftSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done about outputs that somebody edited. No repository can set this."""

    policy: Annotated[
        PolicyName,
        Meta(
            description="ask: leave an edited output alone, and tell. restore: write ours again; the edit stays in the "
            "history. adopt: take the edit into the source, where that gives exactly the edited output; else ask."
        ),
    ] = "ask"
    targets: Annotated[dict[str, PolicyName], Meta(description="As `drift.policy`, for outputs of one target.")] = (
        msgspec.field(default_factory=dict)
    )
    projects: Annotated[
        dict[str, DriftOfProject],
        Meta(description="By the absolute path of a worktree, or of the home directory; `~` is the home directory."),
    ] = msgspec.field(default_factory=dict)


class HistorySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long what syncs replaced and removed is kept, for `harnesssync undo`."""

    keep: Annotated[
        int, Meta(ge=1, le=1000, description="Syncs that changed something, kept for each project at least.")
    ] = 20
    days: Annotated[int, Meta(ge=1, description="Days after which they are not kept any more.")] = 30


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
    worktrees: WorktreeSettings = WorktreeSettings()
    history: HistorySettings = HistorySettings()
    drift: DriftSettings = DriftSettings()

    def roots(self, home: Path) -> tuple[str, ...]:
        """`worktrees.roots`, resolved, each once. `home` is what `~` stands for."""
        return tuple(dict.fromkeys(_resolved(path, home) for path in self.worktrees.roots))

    def policies(self, home: Path) -> Policies:
        """`drift`, with its projects by resolved path. `home` is what `~` stands for."""
        drift = self.drift
        return Policies(
            policy=Policy(drift.policy),
            targets=_by_target(drift.targets),
            projects={
                _resolved(path, home): ProjectPolicies(
                    policy=None if own.policy is None else Policy(own.policy), targets=_by_target(own.targets)
                )
                for path, own in drift.projects.items()
            },
        )


def _by_target(policies: Mapping[str, PolicyName]) -> dict[str, Policy]:
    return {target: Policy(name) for target, name in policies.items()}


def _resolved(path: str, home: Path) -> str:
    absolute = home / path[2:] if path.startswith("~/") else home if path == "~" else Path(path)
    try:
        return str(absolute.resolve())
    except (OSError, RuntimeError):  # a loop of links (RuntimeError up to Python 3.12)
        return str(absolute)


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
        document = parse(text)
    except ValueError as error:  # tomllib.TOMLDecodeError, tomlkit's ParseError: both name line and column
        raise ConfigError(f"not TOML: {error}", path=str(path)) from error
    source = Source(path, text)
    _refuse_unknown_keys(document, Config, source)
    try:
        config = msgspec.convert(document, Config)
    except msgspec.ValidationError as error:
        key, message = place_and_message(error)
        place = parts(key)
        known = place[: place.index(ANY)] if ANY in place else place
        raise source.error(known, f"{key}: {message}", hint=right_values(place, schema())) from error
    refuse_unknown_targets(config, targets, source)
    refuse_relative_paths(config, source)
    return config


def schema() -> dict[str, Any]:
    """The JSON Schema of `config.toml`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Config)}


def _refuse_unknown_keys(
    document: Mapping[str, Any], section: type[msgspec.Struct], source: Source, table: tuple[str, ...] = ()
) -> None:
    prefix = "".join(f"{name}." for name in table)
    fields = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in document.items():
        if key not in fields:
            raise source.error((*table, key), f"unknown key `{prefix}{key}`", hint=nearest(key, fields, prefix))
        inner = fields[key]
        if not isinstance(value, dict):
            continue
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _refuse_unknown_keys(value, inner, source, (*table, key))
        elif DriftOfProject in get_args(get_args(inner)[0] if get_origin(inner) is Annotated else inner):
            for name, settings in value.items():
                if isinstance(settings, dict):
                    _refuse_unknown_keys(settings, DriftOfProject, source, (*table, key, name))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
