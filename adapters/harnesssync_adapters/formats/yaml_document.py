"""The `yaml` format: YAML that people also edit, changed by cutting and inserting text.

An insertion is made so that removing it again gives the very bytes of before: a member is one or more lines behind the
last member of its container, or stands behind the last one in its brackets or braces. A container that loses its last
line becomes `{}` or `[]`, since without it its key would stand for nothing at all. Comments always stay. Every result
is parsed and compared with what was asked for; a document that no edit of this kind can express is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.formats.text_edits import Replacement, decode, indentation, newline_of, replace_spans
from harnesssync_adapters.formats.yaml_syntax import Entry, Node, Style, comments, parse
from harnesssync_adapters.formats.yaml_text import element_lines, member_lines, yaml_key, yaml_value
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey

_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_COLON = re.compile(r"[ \t]*:")
_BARE_RETURN = re.compile(r"\r(?!\n)")


class YamlDocument:
    """Implements `DocumentFormat` for YAML: one document, with a mapping at its top."""

    @property
    def empty(self) -> bytes:
        return b""

    def parse(self, content: bytes) -> JsonValue:
        return _values(parse(decode(content)[1]))

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        mark, text = decode(content)
        if _BARE_RETURN.search(text):
            raise DocumentError("a carriage return that is not part of a line ending")
        root = parse(text)
        for edit in edits:
            if not edit.pointer:
                raise DocumentError("an edit needs the name of a key")
            text, root = _edited(text, root, edit)
        return (mark + text).encode("utf-8")


def _values(root: Node | None) -> dict[str, JsonValue]:
    return dict(root.value) if root is not None and isinstance(root.value, dict) else {}


def _edited(text: str, root: Node | None, edit: Edit) -> tuple[str, Node | None]:
    """The text and its tree after one edit. Reading it is most of the work: each text is read once."""
    holder, node, missing = _descend(root, edit.pointer)
    if isinstance(edit, SetKey):
        after = _set(text, root, edit.pointer, edit.value)
    elif isinstance(edit, RemoveKey):
        after = text if missing else _removed(text, root, edit.pointer)
    elif missing and isinstance(edit, AddElement):
        after = _set(text, root, edit.pointer, [edit.value])
    elif missing:
        return text, root
    elif node is None or not isinstance(node.value, list):
        raise DocumentError(f"{_name(edit.pointer)} is not a list")
    elif isinstance(edit, AddElement):
        after = _appended(text, node, None, edit.value)
    else:
        entry = next((one for one in node.entries or () if value_hash(one.node.value) == edit.element), None)
        after = text if entry is None else _cut(text, holder, node, entry)
    return _checked(after, _expected(_values(root), edit), edit.pointer)


def _name(pointer: Sequence[str]) -> str:
    return ".".join(pointer) or "the document"


def _descend(root: Node | None, pointer: tuple[str, ...]) -> tuple[Entry | None, Node | None, tuple[str, ...]]:
    """The deepest value on the way that exists, the member that holds it, and the keys that don't exist."""
    holder, node = None, root
    for depth, key in enumerate(pointer):
        if node is None:
            return holder, node, pointer[depth:]
        if not isinstance(node.value, dict):
            raise DocumentError(f"{_name(pointer[:depth])} is not a mapping")
        if node.entries is None:
            raise DocumentError(f"{_name(pointer[:depth])} is an alias of what stands elsewhere")
        entry = next((one for one in node.entries if one.key == key), None)
        if entry is None:
            return holder, node, pointer[depth:]
        holder, node = entry, entry.node
    return holder, node, ()


def _expected(values: dict[str, JsonValue], edit: Edit) -> JsonValue:
    """What the document must mean after the edit."""
    after: dict[str, JsonValue] = json.loads(json.dumps(values))  # a copy in which aliases are values of their own
    place: JsonValue = after
    *parents, last = edit.pointer
    for key in parents:
        if not isinstance(place, dict) or (key not in place and isinstance(edit, (RemoveKey, RemoveElement))):
            return after
        place = place.setdefault(key, {})
    if isinstance(place, dict):
        found = place.get(last)
        if isinstance(edit, SetKey):
            place[last] = edit.value
        elif isinstance(edit, RemoveKey):
            place.pop(last, None)
        elif isinstance(edit, AddElement):
            place[last] = [*(found if isinstance(found, list) else ()), edit.value]
        elif isinstance(found, list):
            index = next((i for i, one in enumerate(found) if value_hash(one) == edit.element), None)
            place[last] = [one for i, one in enumerate(found) if i != index]
    return after


def _checked(text: str, expected: JsonValue, pointer: tuple[str, ...]) -> tuple[str, Node | None]:
    """The text and its tree, if it means what is expected. Raises `DocumentError` else."""
    refusal = DocumentError(f"{_name(pointer)} can't be changed here in this form")
    try:
        root = parse(text)
    except DocumentError as cause:
        raise refusal from cause
    found = _values(root)
    if _canonical(found) != _canonical(expected) or _order(found, pointer) != _order(expected, pointer):
        raise refusal
    return text, root


def _canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


def _order(value: JsonValue, pointer: tuple[str, ...]) -> str:
    """The value at the pointer with the order of its keys."""
    for key in pointer:
        value = value.get(key) if isinstance(value, Mapping) else None
    return json.dumps(value)


def _set(text: str, root: Node | None, pointer: tuple[str, ...], value: JsonValue) -> str:
    _, node, missing = _descend(root, pointer)
    if missing:
        for key in reversed(missing[1:]):
            value = {key: value}
        return _into_nothing(text, missing[0], value) if node is None else _appended(text, node, missing[0], value)
    if node is None or (value_hash(node.value) == value_hash(value)):
        return text
    if node.style is not Style.BLOCK:
        space = " " if node.start == node.end else ""
        return replace_spans(text, [Replacement(node.start, node.end, space + yaml_value(value))])
    if isinstance(value, Mapping) and isinstance(node.value, dict) and value.keys() & node.value.keys():
        merged = text
        for key in [key for key in node.value if key not in value]:
            merged = _removed(merged, parse(merged), (*pointer, key))
        for key, one in value.items():
            merged = _set(merged, parse(merged), (*pointer, key), one)
        if _order(_values(parse(merged)), pointer) == json.dumps(value):
            return merged
    without = _removed(text, root, pointer)
    return _set(without, parse(without), pointer, value)


def _into_nothing(text: str, key: str, value: JsonValue) -> str:
    """The first member of a document that has none."""
    if re.search(r"^\.\.\.", text, re.MULTILINE):
        raise DocumentError("the document has an end, but nothing in it")
    newline = newline_of(text)
    block = newline.join(member_lines(key, value, ""))
    if not text:
        return block + newline
    if text.endswith("\n"):
        return text + block + ("\r\n" if text.endswith("\r\n") else "\n")
    return text + newline + block


def _appended(text: str, node: Node, key: str | None, value: JsonValue) -> str:
    """The text with one member more in a container."""
    if node.style is Style.FLOW:
        member = yaml_value(value) if key is None else f"{yaml_key(key)}: {yaml_value(value)}"
        return replace_spans(text, [_flow_addition(text, node, member)])
    entries = node.entries or []
    if not entries:
        raise DocumentError("a member can't be added to an alias of what stands elsewhere")
    indent = indentation(text, entries[0].start)
    lines = element_lines(value, indent) if key is None else member_lines(key, value, indent)
    place, newline = _line_end(text, entries[-1].node.end), newline_of(text)
    return text[:place] + "".join(newline + line for line in lines) + text[place:]


def _flow_addition(text: str, node: Node, member: str) -> Replacement:
    if not node.entries:
        return Replacement(node.end - 1, node.end - 1, member)
    last = node.entries[-1]
    comma = _comma(text, last)
    own_line = text.rfind("\n", node.start, last.start) >= 0
    separator = newline_of(text) + indentation(text, last.start) if own_line else " "
    if comma is None:
        return Replacement(last.node.end, last.node.end, f",{separator}{member}")
    return Replacement(comma + 1, comma + 1, f"{separator}{member},")


def _comma(text: str, entry: Entry) -> int | None:
    """Where the comma after a member in brackets or braces stands, None if there is none."""
    match = _GAP.match(text, entry.node.end)
    position = match.end() if match else entry.node.end
    return position if text.startswith(",", position) else None


def _removed(text: str, root: Node | None, pointer: tuple[str, ...]) -> str:
    holder, parent, _ = _descend(root, pointer[:-1])
    entry = next((one for one in (parent.entries if parent else None) or () if one.key == pointer[-1]), None)
    return text if parent is None or entry is None else _cut(text, holder, parent, entry)


def _cut(text: str, holder: Entry | None, node: Node, entry: Entry) -> str:
    """The text without one member of a container, which `holder` holds."""
    if node.style is Style.FLOW:
        return replace_spans(text, [_flow_cut(text, node, entry)])
    if text[_line_start(text, entry.start) : entry.start].strip(" "):  # such as `? `
        raise DocumentError("a member that does not begin its line can't be taken away")
    cuts = list(_line_cuts(text, _line_start(text, entry.start), _line_end(text, entry.node.end)))
    if len(node.entries or ()) == 1 and holder is not None:
        colon = _COLON.match(text, holder.key_end)
        place = colon.end() if colon else holder.key_end
        cuts.append(Replacement(place, place, " {}" if isinstance(node.value, dict) else " []"))
    return replace_spans(text, cuts)


def _line_cuts(text: str, start: int, end: int) -> Iterator[Replacement]:
    """Whole lines with the line ending before them (after them, at the beginning), but for the comments on them."""
    kept = [(first, last) for first, last in comments(text) if start <= first < end]
    if not kept:
        yield (
            Replacement(0, _after_newline(text, end)) if start == 0 else Replacement(_before_newline(text, start), end)
        )
        return
    while start <= end:
        stop = _line_end(text, start)
        comment = next((first for first, _ in kept if start <= first < stop), None)
        if comment is None:
            yield Replacement(start, _after_newline(text, stop))
        elif text[start:comment].strip():
            yield Replacement(start, comment)
        start = max(_after_newline(text, stop), stop + 1)


def _flow_cut(text: str, node: Node, entry: Entry) -> Replacement:
    """A member in brackets or braces, with one comma and the space on that side."""
    entries = node.entries or []
    index = next(i for i, one in enumerate(entries) if one is entry)
    comma = _comma(text, entry)
    end = entry.node.end if comma is None else comma + 1
    if index + 1 < len(entries):
        following = entries[index + 1].start
        return Replacement(entry.start, end if "#" in text[end:following] else following)
    if index == 0:
        return Replacement(entry.start, end)
    previous = entries[index - 1]
    before = _comma(text, previous)
    start = previous.node.end if comma is None or before is None else before + 1
    return Replacement(entry.start if "#" in text[start : entry.start] else start, end)


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """Where the line that holds `position` ends, before its line ending."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    return end - 1 if end > position and text[end - 1] == "\r" else end


def _before_newline(text: str, position: int) -> int:
    """Where the line ending that ends at `position` begins."""
    return position - 2 if text.startswith("\r\n", position - 2) else position - 1


def _after_newline(text: str, position: int) -> int:
    if text.startswith("\r\n", position):
        return position + 2
    return position + 1 if text.startswith("\n", position) else position
