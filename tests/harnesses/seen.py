"""What a harness says, or shows by what it does, that it has loaded."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CALLED_WITH = "zzargument"
"""What stands behind the name of every command that is called: where it arrives, arguments are put in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An MCP server as it was reached: what arrived at the server itself, not what a listing says.

    `environment` is all that the process got. `headers` are those that no HTTP client sends by itself, with names
    in lower case. `tool` is the name under which the model was offered the server's only tool.
    """

    name: str
    tool: str
    command: str | None = None
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A skill, an agent or a command as the program lists it. `file` is as `Scratch.shown` writes it, if it is told;
    `text` the prompt, if that is told; `settings` what else is told of it."""

    name: str
    description: str = ""
    file: str | None = None
    text: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The view of one program on one project and home.

    `listed_servers` are the names in its own listing, `servers` those that were reached. `rules` says of each file of
    instructions how often the model was given it. `called` is, for each command that was called with `CALLED_WITH`,
    what the model got. `hooks` are the arguments of the stand-in for hooks, once for each time that it ran in the
    turn. `prompts` are the texts of all requests of that turn. `permissions` are as the program tells them, if it does.
    `shown` is what the model has got once it has read the file of the question. `refusal` says why the program would
    not take a turn: what it does not list is not known then.
    """

    harness: str
    version: str
    listed_servers: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    skills: tuple[Listed, ...] = ()
    agents: tuple[Listed, ...] = ()
    commands: tuple[Listed, ...] = ()
    rules: Mapping[str, int] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    permissions: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""
    refusal: str | None = None
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def times(self, text: str) -> int:
        """How often the model was given `text`: the most often in one request, whatever the white space."""
        wanted = squeezed(text)
        return max((prompt.count(wanted) for prompt in map(squeezed, self.prompts)), default=0)


def squeezed(text: str) -> str:
    """The text with every run of white space as one space."""
    return re.sub(r"\s+", " ", text).strip()


def to_json(seen: Seen) -> dict[str, Any]:
    return dataclasses.asdict(seen)


def from_json(document: Mapping[str, Any]) -> Seen:
    """The inverse of `to_json`, after a way through JSON."""
    members: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
    members["servers"] = tuple(
        Server(**{**server, "arguments": tuple(server["arguments"])}) for server in members["servers"]
    )
    for kind in ("skills", "agents", "commands"):
        members[kind] = tuple(Listed(**listed) for listed in members[kind])
    return Seen(**members)
