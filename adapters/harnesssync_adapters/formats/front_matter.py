"""Markdown with YAML front matter, for files that are ours.

The YAML is written here, and laid out as PyYAML does it: that takes twenty times as long, which was most of the time in
which the files of all targets are made. Text always stands in double quotes, as in `yaml_text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from harnesssync_adapters.formats.yaml_text import MAX_SIMPLE_KEY, STEP, yaml_key, yaml_quoted, yaml_value
from harnesssync_orchestrator.core.desired import JsonValue


def markdown(front: Mapping[str, JsonValue], body: str) -> bytes:
    """A Markdown file: front matter, an empty line, the body with one line ending at its end.

    Any reader of YAML 1.1 or 1.2 gets the values back as they are.
    """
    header = "\n".join(_lines(front, "")) or "{}"
    return f"---\n{header}\n---\n\n{body.strip()}\n".encode("utf-8", "surrogateescape")


def _lines(value: Mapping[str, JsonValue] | Sequence[JsonValue], indent: str) -> Iterator[str]:
    """A mapping or list with something in it, over as many lines as it takes."""
    if not isinstance(value, Mapping):
        for one in value:
            if _is_nested(one):
                first, *others = _lines(one, indent + STEP)
                yield f"{indent}- {first[len(indent) + len(STEP) :]}"
                yield from others
            else:
                yield f"{indent}- {_scalar(one)}"
        return
    for name, one in value.items():
        key = yaml_key(name)
        if len(key) > MAX_SIMPLE_KEY:
            yield f"{indent}? {key}"
            yield f"{indent}: {yaml_value(one)}"
        elif _is_nested(one):
            yield f"{indent}{key}:"
            yield from _lines(one, indent + STEP if isinstance(one, Mapping) else indent)
        else:
            yield f"{indent}{key}: {_scalar(one)}"


def _is_nested(value: JsonValue) -> TypeGuard[Mapping[str, JsonValue] | Sequence[JsonValue]]:
    return not isinstance(value, str) and isinstance(value, (Mapping, Sequence)) and bool(value)


def _scalar(value: JsonValue) -> str:
    return yaml_quoted(value) if isinstance(value, str) else yaml_value(value)
