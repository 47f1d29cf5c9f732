"""JSON that people also edit: what stays, what is read, what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import grows_with_length

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey

JSON = FORMATS["json"]

keys = st.sampled_from(["a", "b.c", "mcp", "é", "x y", 'q"', ""])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3))
)
spaces = st.sampled_from(
    ["", " ", "\n", "\n  ", "\r\n\t", " /* c, } */ ", " // one \n", '\n\n// "x": 1, {\n    ', "\r\n"]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A JSONC document with white space, comments and trailing commas in all places that allow them."""

    def container(depth: int, top: bool = False) -> str:
        is_object = top or draw(st.booleans())
        parts = []
        for name in draw(st.lists(keys, max_size=3, unique=True)):
            value = container(depth + 1) if depth < 3 and draw(st.booleans()) else json.dumps(draw(scalars))
            key = f"{json.dumps(name)}{draw(spaces)}:{draw(spaces)}" if is_object else ""
            parts.append(f"{draw(spaces)}{key}{value}{draw(spaces)}")
        body = ",".join(parts)
        if parts and draw(st.booleans()):
            body += "," + draw(spaces)
        if not parts:
            body = draw(spaces)
        return f"{{{body}}}" if is_object else f"[{body}]"

    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + draw(spaces) + container(0, top=True) + draw(spaces)


@given(documents(), st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), values), min_size=1), st.randoms())
def test_removing_what_was_added_gives_the_earlier_bytes_back(document: str, additions: Any, random: Any) -> None:
    """Keys added in any number and removed in any order leave no trace."""
    before = document.encode()
    names = [name for name, _ in additions]
    after = JSON.edit(before, [SetKey((name,), value) for name, value in additions])
    expected = {**JSON.parse(before), **dict(additions)}
    assert expected == JSON.parse(after)
    random.shuffle(names)
    assert before == JSON.edit(after, [RemoveKey((name,)) for name in names])


@given(documents(), st.lists(values, min_size=1, max_size=3, unique_by=value_hash), st.randoms())
def test_removing_added_elements_gives_the_earlier_bytes_back(document: str, elements: Any, random: Any) -> None:
    """So do elements of an array that had to be made, with the containers above it."""
    before = document.encode()
    after = JSON.edit(before, [AddElement(("new", "deep", "array"), element) for element in elements])
    assert elements == JSON.parse(after)["new"]["deep"]["array"]
    random.shuffle(elements)
    edits = [RemoveElement(("new", "deep", "array"), value_hash(element)) for element in elements]
    made = [RemoveKey(("new", "deep", "array")), RemoveKey(("new", "deep")), RemoveKey(("new",))]
    assert before == JSON.edit(after, [*edits, *made])


@given(documents(), st.lists(values, min_size=1, max_size=3, unique_by=value_hash), st.data())
def test_elements_are_put_first_and_removing_them_gives_the_earlier_bytes_back(
    document: str, elements: Any, data: st.DataObject
) -> None:
    """Before whatever stands in the array, with comments and all."""
    before = document.encode()
    pointer, there = data.draw(st.sampled_from([*_places(JSON.parse(before)), (("new",), [])]))
    elements = [one for one in elements if isinstance(there, list) and one not in there]
    after = JSON.edit(before, [AddElement(pointer, one, first=True) for one in elements])
    if elements:
        found = JSON.parse(after)
        for key in pointer:
            found = found[key]
        assert json.dumps([*reversed(elements), *there]) == json.dumps(found)
    has_comments = "//" in document or "/*" in document  # an array of nothing but comments gets other white space
    going = [*reversed(elements)] if has_comments else data.draw(st.permutations(elements))
    edits: list[Edit] = [RemoveElement(pointer, value_hash(one)) for one in going]
    made = [RemoveKey(("new",))] if elements and pointer == ("new",) else []
    assert before == JSON.edit(after, [*edits, *made])


@given(st.text(" \t\n", max_size=4), st.sampled_from(["\n", "\r\n"]), st.permutations("abc"), st.permutations("abc"))
def test_an_array_is_as_empty_as_before_in_whatever_order_its_elements_go(
    inside: str, newline: str, coming: list[str], going: list[str]
) -> None:
    """Each comes and goes in an edit of its own, and none leaves a line behind in between."""
    before = f'{{"l":[{inside}]}}'.replace("\n", newline).encode()
    now = before
    for one in coming:
        now = JSON.edit(now, [AddElement(("l",), one, first=True)])
    for one in going:
        now = JSON.edit(now, [RemoveElement(("l",), value_hash(one))])
    assert before == now


def test_no_blank_line_comes_between_elements_that_are_put_first() -> None:
    """Into an array that was empty, and in which each has its line."""
    after = JSON.edit(b'{\n  "l": [\n  ]\n}', [AddElement(("l",), one, first=True) for one in (1, 2)])
    assert after == b'{\n  "l": [\n  \n    2,\n    1\n  ]\n}'


@given(documents(), st.data())
def test_removing_a_foreign_key_keeps_every_comment_and_every_other_value(document: str, data: st.DataObject) -> None:
    """A removal in a layout of a person's own leaves a valid document with the same comments in it."""
    before = document.encode()
    present = JSON.parse(before)
    if present:
        key = data.draw(st.sampled_from(sorted(present)))
        after = JSON.edit(before, [RemoveKey((key,))])
        assert {name: value for name, value in present.items() if name != key} == JSON.parse(after)
        assert comments_in(document) == comments_in(after.decode())


def comments_in(document: str) -> list[str]:
    """Each without the white space at its end, in order."""
    found = re.findall(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', document)
    return [each.rstrip() for each in found if each.startswith("/")]


@given(documents(), st.data(), values)
def test_replacing_a_value_touches_only_that_value(document: str, data: st.DataObject, value: Any) -> None:
    """What stands before and behind the value is the same text as before."""
    before = document.encode()
    present = JSON.parse(before)
    if present:
        key = data.draw(st.sampled_from(sorted(present)))
        after = JSON.edit(before, [SetKey((key,), value)])
        assert list({**present, key: value}.items()) == list(JSON.parse(after).items())
        assert sorted(comments_in(document)) == sorted(comments_in(after.decode()))
        back = JSON.edit(after, [SetKey((key,), present[key])])
        assert present == JSON.parse(back)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}\n", '{\n  "new": {\n    "x": 1\n  }\n}\n'),
        ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"new": {\n\t\t"x": 1\n\t}\n}'),
        ('{\n    "a": 1, // why\n}', '{\n    "a": 1, // why\n    "new": {\n        "x": 1\n    },\n}'),
        ('{\n  "a": 1 // why\n}', '{\n  "a": 1, // why\n  "new": {\n    "x": 1\n  }\n}'),
        ('{"a": 1}', '{"a": 1, "new": {"x": 1}}'),
        ('{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "new": {\r\n    "x": 1\r\n  }\r\n}'),
    ],
)
def test_an_added_key_takes_on_the_looks_of_its_neighbours(before: str, after: str) -> None:
    """Indentation, line endings, trailing commas and the one-line form are taken over."""
    assert after == JSON.edit(before.encode(), [SetKey(("new", "x"), 1)]).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "a": { // why\n    /* how */\n  }\n}\n', "{\n  // why\n  /* how */\n}\n"),
        ('{\n  "a": {\n    // why\n  },\n  "b": 1\n}\n', '{\n  // why\n  "b": 1\n}\n'),
        ('{"b": 1, "a": {"x": 2 /* why */}}', '{"b": 1 /* why */}'),
        ('{"a": {"x": 2 /* why */}, "b": 1}', '{/* why */ "b": 1}'),
        ('{"a": [ // why\n]}', "{\n  // why\n}"),
    ],
)
def test_the_comments_in_what_goes_stay_in_its_place(before: str, after: str) -> None:
    """Whoever made the object or array that they stand in, a person wrote them."""
    assert after == JSON.edit(before.encode(), [RemoveKey(("a",))]).decode()


def test_an_equal_value_is_left_as_it_is_written() -> None:
    """A value that already says the same keeps its own spelling."""
    before = b'{"a": [ 1,\n 2 ], "b": "\\u00e9"}'
    assert before == JSON.edit(before, [SetKey(("a",), [1, 2]), SetKey(("b",), "é")])


def test_removing_what_is_not_there_changes_nothing() -> None:
    """A key or element that is gone already is no error."""
    before = b'{"a": [1]}'
    edits = [RemoveKey(("b", "c")), RemoveElement(("x",), "0"), RemoveElement(("a",), value_hash(2))]
    assert before == JSON.edit(before, edits)


@pytest.mark.parametrize(
    ("document", "line", "column", "message"),
    [
        ("", 1, 1, "ends"),
        ("[]", 1, 1, "not an object"),
        ('{\n  "a": 1,\n  "a": 2\n}', 3, 3, "twice"),
        ('{\n  "a" 1\n}', 2, 7, "':'"),
        ('{"a": 1 "b": 2}', 1, 9, "','"),
        ("{\"a\": 'x'}", 1, 7, "a value"),
        ("{a: 1}", 1, 2, "double quotes"),
        ('{"a": "x\n"}', 1, 9, "control character"),
        ('{"a": "x', 1, 7, "Unterminated"),
        ('{"a": 01}', 1, 7, "a value"),
        ('{"a": 1} // x\n}', 2, 1, "more text"),
        ('{"a": 1, /* x', 1, 10, "comment has no end"),
        ('{"a": 1,,}', 1, 9, "double quotes"),
        ("{,}", 1, 2, "double quotes"),
        ('{"a": "\\x"}', 1, 8, "escape"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "limit"),
        ('{"a":' + "[" * 100_000, 1, 133, "128 levels"),
    ],
)
def test_a_broken_document_is_refused_with_its_place(document: str, line: int, column: int, message: str) -> None:
    """Line and column count from 1, and the message says what is wrong."""
    with pytest.raises(DocumentError, match=re.escape(message)) as caught:
        JSON.parse(document.encode())
    assert (line, column) == (caught.value.line, caught.value.column)


def test_bytes_that_are_no_utf8_are_refused_with_their_place() -> None:
    """A file in another encoding is not guessed at."""
    with pytest.raises(DocumentError) as caught:
        JSON.parse(b'{\n "\xc3\xa9\xff": 1}')
    assert (caught.value.line, caught.value.column) == (2, 4)


@pytest.mark.parametrize(
    "edit",
    [
        SetKey(("a", "b"), 1),
        SetKey(("l", "b"), 1),
        AddElement(("o",), 1),
        AddElement(("a",), 1),
        RemoveElement(("o",), "0"),
        RemoveKey(("l", "0")),
        SetKey((), 1),
    ],
)
def test_an_edit_that_does_not_fit_the_document_is_refused(edit: Edit) -> None:
    """A parent that is no container is never replaced by one."""
    with pytest.raises(DocumentError):
        JSON.edit(b'{"a": "text", "l": [], "o": {}}', [edit])


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    """Names of files that are not UTF-8 reach values as lone surrogates."""
    after = JSON.edit(b"{}", [SetKey(("a",), "x\udcff")])
    assert json.loads(after) == {"a": "x\udcff"}


def pretty(number: int) -> bytes:
    return json.dumps(
        {"mcp": {f"k{each}": {"x": [each]} for each in range(number)}, "l": [*range(number)]}, indent=2
    ).encode()


MANY: dict[str, Callable[[int], tuple[bytes, list[Edit]]]] = {
    "new keys": lambda number: (b"{}", [SetKey((f"k{each}",), {"x": each}) for each in range(number)]),
    "new keys in a document of as many": lambda number: (
        pretty(number),
        [SetKey(("mcp", f"new{each}"), {"x": [each]}) for each in range(number)],
    ),
    "new values": lambda number: (pretty(number), [SetKey(("mcp", f"k{each}"), {"x": []}) for each in range(number)]),
    "keys below keys": lambda number: (pretty(number), [SetKey(("mcp", f"k{each}", "y"), 1) for each in range(number)]),
    "new elements": lambda number: (pretty(number), [AddElement(("l",), {"x": each}) for each in range(number)]),
    "keys that go": lambda number: (pretty(number), [RemoveKey(("mcp", f"k{each}")) for each in range(number)]),
    "keys that go from behind": lambda number: (
        pretty(number),
        [RemoveKey(("mcp", f"k{each}")) for each in reversed(range(number))],
    ),
    "elements that go": lambda number: (
        pretty(number),
        [RemoveElement(("l",), value_hash(each)) for each in range(number)],
    ),
    "keys of a document on one line": lambda number: (
        json.dumps({f"k{each}": {} for each in range(number)}).encode(),
        [
            edit
            for each in range(number)
            for edit in (SetKey((f"k{each}",), each), SetKey((f"n{each}",), 1), RemoveKey((f"k{each}",)))
        ],
    ),
}


@pytest.mark.parametrize("kind", MANY)
def test_many_edits_take_time_in_proportion(kind: str) -> None:
    """Of whatever kind: thousands of servers are one edit each."""
    assert grows_with_length(lambda given: JSON.edit(*given), MANY[kind], 4000)


@st.composite
def edits(draw: st.DrawFn, document: bytes) -> Edit:
    """An edit of something that is there, or near it, or of anything else."""
    places = [*_places(JSON.parse(document))]
    pointer, there = draw(st.sampled_from([*places, *((("new", name), None) for name in "ab")]))
    value, kind = draw(values), draw(st.integers(0, 4))
    if kind == 0:
        return SetKey((*pointer, draw(keys)) if isinstance(there, dict) else pointer, value)
    if kind == 1 and isinstance(there, list):
        return AddElement(pointer, value)
    if kind == 2 and isinstance(there, list) and there:
        return RemoveElement(pointer, value_hash(draw(st.sampled_from(there))))
    return SetKey(pointer, value) if kind == 3 else RemoveKey(pointer)


def _places(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key), inner
            yield from _places(inner, (*above, key))


@given(documents(), st.data())
def test_edits_at_once_are_the_same_as_one_after_the_other(document: str, data: st.DataObject) -> None:
    """Each of them finds the text that the ones before it left, though it is read once."""
    one_by_one, done = document.encode(), list[Edit]()
    for _ in range(data.draw(st.integers(1, 8))):
        edit = data.draw(edits(one_by_one))
        try:
            one_by_one = JSON.edit(one_by_one, [edit])
        except DocumentError:
            continue
        done.append(edit)
    assert one_by_one == JSON.edit(document.encode(), done)


def test_one_edit_takes_time_that_grows_with_the_document_and_no_faster() -> None:
    """Of two thousand keys."""

    def document(keys: int) -> bytes:
        return json.dumps({f"key-{number}": ["x", number] for number in range(keys)}, indent=2).encode()

    assert grows_with_length(lambda given: JSON.edit(given, [SetKey(("new",), 1)]), document, 2000)
