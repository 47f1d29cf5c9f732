"""One YAML document as plain values, by the core schema of YAML 1.2 (section 10.3.2): `no` and `on` are text.

PyYAML's own loaders are for 1.1, and make dates, sets and objects. A few lines can stand for very much, or nest deeper
than the C parser's stack is: such a document is refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

MAX_NODES = 10_000
"""Values that a document may hold once its aliases are written out: a few lines can stand for billions."""

MAX_DEPTH = 50
"""Lists and tables in one another: the C parser composes them by recursion, and ends the process some levels on."""

MAX_MERGED = 100
"""Aliases that a document may hold if it also merges tables (`<<`): each repeats all that was merged before."""

_TEXT_TAG = "tag:yaml.org,2002:str"
_MERGE_TAG = "tag:yaml.org,2002:merge"


class _CoreResolver(BaseResolver):
    """Resolves plain scalars by that schema, and merge keys."""


for _tag, _pattern, _first in (
    ("merge", r"<<", ["<"]),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _CoreResolver.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


class _CoreConstructor(SafeConstructor):
    """Makes plain values only: no dates, sets, bytes or objects. Any other tag is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001,FBT002 - PyYAML's
        """Keys are text as written, as in JSON: `1: x` has the key `1`, and `true: x` the key `true`."""
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE_TAG:
                key.tag = _TEXT_TAG
        return super().construct_mapping(node, deep=deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put merged tables in. Raises ValueError where few lines would stand for very many entries."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_NODES:
            raise ValueError("its merged tables are too large")

    def construct_core_int(self, node: yaml.ScalarNode) -> int:
        text = str(self.construct_scalar(node))
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)

    def construct_core_float(self, node: yaml.ScalarNode) -> float:
        text = str(self.construct_scalar(node)).lower()
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_CoreConstructor.yaml_constructors = {
    "tag:yaml.org,2002:null": SafeConstructor.construct_yaml_null,
    "tag:yaml.org,2002:bool": SafeConstructor.construct_yaml_bool,
    "tag:yaml.org,2002:int": _CoreConstructor.construct_core_int,
    "tag:yaml.org,2002:float": _CoreConstructor.construct_core_float,
    _TEXT_TAG: SafeConstructor.construct_yaml_str,
    _MERGE_TAG: SafeConstructor.construct_yaml_str,  # as a value it is text
    "tag:yaml.org,2002:seq": SafeConstructor.construct_yaml_seq,
    "tag:yaml.org,2002:map": SafeConstructor.construct_yaml_map,
    None: SafeConstructor.construct_undefined,
}


_loader: Any  # made of PyYAML's parts, most of which have no types
if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _LibyamlLoader(CParser, _CoreConstructor, _CoreResolver):  # pyright: ignore[reportUntypedBaseClass]
        """The loader with libyaml, ten times as fast."""

        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            _CoreConstructor.__init__(self)
            _CoreResolver.__init__(self)

    _loader = _LibyamlLoader
else:

    class _PythonLoader(Reader, Scanner, Parser, Composer, _CoreConstructor, _CoreResolver):
        """The loader where PyYAML was built without libyaml."""

        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)
            _CoreConstructor.__init__(self)
            _CoreResolver.__init__(self)

    _loader = _PythonLoader


class YamlError(ValueError):
    """`reason` says why a text is no document, or none that is read; `line` is the first if nobody can tell."""

    def __init__(self, error: Exception) -> None:
        mark = getattr(error, "problem_mark", None)
        self.line: int = mark.line + 1 if mark is not None else 1
        self.reason: str = getattr(error, "problem", None) or str(error).split("\n", 1)[0] or "it is nested too deeply"
        super().__init__(self.reason)


def load(text: str) -> Any:  # noqa: ANN401 - any YAML value
    """The value that a text says. Raises YamlError."""
    try:
        return _load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlError(error) from error


def _load(text: str) -> Any:  # noqa: ANN401 - any YAML value
    if text.count("[") + text.count("{") + text.count("- ") + text.count("? ") + text.count("\n ") > MAX_DEPTH:
        _refuse_depth(text)
    if "<<" in text and text.count("*") > MAX_MERGED:
        raise ValueError("it merges too many tables")
    loader = _loader(text)
    try:
        value = loader.get_single_data()
    finally:
        loader.dispose()
    if "*" in text:
        _count_nodes(value)
    return value


def _refuse_depth(text: str) -> None:
    """Raise ValueError for values that are nested too deeply. The events of a document come without recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=_loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _count_nodes(value: object) -> None:
    """Raise ValueError when a value, with its aliases written out, is larger than `MAX_NODES`, or holds itself."""
    waiting: list[object] = [value]
    nodes = 0
    while waiting:
        inner = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise ValueError("its aliases stand for too many values")
        if isinstance(inner, dict):
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
