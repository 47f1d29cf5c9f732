"""What a command is given besides its command line."""

from __future__ import annotations

import os

from harnesssync_orchestrator.console import Console, visible
from harnesssync_orchestrator.ctl.projects import (
    absolute,
    bare_repository,
    resolve,
    user_scope,
    working_directory,
)
from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from harnesssync_orchestrator.ctl.options import Parsed
    from harnesssync_orchestrator.ctl.registry_view import Entry

    class OfflineRegistry(Protocol):
        """Changes of the registry when no supervisor is there to make them. Results are those of the methods."""

        def add(self, path: str, *, scope: str, targets: Sequence[str]) -> dict[str, Any]: ...
        def remove(self, path: str) -> dict[str, Any]: ...
        def trust(self, path: str, *, show: bool, revoke: bool) -> dict[str, Any]: ...
        def pause(self, path: str | None, *, paused: bool) -> dict[str, Any]: ...
        def problems(self) -> list[str]:
            """What is wrong with the registry. A corrupt one is set aside, which is said too."""
            ...


class Context:
    """The environment, and what only the composition root can give: the adapters' names, and the registry to write."""

    __slots__ = ("environ", "known_targets", "offline", "program")

    def __init__(
        self,
        *,
        program: str,
        environ: Mapping[str, str],
        known_targets: Callable[[], Sequence[str]],
        offline: Callable[[], OfflineRegistry],
    ) -> None:
        self.program = program
        self.environ = environ
        self.known_targets = known_targets
        self.offline = offline

    def console(self, parsed: Parsed) -> Console:
        return Console(verbose=parsed.flag("verbose"), environ=self.environ)

    def registry(self, console: Console) -> list[Entry]:
        """The registered projects that can be read; a warning about what can't."""
        from harnesssync_orchestrator.ctl.registry_view import (  # noqa: PLC0415 - a status seldom needs it
            UnreadableRegistryError,
            read,
        )

        try:
            return read(self.environ)
        except UnreadableRegistryError as error:
            for problem in self.offline().problems():
                console.warn(visible(problem))
            return error.entries

    def project(self, parsed: Parsed, console: Console) -> str:
        """The path of the project that the options speak of."""
        if parsed.flag("user"):
            if parsed.text("project"):
                raise UsageError("--user and --project name two different projects")
            return user_scope(self.environ)
        return resolve(parsed.text("project"), self.environ, lambda: self._paths(console))

    def argument(self, parsed: Parsed, console: Console) -> str:
        """The path of the project that the positional argument names; without one as `project` does."""
        if parsed.argument is None:
            return self.project(parsed, console)
        if parsed.flag("user") or parsed.text("project"):
            raise UsageError("PATH, --project and --user name different projects: give one of them")
        if absolute(parsed.argument, self.environ) == user_scope(self.environ):
            return user_scope(self.environ)
        return resolve(parsed.argument, self.environ, lambda: self._paths(console))

    def repository(self, parsed: Parsed, console: Console) -> str:
        """The path of the bare repository that the positional argument names, else as `argument` does."""
        named = parsed.argument or parsed.text("project")
        if not parsed.flag("user") and not (parsed.argument and parsed.text("project")):
            path = absolute(named, self.environ) if named else os.path.realpath(working_directory())
            if (bare := bare_repository(path)) is not None:
                return bare
        return self.argument(parsed, console)

    def scope(self, path: str) -> str:
        return "user" if path == user_scope(self.environ) else "project"

    def _paths(self, console: Console) -> set[str]:
        return {entry.path for entry in self.registry(console)}
