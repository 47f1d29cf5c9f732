"""Values as YAML text that every reader takes for the same: text always stands in double quotes, since `no`, `1.0`
and `12:30` mean different things to YAML 1.1 and 1.2."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError

STEP = "  "
"""One level of indentation."""
MAX_SIMPLE_KEY = 1000
"""Characters. YAML takes only what is shorter than 1,024 for a key, unless it is told that it is one."""

_PLAIN_KEY = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z_][A-Za-z0-9_-]*", re.IGNORECASE)
# What JSON leaves as it is, and YAML takes for a line break or refuses.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # an encoder is made anew by each `json.dumps` with an option
_WITHOUT_POINT = re.compile(r"(-?\d+)(e.*)")


@lru_cache(maxsize=1024)  # most keys are the few that harnesses know
def yaml_key(key: str) -> str:
    """A key, quoted unless it may stand bare."""
    return key if _PLAIN_KEY.fullmatch(key) else yaml_string(key)


def yaml_string(text: str) -> str:
    """Text in double quotes on one line. Raises `DocumentError` for a lone surrogate, which YAML can't hold."""
    if _SURROGATE.search(text):
        raise DocumentError("a lone surrogate can't be written in YAML")
    return yaml_quoted(text)


def yaml_quoted(text: str) -> str:
    """The same of any text: a lone surrogate is spelled as an escape, which some readers take."""
    written = _as_json(text)
    if written.isascii() and "\x7f" not in written:  # as nearly all text is: it is looked through twice as fast
        return written
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def yaml_value(value: JsonValue) -> str:
    """Any value on one line, in brackets and braces."""
    if isinstance(value, str):
        return yaml_string(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(_member(yaml_key(key), yaml_value(one)) for key, one in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(yaml_value, value)) + "]"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        written = repr(value)
        match = _WITHOUT_POINT.fullmatch(written)
        return f"{match[1]}.0{match[2]}" if match else written  # YAML 1.1 takes `1e+16` for text
    return json.dumps(value)


def _member(key: str, value: str) -> str:
    return f"? {key} : {value}" if len(key) > MAX_SIMPLE_KEY else f"{key}: {value}"


def member_lines(key: str, value: JsonValue, indent: str) -> list[str]:
    """`key: value` over as many lines as it takes, each with its indentation and without a line ending."""
    if isinstance(value, str) or not isinstance(value, (Mapping, Sequence)) or not value:
        return [f"{indent}{yaml_key(key)}: {yaml_value(value)}"]
    return [f"{indent}{yaml_key(key)}:", *_content_lines(value, indent + STEP)]


def element_lines(value: JsonValue, indent: str) -> list[str]:
    """`- value` in the same way."""
    if isinstance(value, str) or not isinstance(value, (Mapping, Sequence)) or not value:
        return [f"{indent}- {yaml_value(value)}"]
    first, *others = _content_lines(value, indent + STEP)
    return [f"{indent}- {first[len(indent) + len(STEP) :]}", *others]


def _content_lines(value: Mapping[str, JsonValue] | Sequence[JsonValue], indent: str) -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, one in value.items() for line in member_lines(key, one, indent)]
    return [line for one in value for line in element_lines(one, indent)]


def yaml_document(members: Mapping[str, JsonValue]) -> str:
    """A whole document, for files that are ours."""
    return "".join(f"{line}\n" for line in _content_lines(members, ""))
