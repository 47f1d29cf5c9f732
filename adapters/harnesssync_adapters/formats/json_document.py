"""The `json` format: JSON and JSONC that people also edit, changed by cutting and inserting text.

An insertion is made so that removing it again gives the very bytes of before, without remembering anything:

- into an empty container, a member goes on its own line before the closing bracket, behind whatever was there;
- an element that is to be the first goes before the first one, on a line of its own if that has one;
- otherwise it goes behind the last member and the comments after that, with the separator in between that the
  container already uses. A trailing comma stays a trailing comma.

Removal takes the member, the white space before it and one comma. Comments always stay, also those in what goes or is
replaced: a person wrote them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from harnesssync_adapters.formats.json_syntax import comments, last_comment, name_of, parse
from harnesssync_adapters.formats.json_tree import Container, Member, Tree, value_of
from harnesssync_adapters.formats.text_edits import decode, last_newline
from harnesssync_orchestrator.core.desired import JsonValue, value_hash
from harnesssync_orchestrator.core.targets import (
    AddElement,
    DocumentError,
    Edit,
    RemoveElement,
    RemoveKey,
    SetKey,
)


class JsonDocument:
    """Implements `DocumentFormat` for JSON, with comments and trailing commas allowed."""

    @property
    def empty(self) -> bytes:
        return b"{}\n"

    def parse(self, content: bytes) -> JsonValue:
        return parse(decode(content)[1]).value

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        mark, text = decode(content)
        if not edits:
            return content
        tree = Tree(text)
        for edit in edits:
            _apply(tree, edit)
        return (mark + tree.text).encode("utf-8")


def _apply(tree: Tree, edit: Edit) -> None:
    if not edit.pointer:
        raise DocumentError("an edit needs the name of a key")
    if isinstance(edit, SetKey):
        _set(tree, edit.pointer, edit.value)
    elif isinstance(edit, AddElement):
        _add(tree, edit.pointer, edit.value, first=edit.first)
    elif isinstance(edit, RemoveKey):
        _, parent, missing = tree.descend(edit.pointer[:-1])
        member = None if missing else _object(parent, edit.pointer[-1]).by_key.get(edit.pointer[-1])
        if member is not None:
            _remove(tree, member)
    elif (array := _array(tree, edit)) is not None and (element := array.element(edit.element)) is not None:
        _remove(tree, element)


def _set(tree: Tree, pointer: tuple[str, ...], value: JsonValue) -> None:
    _, parent, missing = tree.descend(pointer[:-1])
    if missing:
        _insert(tree, _object(parent, missing[0]), missing[0], _nested((*missing[1:], pointer[-1]), value))
        return
    parent = _object(parent, pointer[-1])
    member = parent.by_key.get(pointer[-1])
    if member is None:
        _insert(tree, parent, pointer[-1], value)
    elif value_hash(member.value.plain) != value_hash(value):
        written = value_of(_render(tree, value, member.own_line), parent.depth)
        member.lead += _kept(tree, member, member.value.pieces(), member.lead, "", followed=True)
        member.value = written
        tree.changed()


def _add(tree: Tree, pointer: tuple[str, ...], value: JsonValue, *, first: bool) -> None:
    within, inside, missing = tree.descend(pointer)
    if missing:
        _insert(tree, _object(inside, missing[0]), missing[0], _nested(missing[1:], [value]))
    elif inside is None or inside.is_object:
        raise tree.error(within, f"{name_of(pointer)} is not an array")
    elif first and inside.first is not None:
        _insert_first(tree, inside, inside.first, value)
    else:
        _insert(tree, inside, None, value)


def _array(tree: Tree, edit: RemoveElement) -> Container | None:
    """The array that an element is to be taken from; None if there is none."""
    within, inside, missing = tree.descend(edit.pointer)
    if missing:
        return None
    if inside is None or inside.is_object:
        raise tree.error(within, f"{name_of(edit.pointer)} is not an array")
    return inside


def _object(container: Container | None, key: str) -> Container:
    if container is None or not container.is_object:
        raise DocumentError(f"the parent of {key!r} is not an object")
    return container


def _nested(keys: tuple[str, ...], value: JsonValue) -> JsonValue:
    for key in reversed(keys):
        value = {key: value}
    return value


def _insert(tree: Tree, container: Container, key: str | None, value: JsonValue) -> None:
    """Append a member to a container."""
    last, left = container.last, ""
    if last is None:
        base = tree.indentation(container)
        indent: str | None = base + tree.unit
        # A carriage return that stands there is not to be taken for part of our line ending.
        newline = "\r\n" if container.tail.endswith("\r") else tree.newline
        lead, trail, comma = f"{container.tail}{newline}{indent}", newline + base, False
    else:
        around = container.tail if last.comma else last.trail
        place, is_line_comment = last_comment(around, 0, len(around))
        indent = last.own_line
        if indent is None and is_line_comment:
            indent = tree.indentation(container) + tree.unit
        lead = around[:place] + (_gap(last) if indent is None else tree.newline + indent)
        trail, comma = around[place:], last.comma
        if comma:
            trail, left = "", trail
    written = value_of(_render(tree, value, indent), container.depth)
    head = "" if key is None else f"{_dump(key)}: "
    if last is not None and not last.comma:
        last.trail, last.comma = "", True
    container.tail = left
    container.append(Member(container, lead, key, head, written, trail, comma))
    tree.changed()


def _insert_first(tree: Tree, array: Container, first: Member, value: JsonValue) -> None:
    """Put an element before the one that is the first, and before the comments before that. It takes over the white
    space of an array that was empty, whichever of the two goes first; of one that held comments alone some may stay
    other than it was, unless they go in the order in which they stand."""
    indent = first.own_line
    line = last_newline(first.lead, 0, len(first.lead))
    if indent is None:
        rest = first.lead.lstrip(" \t")
        lead = first.lead[: len(first.lead) - len(rest)]
        first.lead = f" {rest}"
    elif line is not None and not first.lead.strip(" \t\r\n"):
        lead, first.lead = first.lead, first.lead[line:]
    else:
        lead = tree.newline + indent
    written = value_of(_render(tree, value, indent), array.depth)
    array.put_before(first, Member(array, lead, None, "", written, "", comma=True))
    tree.changed()


def _remove(tree: Tree, member: Member) -> None:
    """Take a member of a container away: the inverse of `_insert`."""
    container, lead, following = member.holder, member.lead, member.next
    behind = container.tail if following is None else following.lead
    # What stands right behind the value, and what behind its comma, if there is anything before that.
    near, far = (behind, "") if member.comma and not member.trail else (member.trail, behind)
    space, after_line_comment = last_comment(lead, 0, len(lead))
    start, cut = space, 0
    if member.previous is None:
        line = last_newline(lead, space, len(lead))
        if line is not None:
            start = line
        if following is None:
            cut = 0 if near.strip(" \t\r\n") or (member.comma and member.trail) else len(near)
        elif line is None:
            start, cut = len(lead), len(near) - len(near.lstrip(" \t"))
    if after_line_comment and start == space:  # the line ending before the member is also the end of that comment
        if near.startswith(("\r", "\n")):
            cut = 0
        else:
            start = len(lead)
    before, after = lead[:start], near[cut:] + far
    kept = _kept(tree, member, (member.head, *member.value.pieces()), before, after, followed=following is not None)
    left = before + kept + after
    container.take_out(member)
    if member.comma and following is not None:
        following.lead = left
    elif member.comma or member.previous is None:
        container.tail = left
    else:
        member.previous.comma = False
        member.previous.trail += left
    tree.changed()


def _kept(tree: Tree, member: Member, going: Iterable[str], before: str, after: str, *, followed: bool) -> str:
    """The comments in the part of a member that is `going`, to stand between what is `before` and what is `after` it;
    `followed` by another member, or else by the closing bracket."""
    found = comments("".join(going))
    if not found:
        return ""
    indent = member.own_line
    needs_lines = last_comment(before, 0, len(before))[1] or any(comment.startswith("//") for comment in found)
    if indent is None and not needs_lines:
        gap = " " if before.strip() or member.previous is not None else ""
        return gap + " ".join(found) + (" " if followed and not after[:1].isspace() else "")
    base = tree.indentation(member.holder)
    if indent is None:
        indent = base + tree.unit
    line = tree.newline + indent
    _, begins_line, rest = before.rpartition("\n")
    text = ("" if begins_line and not rest.strip(" \t") else line) + line.join(found)
    if after.lstrip(" \t").startswith(("\n", "\r")):
        return text
    return text + (line if followed else tree.newline + base)


def _gap(last: Member) -> str:
    """The white space between members of a container on one line."""
    if last.previous is None:
        return " "
    return last.lead[last_comment(last.lead, 0, len(last.lead))[0] :]


def _render(tree: Tree, value: JsonValue, indent: str | None) -> str:
    """A value as text: on one line, or, given the indentation of its line, on several."""
    if indent is None or not isinstance(value, (Mapping, list, tuple)) or not value:
        return _dump(value)
    inner = indent + tree.unit
    if isinstance(value, Mapping):
        lines = [f"{_dump(key)}: {_render(tree, one, inner)}" for key, one in value.items()]
        opening, closing = "{", "}"
    else:
        lines = [_render(tree, one, inner) for one in value]
        opening, closing = "[", "]"
    newline = tree.newline
    return opening + ",".join(newline + inner + line for line in lines) + newline + indent + closing


def _dump(value: JsonValue) -> str:
    rendered = json.dumps(value, ensure_ascii=False)
    is_text = not any("\ud800" <= character <= "\udfff" for character in rendered)
    return rendered if is_text else json.dumps(value)
