"""Credentials in what is to be imported: they do not go where git sees them, and their values are told nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from harnesssync_orchestrator.core.credentials import credentials
from harnesssync_orchestrator.core.importing import Lost, New, NewElement, NewFile, NewFolder, NewKey
from harnesssync_orchestrator.core.items import EnvironmentVariable, Hook, Item, Layer, McpServer, Origin, Transport
from harnesssync_orchestrator.core.references import parse_template
from harnesssync_orchestrator.core.secrets import find


def exposed_loss(new: New, why: str) -> Lost | None:
    """The loss of what holds a credential and would go where git sees it."""
    places = places_of_credentials(new) if why else ()
    if not places:
        return None
    why = f"{places[0]} is a credential, written out, and {why}. Write ${{NAME}} there, and set that variable"
    return Lost(source=new.source, key=new.key, why=why)


def places_of_credentials(new: New) -> tuple[str, ...]:
    """Where credentials stand in what would be written; the values are not told."""
    if isinstance(new, NewFolder):
        return tuple(name for name, file in sorted(new.files.items()) if find(file.content.decode("utf-8", "replace")))
    if isinstance(new, NewFile):
        return ("the text",) if find(new.content.decode("utf-8", "replace")) else ()
    item = _item(new)
    if item is not None:
        return tuple(credential.place for credential in credentials(item))
    return ("it",) if find(str(new.value), by_name=True) else ()


_ORIGIN = Origin(layer=Layer.PROJECT, file="")


def _item(new: NewKey | NewElement) -> Item | None:
    """What Claude Code would make of it: by that it is known where credentials may stand."""
    name, value = new.pointer[-1], new.value
    if new.pointer[0] == "env":
        return EnvironmentVariable(name=name, origin=_ORIGIN, value=str(value))
    if new.pointer[0] == "hooks":
        handlers = value.get("hooks") if isinstance(value, Mapping) else None
        listed = handlers if isinstance(handlers, list) else []
        command = "\n".join(str(each.get("command", "")) for each in listed if isinstance(each, Mapping))
        return Hook(name=name, origin=_ORIGIN, event=name, matcher="", type="command", command=command)
    if new.pointer[0] != "mcpServers" or not isinstance(value, Mapping):
        return None
    args, env, headers = value.get("args") or (), value.get("env") or {}, value.get("headers") or {}
    return McpServer(
        name=name,
        origin=_ORIGIN,
        transport=Transport.HTTP if "url" in value else Transport.STDIO,
        command=parse_template(str(value.get("command", ""))),
        args=tuple(parse_template(str(one)) for one in args) if isinstance(args, (list, tuple)) else (),
        env={key: parse_template(str(one)) for key, one in env.items()} if isinstance(env, Mapping) else {},
        url=parse_template(str(value.get("url", ""))),
        headers={key: parse_template(str(one)) for key, one in headers.items()} if isinstance(headers, Mapping) else {},
    )
