"""What is wrong with settings that are well-formed: names of targets, and paths."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from harnesssync_orchestrator.config_places import Source, nearest

if TYPE_CHECKING:
    from harnesssync_orchestrator.config import Config


def refuse_unknown_targets(config: Config, known: Collection[str], source: Source) -> None:
    """Raises `ConfigError` for a target that is not among the `known` ones, if any are."""
    named: list[tuple[tuple[str, ...], str]] = [(("targets",), target) for target in config.targets]
    named += [(("drift", "targets", target), target) for target in config.drift.targets]
    for path, own in config.drift.projects.items():
        named += [(("drift", "projects", path, "targets", target), target) for target in own.targets]
    for place, target in named:
        if known and target not in known:
            table = place if place[-1] != target else place[:-1]
            message = f"{'.'.join(table)}: there is no target `{target}`"
            raise source.error(place, message, hint=nearest(target, known))


def refuse_relative_paths(config: Config, source: Source) -> None:
    """Raises `ConfigError` for a folder that would be another one in each working directory."""
    named: list[tuple[tuple[str, ...], str]] = [(("drift", "projects", path), path) for path in config.drift.projects]
    named += [(("worktrees", "roots"), path) for path in config.worktrees.roots]
    for place, path in named:
        if not path.startswith(("/", "~/")) and path != "~" and not Path(path).is_absolute():
            message = f"{place[0]}.{place[1]}: `{path}` is not an absolute path"
            raise source.error(place, message, hint="Begin it with `/` or `~/`")
