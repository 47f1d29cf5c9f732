"""Plugins: which are enabled, where they lie, and what their manifests say.

Observed with Claude Code 2.1.330: `enabledPlugins` of the settings decides; `plugins/installed_plugins.json` says
where the copy lies, except that a plugin of a marketplace which is a folder is read in that folder. `plugin.json` may
name further skills, and commands and agents to be read instead of those in `commands` and `agents`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Layer
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, shown
from harnesssync_orchestrator.files.discovery.settings import LayeredSettings
from harnesssync_orchestrator.files.opened import is_within

MANIFEST = Path(".claude-plugin", "plugin.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """An enabled plugin: `root` is the absolute path of its files, `manifest` its `plugin.json` (or catalogue entry).

    `manifest_file` is what messages about the manifest name.
    """

    name: str
    root: Path
    manifest: Mapping[str, Any]
    manifest_file: str
    ground: Ground

    @property
    def substitutions(self) -> dict[str, str]:
        """What its files may refer to, by name: Claude Code replaces it before anything else."""
        return {"CLAUDE_PLUGIN_ROOT": str(self.root)}


def find_plugins(
    settings: LayeredSettings, layers: frozenset[Layer], root: str, places: Places, reader: Reader
) -> Iterator[Plugin]:
    """The plugins that a file of one of `layers` enables, by identifier; `root` is the project's or the home."""
    enabled = {
        identifier: chosen
        for identifier, (value, chosen) in settings.merged("enabledPlugins").items()
        if value is True and chosen.ground.layer in layers
    }
    if not enabled:
        return
    ground = Ground(layer=Layer.USER, boundary=None, private=True)
    installed = _Installed(
        copies=_entries(reader.table(str(places.plugins_dir / "installed_plugins.json"), ground), "plugins"),
        marketplaces=reader.table(str(places.plugins_dir / "known_marketplaces.json"), ground) or {},
    )
    for identifier, chosen in sorted(enabled.items()):
        name, _, marketplace = identifier.rpartition("@")
        reason = why_unsafe(name) or why_unsafe(marketplace)
        if reason is not None:
            hint = "Write it as `name@marketplace`."
            reader.report("name_unsafe", f"the plugin {shown(identifier)} can't be used: {reason}", chosen.file, hint)
            continue
        entry = _catalogue_entry(name, marketplace, installed, reader)
        place = _directory_of(entry, marketplace, installed) or _copy_of(identifier, root, installed)
        if place is None or not Path(place).is_dir():
            reader.report(
                "plugin_missing",
                f"the plugin {identifier} is enabled but not installed",
                chosen.file,
                f"Run `claude plugin install {identifier}`.",
            )
            continue
        yield _read_plugin(name, identifier, place, entry, private=chosen.ground.private, reader=reader)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    copies: Mapping[str, Any]
    marketplaces: Mapping[str, Any]


def _read_plugin(
    name: str, identifier: str, place: str, entry: Mapping[str, Any], *, private: bool, reader: Reader
) -> Plugin:
    ground = Ground(layer=Layer.PLUGIN, boundary=os.path.realpath(place), private=private, plugin=identifier)
    file = str(Path(place, MANIFEST))
    manifest = reader.table(file, ground)
    return Plugin(
        name=name,
        root=Path(place),
        manifest={**entry, **(manifest or {})},
        manifest_file=file,
        ground=ground,
    )


def _entries(table: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    value = (table or {}).get(key)
    return value if isinstance(value, dict) else {}


def _copy_of(identifier: str, root: str, installed: _Installed) -> str | None:
    """Where the installed copy lies: one made for this project before one of the user."""
    copies = installed.copies.get(identifier)
    candidates = [copy for copy in (copies if isinstance(copies, list) else [copies]) if isinstance(copy, dict)]
    candidates.sort(key=lambda copy: copy.get("projectPath") != root)
    for copy in candidates:
        place = copy.get("installPath")
        if isinstance(place, str) and Path(place).is_absolute() and "\0" not in place:
            return place
    return None


def _catalogue_entry(name: str, marketplace: str, installed: _Installed, reader: Reader) -> Mapping[str, Any]:
    """What the marketplace's catalogue says of the plugin; empty if there is no catalogue, or it says nothing."""
    known = installed.marketplaces.get(marketplace)
    location = known.get("installLocation") if isinstance(known, dict) else None
    if not isinstance(location, str) or "\0" in location:
        return {}
    ground = Ground(layer=Layer.USER, boundary=None, private=True)
    catalogue = reader.table(str(Path(location, ".claude-plugin", "marketplace.json")), ground) or {}
    plugins = catalogue.get("plugins")
    for entry in plugins if isinstance(plugins, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            return entry
    return {}


def _directory_of(entry: Mapping[str, Any], marketplace: str, installed: _Installed) -> str | None:
    """The plugin's own folder, if its marketplace is a folder on this machine."""
    known = installed.marketplaces.get(marketplace)
    source = known.get("source") if isinstance(known, dict) else None
    if not isinstance(source, dict) or source.get("source") != "directory":
        return None
    location = known.get("installLocation") if isinstance(known, dict) else None
    relative = entry.get("source")
    if not isinstance(location, str) or not isinstance(relative, str) or "\0" in relative:
        return None
    place = os.path.normpath(Path(location, relative))
    return place if is_within(place, os.path.normpath(location)) else None


def component_paths(plugin: Plugin, key: str, reader: Reader) -> tuple[Path, ...] | None:
    """The paths that the manifest gives under `key` (`skills`, `commands`, …); None if it gives none.

    A path that leads out of the plugin is reported and left out. Inline definitions are for the caller.
    """
    value = plugin.manifest.get(key)
    written = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if isinstance(value, dict):  # commands by name: {"deploy": {"source": "./deploy.md"}}
        written = [inner.get("source") for inner in value.values() if isinstance(inner, dict)]
    paths = [text for text in written if isinstance(text, str)]
    if not paths:
        return None
    found: list[Path] = []
    for text in paths:
        place = os.path.normpath(plugin.root / text) if "\0" not in text else ""
        if not is_within(place, os.path.normpath(plugin.root)):
            message = f"the path {shown(text)} under `{key}` leads out of the plugin {plugin.name}"
            reader.report("plugin_invalid", message, plugin.manifest_file, "Write it as `./…`.")
            continue
        found.append(Path(place))
    return tuple(found)


def inline_tables(plugin: Plugin, key: str) -> tuple[Mapping[str, Any], ...]:
    """The tables that the manifest itself holds under `key` (`mcpServers`, `hooks`)."""
    value = plugin.manifest.get(key)
    values = value if isinstance(value, list) else [value]
    return tuple(inner for inner in values if isinstance(inner, dict))
