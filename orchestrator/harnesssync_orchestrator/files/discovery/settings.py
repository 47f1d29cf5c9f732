"""Settings files of all layers, read as Claude Code reads them.

Observed with Claude Code 2.1.330: a file that is no strict JSON, or in which a whole section has the wrong type, is
ignored as a whole; a single wrong entry in a list or an unknown hook only as that. Lists of all layers are joined;
of single values that of the innermost layer counts, and that of an administrator over all. A linked worktree also
obeys the `settings.local.json` of its main checkout. Files in `managed-settings.d` come after `managed-settings.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harnesssync_orchestrator.core.items import EnvironmentVariable, Layer
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, shown

_SECTIONS: Mapping[str, type] = {
    "env": dict,
    "hooks": dict,
    "permissions": dict,
    "enabledPlugins": dict,
    "skillOverrides": dict,
    "enabledMcpjsonServers": list,
    "disabledMcpjsonServers": list,
}
_Value = TypeVar("_Value")

_PERMISSION_LISTS = ("allow", "ask", "deny", "additionalDirectories")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The usable content of one settings file."""

    file: str
    ground: Ground
    table: Mapping[str, Any]

    def section(self, key: str) -> Mapping[str, Any]:
        """A section that is a table; empty if it is missing."""
        value = self.table.get(key)
        return value if isinstance(value, dict) else {}

    def texts(self, key: str) -> tuple[str, ...]:
        """A setting that is a list of texts; what else is in it is left out."""
        value = self.table.get(key)
        return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayeredSettings:
    """The settings files that bind somewhere, outer layers first; an administrator's are `managed`."""

    files: tuple[Settings, ...]

    def of(self, *layers: Layer) -> tuple[Settings, ...]:
        return tuple(settings for settings in self.files if settings.ground.layer in layers)

    def scalar(self, key: str) -> object:
        """The value of `key` that counts: an administrator's, or else the innermost; None if nobody sets it."""
        value: object = self.effective(lambda settings: settings.table.get(key))
        return value

    def effective(self, pick: Callable[[Settings], _Value | None]) -> _Value | None:
        """What `pick` gives for the file that counts, ignoring those for which it gives None."""
        managed = self.of(Layer.MANAGED)
        others = [settings for settings in self.files if settings.ground.layer is not Layer.MANAGED]
        for settings in (*reversed(managed), *reversed(others)):
            value = pick(settings)
            if value is not None:
                return value
        return None

    def joined(self, key: str) -> frozenset[str]:
        """The texts in the lists under `key` of all layers."""
        return frozenset(text for settings in self.files for text in settings.texts(key))

    def merged(self, section: str) -> dict[str, tuple[Any, Settings]]:
        """The entries of a table, each with the file whose value counts."""
        merged: dict[str, tuple[Any, Settings]] = {}
        managed = self.of(Layer.MANAGED)
        others = [settings for settings in self.files if settings.ground.layer is not Layer.MANAGED]
        for settings in (*others, *managed):
            for key, value in settings.section(section).items():
                merged[key] = (value, settings)
        return merged

    def disables_hooks(self) -> bool:
        return self.scalar("disableAllHooks") is True

    def managed_only(self, key: str) -> bool:
        """Does an administrator set `key` (`allowManagedHooksOnly`)? From others it has no effect."""
        return any(settings.table.get(key) is True for settings in self.of(Layer.MANAGED))


def read_settings(path: Path, ground: Ground, reader: Reader) -> Iterator[Settings]:
    """The settings file at `path`, if it is there and usable."""
    file = str(path)
    table = reader.table(file, ground)
    if table is None:
        return
    for key, expected in _SECTIONS.items():
        if key in table and not isinstance(table[key], expected):
            _report_section(key, expected, file, reader)
            return
    permissions = table.get("permissions", {})
    for key in _PERMISSION_LISTS:
        if key in permissions and not isinstance(permissions[key], list):
            _report_section(f"permissions.{key}", list, file, reader)
            return
    yield Settings(file=file, ground=ground, table=table)


def read_managed_settings(managed_dir: Path, ground: Ground, reader: Reader) -> Iterator[Settings]:
    """An administrator's settings: `managed-settings.json`, then `managed-settings.d/*.json` by name."""
    yield from read_settings(managed_dir / "managed-settings.json", ground, reader)
    for entry in reader.entries(str(managed_dir / "managed-settings.d"), ground):
        if entry.name.endswith(".json") and not entry.name.startswith("."):
            yield from read_settings(Path(entry.path), ground, reader)


def read_environment(files: Sequence[Settings], reader: Reader) -> tuple[EnvironmentVariable, ...]:
    """The variables under `env`: the last file that sets one counts, so pass outer layers first."""
    variables: dict[str, EnvironmentVariable] = {}
    for settings in files:
        for name, value in settings.section("env").items():
            text = _as_text(value)
            if text is None or not name or "=" in name or "\0" in name + text:
                reader.report(
                    "environment_invalid",
                    f"the environment variable {shown(name)} has no usable value",
                    settings.file,
                    "Give it a text.",
                )
                continue
            origin = settings.ground.origin(settings.file)
            variables.pop(name, None)
            variables[name] = EnvironmentVariable(name=name, origin=origin, value=text)
    return tuple(variables[name] for name in sorted(variables))


def switched_off_skills(layers: Iterable[LayeredSettings]) -> frozenset[str]:
    """The skills for which `skillOverrides` says `off`."""
    return frozenset(
        name for settings in layers for name, (value, _) in settings.merged("skillOverrides").items() if value == "off"
    )


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _report_section(key: str, expected: type, file: str, reader: Reader) -> None:
    wanted = "a table `{…}`" if expected is dict else "a list `[…]`"
    reader.report(
        "settings_invalid",
        f"`{key}` is not {wanted}, so Claude Code ignores the whole file",
        file,
        f"Write `{key}` as {wanted}.",
    )
