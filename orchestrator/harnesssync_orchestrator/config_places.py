"""Where in `config.toml` a mistake stands, and what would be right there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harnesssync_orchestrator.errors import ConfigError

_HEADER = re.compile(r"\s*\[\[?([^\]]+)\]")
_NAME = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_ASSIGNMENT = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of the file, for the lines that errors name."""

    path: Path
    text: str

    def error(self, key: tuple[str, ...], message: str, *, hint: str) -> ConfigError:
        """The error about a key, such as `("limits", "projects")`."""
        line = self.line(key)
        place = f"line {line}: " if line else ""
        return ConfigError(place + message, path=str(self.path), hint=hint)

    def line(self, key: tuple[str, ...]) -> int:
        """Where a key stands, or the table around it that is written on one line; 0 if it is not found.

        Neither parser keeps lines, so that the text is looked through once more; it is known to be right TOML.
        """
        found, length, inside = 0, 0, ""
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.text.split("\n"), start=1):
            opens = not inside
            for quotes in re.findall(r"\"{3}|'{3}", line):
                inside = "" if quotes == inside else inside or quotes
            if not opens:
                continue
            here = table
            if header := _HEADER.match(line):
                here = table = _names(header[1])
            elif assignment := _ASSIGNMENT.match(line):
                here = (*table, *_names(assignment[1]))
            shared = min(len(here), len(key))
            if shared > length and here[:shared] == key[:shared]:
                found, length = number, shared
        return found


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _NAME.findall(dotted))


def nearest(word: str, known: Collection[str], prefix: str = "") -> str:
    """What was probably meant; everything there is, when nothing comes near."""
    if near := difflib.get_close_matches(word, known, n=1):
        return f"Did you mean `{prefix}{near[0]}`?"
    return "Known here: " + ", ".join(f"`{prefix}{name}`" for name in sorted(known))


def place_and_message(error: msgspec.ValidationError) -> tuple[str, str]:
    """`limits.projects` and `expected `int`, got `str``, from msgspec's "Expected … - at `$.limits.projects`"."""
    what, _, place = str(error).rpartition(" - at ")
    return re.sub(r"^`\$\.?|`$", "", place), f"{what[0].lower()}{what[1:]}"


ANY = "[...]"
"""In a place, for any key of a table whose keys are up to the person."""


def parts(key: str) -> tuple[str, ...]:
    """`("drift", "projects", "[...]", "policy")` from `drift.projects[...].policy`; for an element its array."""
    array = re.split(r"\[\d", key)[0]
    return tuple(re.findall(r"\[\.\.\.\]|[^.\[\]]+", array))


def right_values(key: tuple[str, ...], schema: Mapping[str, Any]) -> str:
    """What may stand at a key, in words: straight from the JSON Schema of the file."""
    definitions = schema["$defs"]
    node = definitions["Config"]
    for name in key:
        node = node["additionalProperties"] if name == ANY else node["properties"][name]
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
    node = next((each for each in node.get("anyOf", ()) if "enum" in each), node)
    if "enum" in node:
        return "Allowed are " + ", ".join(f'"{value}"' for value in node["enum"])
    if lists := [each["items"]["enum"] for each in node.get("anyOf", ()) if "enum" in each.get("items", ())]:
        return "Allowed is true or false, or a list of " + ", ".join(f'"{value}"' for value in lists[0])
    kind = next((each["type"] for each in node.get("anyOf", ()) if each["type"] != "null"), node.get("type"))
    limits = [f"{word} {node[name]}" for word, name in (("from", "minimum"), ("up to", "maximum")) if name in node]
    return "Allowed is " + " ".join([_KINDS[kind], *limits])


_KINDS = {
    "array": 'a list of texts in quotes, such as ["codex", "gemini"]',
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table, whose name stands in brackets on a line of its own",
    "string": "a text in quotes",
}
"""Types of JSON Schema, as people write them in TOML."""
