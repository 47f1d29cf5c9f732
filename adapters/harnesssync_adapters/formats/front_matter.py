"""Markdown with YAML front matter, for files that are ours."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping

import yaml

from harnesssync_orchestrator.core.desired import JsonValue

_PLAIN_KEY = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[a-z][a-z0-9_-]*", re.IGNORECASE)


class _Quoted(yaml.SafeDumper):
    """Writes every text value in double quotes: `no`, `1.0`, `12:30` and `=` mean different things to different
    YAML versions, and quoted they are text to all."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - equal values are written twice, not by reference
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


def _represent_mapping(dumper: yaml.SafeDumper, mapping: Mapping[str, JsonValue]) -> yaml.MappingNode:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", mapping.items())
    for key, _ in node.value:
        if _PLAIN_KEY.fullmatch(key.value):
            key.style = None
    return node


_Quoted.add_representer(str, _represent_text)
_Quoted.add_representer(dict, _represent_mapping)


def markdown(front: Mapping[str, JsonValue], body: str) -> bytes:
    """A Markdown file: front matter, an empty line, the body with one line ending at its end.

    Any reader of YAML 1.1 or 1.2 gets the values back as they are.
    """
    header = _header(json.dumps(front))
    return f"---\n{header}---\n\n{body.strip()}\n".encode("utf-8", "surrogateescape")


@functools.lru_cache(maxsize=2048)
def _header(front: str) -> str:
    """The front matter, given as JSON. Kept, since most of it is the same in every sync, and writing YAML is slow."""
    return yaml.dump(
        json.loads(front), Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=2**20, default_flow_style=False
    )
