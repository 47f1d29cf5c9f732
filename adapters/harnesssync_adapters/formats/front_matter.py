"""Markdown with YAML front matter, for files that are ours."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from harnesssync_orchestrator.core.desired import JsonValue


class _Quoted(yaml.SafeDumper):
    """Writes every text value in double quotes: `no`, `1.0`, `12:30` and `=` mean different things to different
    YAML versions, and quoted they are text to all."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - equal values are written twice, not by reference
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoted.add_representer(str, _represent_text)


def markdown(front: Mapping[str, JsonValue], body: str) -> bytes:
    """A Markdown file: front matter, an empty line, the body with one line ending at its end.

    Any reader of YAML 1.1 or 1.2 gets the values back as they are. Emoji and other characters above U+FFFF stand
    as themselves, since some readers don't know the escape for them.
    """
    header = yaml.dump(
        front, Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=2**20, default_flow_style=False
    )
    return f"---\n{header}---\n\n{body.strip()}\n".encode("utf-8", "surrogateescape")
