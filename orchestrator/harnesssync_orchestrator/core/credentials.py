"""Credentials that are written out in items, and the outputs into which they would be copied.

A reference (`${GITHUB_TOKEN}`) is none: it is carried over as one. Where a credential stands is told, it itself never.
Settings and commands are searched by names too, prose (rules, agents, commands) only for what has a form of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from harnesssync_orchestrator.core.credential_signs import gives_away, is_opaque_header
from harnesssync_orchestrator.core.desired import FileOutput, JsonValue, LinkOutput, Output
from harnesssync_orchestrator.core.items import (
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    ItemId,
    McpServer,
    Permissions,
    Rule,
)
from harnesssync_orchestrator.core.references import Template, parse_template
from harnesssync_orchestrator.core.secrets import argument_values, find

_HEADER = re.compile(r"([\w-]{1,64}):[ \t]{0,4}(?:(?:bearer|basic|token)[ \t]{1,4})?(\S.*)", re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"(?:bearer|basic|token|apikey|digest)[ \t]{1,4}", re.IGNORECASE)
_UNESCAPED = re.compile(r"[A-Za-z0-9+/=_.:@ -]+")


class Credential(NamedTuple):
    """A `value` that is written out at a `place` of an item, such as `the variable GITHUB_TOKEN`."""

    place: str
    value: str


def credentials(item: Item) -> tuple[Credential, ...]:
    """Every credential that stands in an item, each place once."""
    return tuple(dict.fromkeys(_credentials(item)))


def all_credentials(items: Iterable[Item]) -> dict[ItemId, tuple[Credential, ...]]:
    """The items in which there are some."""
    found: dict[ItemId, tuple[Credential, ...]] = {}
    for item in items:
        if here := credentials(item):
            found[item.id] = (*found.get(item.id, ()), *here)
    return found


def held_by(output: Output, found: Mapping[ItemId, tuple[Credential, ...]]) -> tuple[str, ...]:
    """The items and places whose credentials would be copied into an output. A link copies nothing."""
    if not found or isinstance(output, LinkOutput) or found.keys().isdisjoint(output.items):
        return ()
    if isinstance(output, FileOutput):
        texts = [output.content.decode("utf-8", "replace")]
    else:
        texts = list(_strings(output.value))
    return tuple(
        dict.fromkeys(
            f"{credential.place} of {item}"
            for item in output.items
            for credential in found.get(item, ())
            if any(_recognizable(credential.value) in text for text in texts)
        )
    )


def _recognizable(value: str) -> str:
    """The longest stretch of a value that no format has to escape."""
    return max(_UNESCAPED.findall(value), key=len, default=value)


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)


def _credentials(item: Item) -> Iterator[Credential]:
    if isinstance(item, McpServer):
        yield from _of_server(item)
    elif isinstance(item, EnvironmentVariable):
        yield from _of_named(f"the variable {item.name}", item.name, parse_template(item.value))
    elif isinstance(item, Hook):
        yield from _of_named("the command", "", parse_template(item.command or ""))
        args = item.extra.get("args")
        yield from _of_arguments(tuple(parse_template(str(each)) for each in (args if isinstance(args, list) else ())))
    elif isinstance(item, Permissions):
        for rule in item.rules:
            yield from _of_text(f"a rule about {rule.tool}", rule.text, by_name=True)
    elif isinstance(item, Rule):
        yield from _of_text("the text", item.expanded, by_name=False)
    elif isinstance(item, (Agent, Command)):
        yield from _of_text("the description", item.description, by_name=False)
        yield from _of_text("the text", item.prompt, by_name=False)


def _of_server(server: McpServer) -> Iterator[Credential]:
    for name, template in server.env.items():
        yield from _of_named(f"the variable {name}", name, template)
    for name, template in server.headers.items():
        yield from _of_named(f"the header {name}", name, template, is_header=True)
    for place, value in (("the command", server.command), ("the URL", server.url)):
        if value is not None:
            yield from _of_named(place, "", value)
    yield from _of_arguments(server.args)


def _of_arguments(arguments: tuple[Template, ...]) -> Iterator[Credential]:
    written = [str(argument) for argument in arguments]
    after_a_flag = argument_values(written)
    for index, argument in enumerate(arguments):
        place = f"argument {index + 1}"
        header = _HEADER.fullmatch(written[index])
        if index in after_a_flag:
            yield Credential(place, written[index])
        elif header is not None and (gives_away(header[1], header[2]) or is_opaque_header(header[1], header[2])):
            yield Credential(place, header[2])
        yield from _of_named(place, "", argument)


def _of_named(place: str, name: str, template: Template, *, is_header: bool = False) -> Iterator[Credential]:
    """A value under a name (`""` for none). The default of a reference is as good as written out."""
    text = str(template)
    if template.is_literal:
        value = text[len(scheme[0]) :] if (scheme := _SCHEME.match(text)) else text
        if gives_away(name, value) or (is_header and is_opaque_header(name, value)):
            yield Credential(place, value)
            return
    for reference in template.references:
        default = reference.default or ""
        telling = gives_away(name, default) or gives_away(reference.name, default)
        if telling or (is_header and is_opaque_header(name, default)):
            yield Credential(place, default)
    yield from _of_defaults(place, template)
    yield from _of_text(place, text, by_name=True)


def _of_defaults(place: str, template: Template) -> Iterator[Credential]:
    """The defaults that what stands around them gives away, as in `?token=${X:-…}`."""
    if not any(reference.default for reference in template.references):
        return
    parts: list[str] = []
    defaults: list[tuple[int, int]] = []
    length = 0
    for part in template.parts:
        default = None if isinstance(part, str) else part.default
        parts.append(default or str(part))
        if default:
            defaults.append((length, length + len(default)))
        length += len(parts[-1])
    text = "".join(parts)
    coming = iter(find(text, by_name=True))
    secret = next(coming, None)
    for start, end in defaults:
        while secret is not None and secret.end <= start:
            secret = next(coming, None)
        if secret is not None and secret.start < end:
            yield Credential(place, text[start:end])


def _of_text(place: str, text: str, *, by_name: bool) -> Iterator[Credential]:
    for secret in find(text, by_name=by_name):
        yield Credential(place, text[secret.start : secret.end])
