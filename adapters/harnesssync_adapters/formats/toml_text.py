"""Values as TOML text. Strings are written here and not by `tomlkit`, so that every string that TOML can hold
(all control characters, any run of quotes, carriage returns) comes back equal from any parser."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPED_IN_LINES = re.compile(r'[\x00-\x08\x0b-\x1f\\\x7f]|"(?="")|"\Z')
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def toml_key(key: str) -> str:
    """A key, quoted unless it may stand bare."""
    return key if _BARE_KEY.fullmatch(key) else toml_string(key)


def toml_path(path: Sequence[str]) -> str:
    """A dotted key, or the name of a table."""
    return ".".join(toml_key(key) for key in path)


def toml_string(text: str) -> str:
    """A basic string on one line. Raises `DocumentError` for a lone surrogate, which TOML has no way to write."""
    return f'"{_ESCAPED.sub(_escape, _checked(text))}"'


def toml_lines(text: str) -> str:
    """A string over several lines if it has several, for people to read; else one on one line."""
    if "\n" not in text:
        return toml_string(text)
    return f'"""\n{_ESCAPED_IN_LINES.sub(_escape, _checked(text))}"""'


def toml_value(value: JsonValue) -> str:
    """Any value on one line: mappings become inline tables. Raises `DocumentError` for null."""
    if value is None:
        raise DocumentError("TOML has no null")
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, Mapping):
        members = ", ".join(f"{toml_key(key)} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(toml_value(one) for one in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return json.dumps(value)


def toml_document(members: Mapping[str, JsonValue]) -> str:
    """A whole document of plain keys, long texts over several lines: for files that are ours."""
    lines = (
        f"{toml_key(key)} = {toml_lines(value) if isinstance(value, str) else toml_value(value)}\n"
        for key, value in members.items()
    )
    return "".join(lines)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _SHORT.get(character) or f"\\u{ord(character):04X}"


def _checked(text: str) -> str:
    if _SURROGATE.search(text):
        raise DocumentError("a lone surrogate can't be written in TOML")
    return text
