"""All layers of a scope, from the outermost to the innermost, put together as Claude Code does."""

from __future__ import annotations

import stat
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from harnesssync_orchestrator.core.items import Hook, Item, Layer, LocalFile, McpServer, Scope, Skill
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.files.discovery.hooks import HookReader
from harnesssync_orchestrator.files.discovery.included import read_included
from harnesssync_orchestrator.files.discovery.inheritance import (
    SERVERS,
    Inheritance,
    find_inheritance,
)
from harnesssync_orchestrator.files.discovery.main_checkout import MainCheckout
from harnesssync_orchestrator.files.discovery.mcp import read_servers
from harnesssync_orchestrator.files.discovery.mcp_policy import permitted
from harnesssync_orchestrator.files.discovery.named import Base, project_bases, read_named
from harnesssync_orchestrator.files.discovery.permissions import read_permissions
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.files.discovery.plugin_items import (
    read_plugin_hooks,
    read_plugin_servers,
)
from harnesssync_orchestrator.files.discovery.plugins import Plugin, find_plugins
from harnesssync_orchestrator.files.discovery.reach import Reach
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.discovery.result import Discovery
from harnesssync_orchestrator.files.discovery.rules import (
    each_once,
    read_inherited_rules,
    read_managed_rules,
    read_project_rules,
    read_user_rules,
    without_excluded,
)
from harnesssync_orchestrator.files.discovery.settings import (
    LayeredSettings,
    Settings,
    read_environment,
    read_managed_settings,
    read_settings,
)
from harnesssync_orchestrator.files.reading import NOTHING_THERE, Looked

MAX_STATE_BYTES = 64 * 1024 * 1024
"""`.claude.json` also holds the history of every project, and grows for years."""

MANAGED = Ground(layer=Layer.MANAGED, boundary=None, private=True)
USER = Ground(layer=Layer.USER, boundary=None, private=True)


def discover(
    scope: Scope,
    root: Path,
    places: Places,
    looked: Looked,
    *,
    allowed: Container[str] = frozenset(),
    doubted: Container[str] = frozenset(),
    made: Container[str] = frozenset(),
) -> Discovery:
    """Read everything that Claude Code would read for a scope. Blocks, so it belongs into a thread.

    `root` is the resolved worktree, or the home directory for the user scope. A project yields what its own and
    its local files, the plugins that those enable, and its main checkout say; a user scope what the user's and an
    administrator's files and the plugins that those enable say. What is wrong is a `Problem`.
    Raises OSError only if the root can't be looked at: it may be there, with everything in it, even if a person has
    confirmed that much goes.

    A link or an import that leads out of a project is followed only if its mark is among the `allowed` ones; the marks
    of all of them are the keys of `Discovery.reaches`. What is behind those that are `doubted` is not read either, but
    not taken for gone. `made` are the paths, below the root, of links of ours to what a linked worktree inherits.
    """
    reader = Reader(looked, Reach(allowed, doubted))
    if not _is_folder(root, looked):
        return Discovery(source=Source(scope=scope, root=str(root), present=False))
    read = _read_project(root, places, reader, made) if scope is Scope.PROJECT else _read_user(root, places, reader)
    items = tuple(read)
    files = _read_files(root, places, reader, made) if scope is Scope.PROJECT else ()
    used = {item.source for item in items if isinstance(item, Skill)}
    return Discovery(
        source=Source(
            scope=scope, root=str(root), items=items, problems=tuple(dict.fromkeys(reader.problems)), files=files
        ),
        trees={folder: tree for folder, tree in reader.trees.items() if folder in used},
        reaches=reader.reach.marks,
    )


def _is_folder(root: Path, looked: Looked) -> bool:
    """Recorded only if it is not there: a home directory changes with every history file that a shell saves in it."""
    try:
        if stat.S_ISDIR(root.stat().st_mode):
            return True
    except OSError as error:
        if error.errno not in NOTHING_THERE:
            raise
    looked.lstat(str(root))
    return False


def _read_files(root: Path, places: Places, reader: Reader, made: Container[str]) -> tuple[LocalFile, ...]:
    main = MainCheckout.of(str(root), reader.looked) if "files" in places.inherits else None
    return () if main is None else tuple(read_included(main, reader, made))


def _read_user(home: Path, places: Places, reader: Reader) -> Iterator[Item]:
    settings = LayeredSettings(
        files=(
            *read_managed_settings(places.managed_dir, MANAGED, reader),
            *read_settings(places.config_dir / "settings.json", USER, reader),
        )
    )
    layers = frozenset({Layer.MANAGED, Layer.USER})
    plugins = tuple(find_plugins(settings, layers, str(home), places, reader))
    bases = (
        Base(folder=places.managed_dir / ".claude", ground=MANAGED),
        Base(folder=places.config_dir, ground=USER),
    )
    rules = (
        *read_managed_rules(places.managed_dir, MANAGED, reader, places.home),
        *read_user_rules(places.config_dir, ".claude", USER, reader, places.home),
    )
    yield from without_excluded(each_once(rules), settings)
    yield from read_named(((base, base, base) for base in bases), plugins, settings, reader)
    yield from permitted(_read_user_servers(places, plugins, reader), settings)
    yield from read_permissions(settings, Scope.USER, reader)
    yield from _read_hooks(settings, settings.files, plugins, reader)
    yield from read_environment((*settings.of(Layer.USER), *settings.of(Layer.MANAGED)), reader)


def _read_project(root: Path, places: Places, reader: Reader, made: Container[str]) -> Iterator[Item]:
    boundary = reader.looked.real(str(root))
    main = MainCheckout.of(str(root), reader.looked)
    shared = Ground(layer=Layer.PROJECT, boundary=boundary, main=main)
    local = Ground(layer=Layer.LOCAL, boundary=boundary, private=True, main=main)
    inheritance = None if main is None else find_inheritance(main, places.inherits, reader, made)
    settings = LayeredSettings(files=tuple(_read_project_settings(root, places, inheritance, shared, local, reader)))
    own_layers = frozenset({Layer.PROJECT, Layer.INHERITED, Layer.LOCAL})
    own = settings.of(Layer.PROJECT, Layer.INHERITED, Layer.LOCAL)
    plugins = tuple(find_plugins(settings, own_layers, main.path if main else str(root), places, reader))

    inherited = read_inherited_rules(inheritance, shared, reader, places.home) if inheritance else ()
    rules = (*inherited, *read_project_rules(str(root), shared, local, reader, places.home))
    yield from without_excluded(each_once(rules), settings)
    yield from read_named(project_bases(root, shared, inheritance), plugins, settings, reader)
    servers = _read_project_servers(root, inheritance, places, settings, plugins, shared, reader)
    yield from permitted(servers, settings)
    yield from read_permissions(settings, Scope.PROJECT, reader)
    yield from _read_hooks(settings, own, plugins, reader)
    yield from read_environment(own, reader)


def _read_project_settings(
    root: Path,
    places: Places,
    inheritance: Inheritance | None,
    shared: Ground,
    local: Ground,
    reader: Reader,
) -> Iterator[Settings]:
    yield from read_managed_settings(places.managed_dir, MANAGED, reader)
    yield from read_settings(places.config_dir / "settings.json", USER, reader)
    for name, ground in (("settings.json", shared), ("settings.local.json", local)):
        path, is_local = root / ".claude" / name, ground is local
        is_lent = reader.is_lent(str(path), ground)
        if inheritance is not None and (is_local or is_lent):
            yield from read_settings(Path(inheritance.main.path, ".claude", name), inheritance.whole, reader)
        if not is_lent:
            yield from read_settings(path, ground, reader)


def _read_user_servers(places: Places, plugins: tuple[Plugin, ...], reader: Reader) -> Iterator[McpServer]:
    managed_file = str(places.managed_dir / "managed-mcp.json")
    managed = reader.table(managed_file, MANAGED)
    if managed is not None:
        yield from read_servers(managed, managed_file, MANAGED, reader)
        return
    for plugin in plugins:
        yield from read_plugin_servers(plugin, reader)
    state = reader.table(str(places.state_file), USER, limit=MAX_STATE_BYTES) or {}
    if "mcpServers" in state:
        yield from read_servers(state, str(places.state_file), USER, reader)


def _read_project_servers(
    root: Path,
    inheritance: Inheritance | None,
    places: Places,
    settings: LayeredSettings,
    plugins: tuple[Plugin, ...],
    shared: Ground,
    reader: Reader,
) -> Iterator[McpServer]:
    if reader.table(str(places.managed_dir / "managed-mcp.json"), MANAGED) is not None:
        return  # an administrator's servers are then the only ones
    state = reader.table(str(places.state_file), USER, limit=MAX_STATE_BYTES) or {}
    entry = _project_entry(state, str(root), inheritance.main.path if inheritance else None)
    off = settings.joined("disabledMcpjsonServers") | _text_set(entry, "disabledMcpjsonServers")
    toggled_off = _text_set(entry, "disabledMcpServers")
    servers: dict[str, McpServer] = {}
    for plugin in plugins:
        for server in read_plugin_servers(plugin, reader):
            servers[server.name] = server
    mcp_file, ground = str(root / SERVERS), shared
    if inheritance is not None and inheritance.has(SERVERS):
        mcp_file, ground = f"{inheritance.main.path}/{SERVERS}", inheritance.parts
    table = None if reader.is_lent(mcp_file, ground) else reader.table(mcp_file, ground)
    if table is not None:
        for server in read_servers(table, mcp_file, ground, reader, switched_off=off | toggled_off):
            servers[server.name] = server
    if "mcpServers" in entry:
        private = Ground(layer=Layer.LOCAL, boundary=None, private=True)
        for server in read_servers(entry, str(places.state_file), private, reader, switched_off=toggled_off):
            servers[server.name] = server
    yield from servers.values()


def _project_entry(state: dict[str, Any], root: str, main: str | None) -> dict[str, Any]:
    """What `.claude.json` keeps for a project; a linked worktree has the entry of its main checkout."""
    projects = state.get("projects")
    entry = projects.get(main or root) if isinstance(projects, dict) else None
    return entry if isinstance(entry, dict) else {}


def _text_set(table: dict[str, Any], key: str) -> frozenset[str]:
    value = table.get(key)
    return frozenset(text for text in value if isinstance(text, str)) if isinstance(value, list) else frozenset()


def _read_hooks(
    settings: LayeredSettings, files: tuple[Settings, ...], plugins: tuple[Plugin, ...], reader: Reader
) -> Iterator[Hook]:
    """The hooks of `files` and `plugins`. An administrator's own can't be switched off by anybody else."""
    hooks = HookReader(reader)
    only_managed = settings.managed_only("allowManagedHooksOnly")
    if settings.disables_hooks():
        if settings.managed_only("disableAllHooks"):
            return
        only_managed = True
    for file in files:
        if file.ground.layer is Layer.MANAGED or not only_managed:
            yield from hooks.read(file.table.get("hooks"), file.file, file.ground)
    if not only_managed:
        for plugin in plugins:
            yield from read_plugin_hooks(plugin, hooks)
