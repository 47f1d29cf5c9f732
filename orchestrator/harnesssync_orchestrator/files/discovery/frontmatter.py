"""YAML front matter, read as Claude Code reads it, forgiving where it forgives.

Observed with Claude Code 2.1.330, which parses by YAML 1.2 (`no` and `on` are text):

- A byte order mark before the first `---` is skipped, an empty line is not.
- The block ends at the next `---`, wherever it stands, also in the middle of a value.
- If the block doesn't parse, it is tried once more with quotes around the value of each `key: value` line that holds
  a special character (`description: Use when: …`, `globs: *.ts`, `name: @scope/x`), and tabs at the beginning of a
  line taken for two spaces each.
- If that fails as well, or gives no table, the front matter counts as empty, and the text after it is still used.

In one place this is stricter: a name that begins a list and does not end it (`name: [`) is one that somebody is still
typing, though Claude Code takes it for a name. What was made under the former name must not go because of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from harnesssync_orchestrator.files.discovery.core_yaml import YamlError, load

MAX_FRONT_MATTER = 64 * 1024
"""Characters of front matter that are parsed at most. Long ones of real skills have two thousand."""

MAX_BRACKETS = 1000
"""Brackets and braces that open in front matter at most: the parser takes quadratic time for nested ones."""

_INVALID = "front_matter_invalid"
_OPENING = re.compile(r"---\s*\n")
_SPACE = re.compile(r"\s*")
_FENCE_LINE = re.compile(r"---[ \t]*(?:\r?\n|$)")
_PLAIN_PAIR = re.compile(r"([a-zA-Z_-]+):\s+(\S.*)")
_SPECIAL = re.compile(r"[{}\[\]*&#!|>%@`]|: ")
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with front matter. `line` counts from 1 in the whole file."""

    code: str
    message: str
    hint: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """A file taken apart: `metadata` (text, numbers, booleans, None, lists and dicts), and `body`, the text after it.

    `present` says that there was a block at all. `flaw` is what was wrong with it; `body` counts all the same.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    body: str
    present: bool = False
    flaw: Flaw | None = None

    @property
    def is_broken(self) -> bool:
        """Is nothing known of what the block was to say? It was perhaps saved in the middle of an edit."""
        return self.flaw is not None and self.flaw.code == _INVALID


def split_front_matter(text: str) -> FrontMatter:
    """Take `text` (a whole file, decoded, without a byte order mark) apart. Never raises."""
    opening = _OPENING.match(text)
    end = text.find("---", opening.end()) if opening else -1
    if opening is None or end < 0:
        return FrontMatter(body=text, flaw=_unclosed(text))
    begin = opening.end()
    space = _SPACE.match(text, end + 3)
    block, body = text[begin:end], text[space.end() if space else end + 3 :]
    metadata, flaw = _parse_block(block)
    if flaw is None and block and not block.endswith("\n"):
        flaw = Flaw(
            code="front_matter_ambiguous",
            message="Claude Code ends the front matter at the first `---`, here in the middle of a line",
            hint="Write another dash there.",
            line=text.count("\n", 0, end) + 1,
        )
    elif flaw is not None and flaw.line is not None:
        flaw = Flaw(code=flaw.code, message=flaw.message, hint=flaw.hint, line=flaw.line + text.count("\n", 0, begin))
    return FrontMatter(metadata=dict(metadata), body=body, present=True, flaw=flaw)


def _unclosed(text: str) -> Flaw | None:
    """Front matter that begins and does not end: Claude Code takes all of it for text, without a word."""
    if _FENCE_LINE.match(text) is None:
        return None
    message = "the front matter that begins here has no end"
    return Flaw(code="front_matter_unclosed", message=message, hint="Put a line with `---` after it.", line=1)


@lru_cache(maxsize=4096)
def _parse_block(block: str) -> tuple[Mapping[str, Any], Flaw | None]:
    """Parse one block; `line` of a flaw counts from 1 within it. Cached: most blocks are the same at the next sync."""
    hint = "Fix the YAML between the `---` lines; put text with special characters in quotes."
    if len(block) > MAX_FRONT_MATTER or block.count("[") + block.count("{") > MAX_BRACKETS:
        message = "the front matter is too long or nested too deeply"
        return {}, Flaw(code=_INVALID, message=message, hint=hint, line=1)
    try:
        value = load(block)
    except YamlError as first:
        try:
            value = load(_LEADING_TABS.sub(lambda tabs: "  " * len(tabs[0]), _quote_values(block)))
        except YamlError:
            message = f"the front matter is no YAML: {first.reason}"
            return {}, Flaw(code=_INVALID, message=message, hint=hint, line=first.line)
        if isinstance(value, dict) and _begins_a_list(value.get("name")):
            lines = enumerate(block.split("\n"), start=1)
            line = next((number for number, text in lines if text.startswith("name:")), 1)
            message = "the front matter is broken: what `name` begins with a bracket has no end"
            return {}, Flaw(code=_INVALID, message=message, hint=hint, line=line)
    if value is None:
        return {}, None
    if not isinstance(value, dict):
        message = "the front matter is not a table of keys and values"
        return {}, Flaw(code=_INVALID, message=message, hint="Write it as `key: value` lines.", line=1)
    return value, None


def _begins_a_list(name: object) -> bool:
    """Is it the beginning of a list or table, and not a name with something in brackets (`[draft] review`)?"""
    return isinstance(name, str) and ((name[:1] == "[" and "]" not in name) or (name[:1] == "{" and "}" not in name))


def _quote_values(block: str) -> str:
    lines = []
    for line in block.replace("\r\n", "\n").split("\n"):
        pair = _PLAIN_PAIR.fullmatch(line)
        if pair and _SPECIAL.search(pair[2]) and not _stands_alone(pair[2]):
            value = pair[2].replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{pair[1]}: "{value}"')
        else:
            lines.append(line)
    return "\n".join(lines)


def _stands_alone(value: str) -> bool:
    """Is the value quoted already, or a list that parses?"""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return True
    if value.startswith("[") and value.endswith("]"):
        try:
            return isinstance(load(value), list)
        except YamlError:
            return False
    return False
