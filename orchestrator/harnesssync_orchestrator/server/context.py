"""What a method of the control socket is given: the supervisor, whom the socket is for, and the parameters, checked."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harnesssync_orchestrator.server.errors import NotAllowedError, ParameterError
from harnesssync_orchestrator.service.supervisor import Supervisor

LONGEST_TEXT = 4096
"""Bytes of a parameter: as long as a path may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request. `scope` is the id of the project that the socket is for, None on the control socket.
    `allowed` are the methods that this socket takes."""

    supervisor: Supervisor
    params: Mapping[str, Any]
    scope: str | None
    allowed: frozenset[str]

    # --- parameters ---

    def text(self, name: str) -> str | None:
        value: str | None = self._of_type(name, str, "a string")
        return None if value is None else _usable(name, value)

    def flag(self, name: str, *, default: bool | None = None) -> bool | None:
        value: bool | None = self._of_type(name, bool, "true or false")
        return default if value is None else value

    def seconds(self, name: str, *, default: float) -> float:
        value = self.params.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 86400:
            raise ParameterError(f"{name} is a number of seconds, up to a day")
        return float(value)

    def number(self, name: str) -> int | None:
        value = self.params.get(name)
        if value is not None and type(value) is not int:
            raise ParameterError(f"{name} is a whole number")
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        value = self.params.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ParameterError(f"{name} is a list of strings")
        return tuple(_usable(name, item) for item in value)

    def _of_type(self, name: str, kind: type, words: str) -> Any:  # noqa: ANN401 - of the type asked for
        value = self.params.get(name)
        if value is not None and not isinstance(value, kind):
            raise ParameterError(f"{name} is {words}")
        return value

    # --- projects ---

    def project(self) -> str | None:
        """The id that `project` names; on a project's own socket that one. None means all of them."""
        named = self.text("project")
        return self.scope if named is None else self._allowed(self.supervisor.find(named))

    def projects(self) -> list[str]:
        """The ids that `projects` names, each once; absent: all, or on a project's own socket that one."""
        named = self.texts("projects")
        if named is None:
            return self.supervisor.ids() if self.scope is None else [self.supervisor.find(self.scope)]
        return list(dict.fromkeys(self._allowed(self.supervisor.find(name)) for name in named))

    def _allowed(self, identifier: str) -> str:
        if self.scope not in {None, identifier}:
            raise NotAllowedError("this socket is for another project", hint="The control socket serves all of them")
        return identifier


def _usable(name: str, text: str) -> str:
    """The same text, if the system could know something by that name."""
    try:
        if len(os.fsencode(text)) <= LONGEST_TEXT and "\0" not in text:
            return text
    except UnicodeEncodeError:
        pass
    raise ParameterError(f"{name} is a name or a path")


Method = Callable[[Context], Awaitable[bytes]]
"""Gives the result as JSON. Raises HarnessSyncError."""
