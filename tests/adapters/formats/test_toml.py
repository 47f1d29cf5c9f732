"""TOML that people also edit: what stays, what is read, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import tomlkit
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.growth import grows_with_length

from harnesssync_adapters.formats import FORMATS
from harnesssync_adapters.formats.text_edits import decode
from harnesssync_adapters.formats.toml_document import by_whole_text
from harnesssync_adapters.formats.toml_text import toml_document
from harnesssync_orchestrator.core.desired import value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey

TOML = FORMATS["toml"]

texts = st.text(st.characters(blacklist_categories=["Cs"]))
names = st.one_of(st.sampled_from(["a", "b.c", "x y", "é", 'q"', ""]), texts)
scalars = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), texts, st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=5,
)
tables = st.dictionaries(names, values, max_size=3)
comments = st.sampled_from(["", " # note", "   # [x] = '''"])
fillers = st.sampled_from(["", "", "\n", "# comment\n", "\n\n  # [other]\n", "\t\n"])
statements = st.sampled_from(
    [
        "command = 'x'",
        'args = [\n  "]", # one\n  "#",\n]',
        'text = """\n[not.a.table]\n""\\""\n"""',
        "literal = '''\n# no comment\n'''",
        'inline = { a = 1, "b.c" = { d = [] } }',
        "dotted.one = 1\n  dotted . 'two' = 2",
        "date = 1979-05-27 07:32:00Z",
        "empty = {}",
    ]
)
headers = st.sampled_from(
    ["[servers]", "[servers.one]", '[servers."t.wo"]', "[ other . 'x' ]", "[[list]]", "[policy.set]"]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML document with tables in any order, comments, and lines that look like something else."""
    lines = []
    seen = set()
    for header in ["", *draw(st.lists(headers, max_size=4))]:
        if header in seen and not header.startswith("[["):
            continue
        seen.add(header)
        if header:
            lines.append(draw(fillers) + header + draw(comments) + "\n")
        lines.extend(
            draw(fillers) + draw(st.sampled_from(["", "  "])) + statement + draw(comments) + "\n"
            for statement in draw(st.lists(statements, max_size=3, unique=True))
        )
    text = "".join([*lines, draw(fillers)])
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


@given(documents(), st.dictionaries(st.sampled_from(["new", "n.w", "n 2"]), tables, min_size=1), st.data())
def test_toml_preserve_every_byte_when_what_was_added_is_removed(
    document: str, additions: Any, data: st.DataObject
) -> None:
    """Tables and keys added in any number and removed in any order leave no trace."""
    before = document.encode()
    edits = [SetKey(("servers", name), table) for name, table in additions.items()]
    edits += [SetKey(("policy", "set", name), "value") for name in additions]
    after = TOML.edit(before, edits)
    present = TOML.parse(before)
    assert {**present.get("servers", {}), **additions} == TOML.parse(after)["servers"]
    removals = data.draw(st.permutations([RemoveKey(edit.pointer) for edit in edits]))
    made = [RemoveKey(("policy", "set"))] if "policy" not in present else []
    made += [RemoveKey((name,)) for name in ("servers", "policy") if name not in present]
    assert before == TOML.edit(after, [*removals, *made])


@given(documents(), st.lists(values, min_size=1, max_size=3, unique_by=value_hash), st.data())
def test_removing_added_elements_gives_the_earlier_toml_back(document: str, elements: Any, data: st.DataObject) -> None:
    """So do elements of an array that had to be made."""
    before = document.encode()
    assume("[servers." not in document or "[servers]" in document)  # an implied table gets a header, which stays
    after = TOML.edit(before, [AddElement(("servers", "array"), element) for element in elements])
    removals = data.draw(st.permutations([RemoveElement(("servers", "array"), value_hash(one)) for one in elements]))
    made = [RemoveKey(("servers", "array"))]
    made += [RemoveKey(("servers",))] if "servers" not in TOML.parse(before) else []
    assert before == TOML.edit(after, [*removals, *made])


@given(tables, tables)
def test_an_updated_table_says_exactly_the_new_value(old: Any, new: Any) -> None:
    """Keys go, come and change place; the order counts too."""
    before = b"# mine\n[other]\nx = 1\n"
    after = TOML.edit(before, [SetKey(("servers", "one"), old), SetKey(("servers", "one"), new)])
    assert value_hash(new) == value_hash(TOML.parse(after)["servers"]["one"])
    assert before == TOML.edit(after, [RemoveKey(("servers", "one"))])


@given(documents(), st.data())
def test_removing_any_key_leaves_all_others(document: str, data: st.DataObject) -> None:
    """A removal in a layout of a person's own leaves a valid document with the other values."""
    present = TOML.parse(document.encode())
    if present:
        key = data.draw(st.sampled_from(sorted(present)))
        after = TOML.edit(document.encode(), [RemoveKey((key,))])
        assert {name: value for name, value in present.items() if name != key} == TOML.parse(after)
        assert document.count("# note") == after.decode().count("# note")


@given(st.dictionaries(names, st.one_of(texts, values), max_size=4))
def test_rendered_documents_are_read_back_equal_by_two_parsers(members: Any) -> None:
    """Every control character, quote and line ending comes back: ours and another library's reader agree."""
    text = toml_document(members)
    assert members == TOML.parse(text.encode())
    assert members == tomlkit.parse(text).unwrap()


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x27, 0x5C, 0x7F, 0x85, 0x2028, 0x1F600])
def test_every_control_character_comes_back_from_a_string_over_lines(code: int) -> None:
    """Alone, doubled, at the ends and beside line breaks."""
    character = chr(code)
    text = f"{character}\n{character * 3}x{character}\r\n{character}"
    assert {"key": text} == TOML.parse(toml_document({"key": text}).encode())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[servers.x]\ncommand = "a"\n'),
        ("# mine", '# mine\n\n[servers.x]\ncommand = "a"'),
        ("[other]\n", '[other]\n\n[servers.x]\ncommand = "a"\n'),
        ("servers = { y = 1 }\n", 'servers = { y = 1, x = { command = "a" } }\n'),
        ("servers.y.z = 1\n", 'servers.y.z = 1\nservers.x = { command = "a" }\n'),
        ("[a]\r\nb = 1\r\n", '[a]\r\nb = 1\r\n\r\n[servers.x]\r\ncommand = "a"\r\n'),
    ],
)
def test_an_added_table_takes_the_form_that_its_parent_has(before: str, after: str) -> None:
    """A block, a member of an inline table or a dotted key: whichever is valid there."""
    assert after == TOML.edit(before.encode(), [SetKey(("servers", "x"), {"command": "a"})]).decode()


def test_toml_preserve_comment_and_neighbours_of_a_value_that_changes() -> None:
    """Only the value's own text is replaced."""
    before = b'[servers.x]  # mine\ncommand = "a"   # why\nargs = []\n'
    after = TOML.edit(before, [SetKey(("servers", "x"), {"command": "b", "args": []})])
    assert before.replace(b'"a"', b'"b"') == after


@pytest.mark.parametrize(
    ("document", "line", "column"),
    [("a = ", 1, 5), ("a = 1\nb = [1,\n", 3, 1), ("a = 1\na = 2\n", 2, 6), ("a = {b = 1", 1, 11), ("a\n", 1, 2)],
)
def test_a_broken_toml_document_is_refused_with_its_place(document: str, line: int, column: int) -> None:
    """Line and column count from 1."""
    with pytest.raises(DocumentError) as caught:
        TOML.parse(document.encode())
    assert line == caught.value.line
    assert caught.value.column is not None


@pytest.mark.parametrize(
    "document", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{b=" * 300 + "1" + "}" * 300, "a = \xff"]
)
def test_a_hostile_toml_document_is_refused(document: str) -> None:
    """Deep nesting and other encodings are errors, not crashes."""
    with pytest.raises(DocumentError):
        TOML.parse(document.encode("latin-1"))


@pytest.mark.parametrize(
    "edit",
    [
        SetKey(("a", "b"), 1),
        SetKey(("l", "b"), 1),
        SetKey(("o", "n"), None),
        SetKey(("o", "n"), "\udcff"),
        AddElement(("o",), 1),
        AddElement(("t",), 1),
        RemoveElement(("a",), "0"),
        SetKey((), 1),
    ],
)
def test_a_toml_edit_that_does_not_fit_is_refused(edit: Edit) -> None:
    """A parent that is no table is never replaced by one, and what TOML can't hold is not written."""
    with pytest.raises(DocumentError):
        TOML.edit(b'a = "text"\nl = []\n[o]\n[[t]]\nx = 1\n', [edit])


def test_an_array_of_tables_takes_and_loses_an_element() -> None:
    """Each element is a block of its own, with the tables below it."""
    before = b"[[list]]\nx = 1\n[list.sub]\ny = 1\n\n[[list]]\nx = 2\n"
    after = TOML.edit(before, [AddElement(("list",), {"x": 3})])
    assert [element["x"] for element in TOML.parse(after)["list"]] == [1, 2, 3]
    assert before == TOML.edit(after, [RemoveElement(("list",), value_hash({"x": 3}))])
    without = TOML.edit(before, [RemoveElement(("list",), value_hash({"x": 1, "sub": {"y": 1}}))])
    assert TOML.parse(without)["list"] == [{"x": 2}]


def many(number: int, member: str = "command = 'x' # why\n") -> bytes:
    tables = "\n".join(f"[servers.k{each}]\n{member}" for each in range(number))
    return f"# mine\ntheme = 1\n\n{tables}".encode()


MANY: dict[str, Callable[[int], tuple[bytes, list[Edit]]]] = {
    "new tables": lambda number: (b"", [SetKey(("servers", f"k{each}"), {"x": [each]}) for each in range(number)]),
    "new tables in a document of as many": lambda number: (
        many(number),
        [SetKey(("servers", f"new{each}"), {"x": [each]}) for each in range(number)],
    ),
    "new keys of one table": lambda number: (
        many(number),
        [SetKey(("set", f"k{each}"), "x") for each in range(number)],
    ),
    "new keys at the top": lambda number: (many(number), [SetKey((f"k{each}",), "x") for each in range(number)]),
    "new values of tables": lambda number: (
        many(number),
        [SetKey(("servers", f"k{each}"), {"command": "y", "more": 1}) for each in range(number)],
    ),
    "new values of keys": lambda number: (
        many(number),
        [SetKey(("servers", f"k{each}", "command"), "y") for each in range(number)],
    ),
    "tables that go": lambda number: (many(number), [RemoveKey(("servers", f"k{each}")) for each in range(number)]),
    "tables that go from behind": lambda number: (
        many(number),
        [RemoveKey(("servers", f"k{each}")) for each in reversed(range(number))],
    ),
    "tables beside an array of tables": lambda number: (
        b"[[list]]\nx = 1\n" + many(number),
        [SetKey(("servers", f"new{each}"), {"x": each}) for each in range(number)],
    ),
}


@pytest.mark.parametrize("kind", MANY)
def test_many_edits_of_toml_take_time_in_proportion(kind: str) -> None:
    """Of whatever kind: thousands of servers are one edit each."""
    assert grows_with_length(lambda given: TOML.edit(*given), MANY[kind], 2000)


@st.composite
def edits(draw: st.DrawFn, document: bytes) -> Edit:
    """An edit of something that is there, or near it, or of anything else."""
    places = [*_places(TOML.parse(document))]
    pointer, there = draw(st.sampled_from([*places, *(((name, "x"), None) for name in ("servers", "new"))]))
    value, kind = draw(st.one_of(values, tables)), draw(st.integers(0, 5))
    if kind == 0 and isinstance(there, dict):
        return SetKey((*pointer, draw(names)), value)
    if kind == 1 and isinstance(there, dict):
        return SetKey(pointer, {key: draw(values) for key in draw(st.permutations([*there, "more"]))})
    if kind == 2 and isinstance(there, list):
        return AddElement(pointer, value)
    if kind == 3 and isinstance(there, list) and there:
        return RemoveElement(pointer, value_hash(draw(st.sampled_from(there))))
    return SetKey(pointer, value) if kind == 4 else RemoveKey(pointer)


def _places(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key), inner
            yield from _places(inner, (*above, key))


@pytest.mark.parametrize("way", ["at once", "by the whole text"])
@given(document=documents(), data=st.data())
def test_edits_at_once_are_the_same_as_one_after_the_other(way: str, document: str, data: st.DataObject) -> None:
    """Each of them finds the text that the ones before it left, though it is read once; and what is a matter of a few
    lines comes out as it does by the whole text."""
    one_by_one, done = document.encode(), list[Edit]()
    for _ in range(data.draw(st.integers(1, 6))):
        edit = data.draw(edits(one_by_one))
        try:
            if way == "at once":
                one_by_one = TOML.edit(one_by_one, [edit])
            else:
                mark, text = decode(one_by_one)
                one_by_one = (mark + by_whole_text(text, edit)).encode()
        except DocumentError:
            continue
        done.append(edit)
    assert one_by_one == TOML.edit(document.encode(), done)


@pytest.mark.parametrize("table", ["[servers.two] # note", "[servers.two]\nx = 1 # note"])
def test_a_comment_of_the_last_table_keeps_a_line_of_its_own(table: str) -> None:
    """In a text that does not end with a line ending, which goes with the last table unless something of it stays."""
    text = f"[servers.one]\n\n{table}"
    edit = RemoveKey(("servers", "two"))
    for after in (by_whole_text(text, edit), TOML.edit(text.encode(), [edit]).decode()):
        assert after == "[servers.one]\n# note"


@pytest.mark.parametrize("text", ["a." * 500_000 + "a = 1", "[" + "a . " * 300_000 + "a]", '"a".' * 200 + "a = 1"])
def test_a_key_of_very_many_parts_is_refused_at_once(text: str) -> None:
    """Parsers take quadratic time over it."""
    with pytest.raises(DocumentError, match="128 parts"):
        FORMATS["toml"].parse(text.encode())


@pytest.mark.parametrize(
    "text", ["x = [" + "1.0, " * 400 + "]", "# " + "." * 400, f'x = "{"a." * 400}"', "x = 1 # " + "a " * 9]
)
def test_many_dots_elsewhere_are_no_such_key(text: str) -> None:
    """Numbers, comments and texts."""
    FORMATS["toml"].parse(text.encode())
