"""YAML that people also edit: what stays, what is read, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harnesssync_adapters.formats import FORMATS
from harnesssync_adapters.formats.yaml_text import yaml_document
from harnesssync_orchestrator.core.desired import value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, Edit, RemoveElement, RemoveKey, SetKey

YAML = FORMATS["yaml"]

texts = st.text(st.characters(blacklist_categories=["Cs"]))
names = st.one_of(st.sampled_from(["a", "b.c", "x y", "é", 'q"', "", "no", "1", "~", "- x", "a: b", "#"]), texts)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), texts, names, st.floats(allow_nan=False)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
tables = st.dictionaries(names, values, max_size=3)
comments = st.sampled_from(["", " # note", "   # - x: '"])
fillers = st.sampled_from(["", "", "\n", "# comment\n", "\n\n  # other: 1\n", "  \n"])
members = st.sampled_from(
    [
        "command: x",
        "list:\n- 'a'\n-   b: 1\n    c: 2",
        "list2:\n    - - 1\n      - 2\n    -\n      x: y",
        "flow: { a: 1, 'b.c': [ 1,\n   2 ], }",
        'text: "a # b\n  c: d"',
        "plain: one\n  two",
        "anchor: &one\n  x: 1\nalias: *one",
        "nothing:",
        "? odd key\n: 1",
        "time: 12:30",
        "empty: {}",
    ]
)
servers = st.sampled_from(
    [
        "servers:\n  one:\n    x: 1",
        "servers:\n      'o.ne': {}\n      two: [1]",
        "servers: {}",
        "servers: { one: {a: 1},\n  two: b,\n}",
        "policy:\n  set:\n      old: y",
        "",
    ]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A YAML document with members in any style, comments, and lines that look like something else."""
    blocks = draw(st.lists(members, max_size=4, unique=True))
    blocks.insert(draw(st.integers(0, len(blocks))), draw(servers))
    lines = [draw(fillers) + block + draw(comments) + "\n" for block in blocks if block]
    text = draw(st.sampled_from(["", "", "---\n", "%YAML 1.2\n---\n"])) + "".join([*lines, draw(fillers)])
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


@settings(max_examples=40)  # reading YAML is slow
@given(documents(), st.dictionaries(st.sampled_from(["new", "n.w", "n 2"]), tables, min_size=1), st.data())
def test_yaml_preserve_every_byte_when_what_was_added_is_removed(
    document: str, additions: Any, data: st.DataObject
) -> None:
    """Mappings and values added in any number and removed in any order leave no trace."""
    before = document.encode()
    edits = [SetKey(("servers", name), table) for name, table in additions.items()]
    edits += [SetKey(("policy", "set", name), "value") for name in additions]
    after = YAML.edit(before, edits)
    present = YAML.parse(before)
    assert {**present.get("servers", {}), **additions} == YAML.parse(after)["servers"]
    removals = data.draw(st.permutations([RemoveKey(edit.pointer) for edit in edits]))
    made = [RemoveKey(("policy", "set"))] if "policy" not in present else []
    made += [RemoveKey((name,)) for name in ("servers", "policy") if name not in present]
    assert before == YAML.edit(after, [*removals, *made])


@settings(max_examples=40)
@given(documents(), st.lists(values, min_size=1, max_size=3, unique_by=value_hash), st.data())
def test_removing_added_elements_gives_the_earlier_yaml_back(document: str, elements: Any, data: st.DataObject) -> None:
    """So do elements of lists that had to be made, and of lists in either style; none is added that is there."""
    before = document.encode()
    present = YAML.parse(before)
    listed = {value_hash(element) for element in present.get("list", ())}
    elements = [element for element in elements if value_hash(element) not in listed]
    pointers = [("servers", "array"), *(("list",) for _ in present.get("list", ())[:1])] if elements else []
    for pointer in pointers:
        after = YAML.edit(before, [AddElement(pointer, element) for element in elements])
        removals = data.draw(st.permutations([RemoveElement(pointer, value_hash(one)) for one in elements]))
        made = [RemoveKey(pointer)] if pointer[0] == "servers" else []
        made += [RemoveKey(("servers",))] if made and "servers" not in present else []
        assert before == YAML.edit(after, [*removals, *made])


@settings(max_examples=40)
@given(tables, tables)
def test_an_updated_mapping_says_exactly_the_new_value(old: Any, new: Any) -> None:
    """Keys go, come and change place; the order counts too."""
    before = b"# mine\nother:\n  x: 1\n"
    after = YAML.edit(before, [SetKey(("servers", "one"), old), SetKey(("servers", "one"), new)])
    assert value_hash(new) == value_hash(YAML.parse(after)["servers"]["one"])
    assert before == YAML.edit(after, [RemoveKey(("servers", "one")), RemoveKey(("servers",))])


@given(documents(), st.data())
def test_removing_any_key_leaves_all_others(document: str, data: st.DataObject) -> None:
    """A removal in a layout of a person's own leaves a valid document with the other values, or is refused."""
    present = YAML.parse(document.encode())
    if present:
        key = data.draw(st.sampled_from(sorted(present)))
        try:
            after = YAML.edit(document.encode(), [RemoveKey((key,))])
        except DocumentError:
            assert key in ("odd key", "anchor")  # there is no line of its own, or an alias needs it
            return
        assert {name: value for name, value in present.items() if name != key} == YAML.parse(after)
        assert document.count("# note") == after.decode().count("# note")


@given(st.dictionaries(names, st.one_of(texts, values), max_size=4))
def test_rendered_yaml_is_read_back_equal_by_two_parsers(members: Any) -> None:
    """Whatever the text looks like, ours and a reader of YAML 1.1 agree."""
    text = yaml_document(members)
    assert members == YAML.parse(text.encode())
    assert members == (yaml.safe_load(text) or {})
    assert "\r" not in text


@settings(max_examples=40)
@given(tables)
def test_json_is_yaml_too(table: Any) -> None:
    """A document in braces is edited in braces, and given back as it was."""
    before = (json.dumps({"a": 1, "b": {"c": []}}, indent=2) + "\n").encode()
    after = YAML.edit(before, [SetKey(("b", "d"), table), AddElement(("b", "c"), table)])
    assert {"c": [table], "d": table} == YAML.parse(after)["b"]
    assert before == YAML.edit(after, [RemoveElement(("b", "c"), value_hash(table)), RemoveKey(("b", "d"))])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'servers:\n  x:\n    command: "a"\n'),
        ("# mine", '# mine\nservers:\n  x:\n    command: "a"'),
        ("servers:\n      y: 1\n# end\n", 'servers:\n      y: 1\n      x:\n        command: "a"\n# end\n'),
        ("servers: {y: 1}\n", 'servers: {y: 1, x: {command: "a"}}\n'),
        ("servers: {} # none\n", 'servers: {x: {command: "a"}} # none\n'),
        ("a:\r\n  b: 1\r\n", 'a:\r\n  b: 1\r\nservers:\r\n  x:\r\n    command: "a"\r\n'),
        ("a: |+\n  text\n\n", 'a: |+\n  text\n\nservers:\n  x:\n    command: "a"\n'),
        ("a: 1\n...\n", 'a: 1\nservers:\n  x:\n    command: "a"\n...\n'),
    ],
)
def test_an_added_mapping_takes_the_form_that_its_parent_has(before: str, after: str) -> None:
    """Lines of its own, or a member between braces."""
    edited = YAML.edit(before.encode(), [SetKey(("servers", "x"), {"command": "a"})])
    assert after == edited.decode()
    made = [] if "servers" in before else [RemoveKey(("servers",))]
    assert before == YAML.edit(edited, [RemoveKey(("servers", "x")), *made]).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("list:\n- a\n- b\n", 'list:\n- a\n- b\n- name: "x"\n  size: 1\n'),
        ("list:\n    -   a # one\n", 'list:\n    -   a # one\n    - name: "x"\n      size: 1\n'),
        ("list: [a, b]\n", 'list: [a, b, {name: "x", size: 1}]\n'),
        ("list: [\n  a, # one\n]\n", 'list: [\n  a,\n  {name: "x", size: 1}, # one\n]\n'),
        ("list: &l\n  - a\nmore: 1\n", 'list: &l\n  - a\n  - name: "x"\n    size: 1\nmore: 1\n'),
    ],
)
def test_an_added_element_stands_as_the_others_do(before: str, after: str) -> None:
    """At their indentation, or between brackets; and goes without a trace."""
    value = {"name": "x", "size": 1}
    edited = YAML.edit(before.encode(), [AddElement(("list",), value)])
    assert after == edited.decode()
    assert before == YAML.edit(edited, [RemoveElement(("list",), value_hash(value))]).decode()


def test_yaml_preserve_comment_and_neighbours_of_a_value_that_changes() -> None:
    """Only the value's own text is replaced."""
    before = b"x:  # mine\n  command: a   # why\n  args: []\n"
    after = YAML.edit(before, [SetKey(("x",), {"command": "b", "args": []})])
    assert before.replace(b": a ", b': "b" ') == after


def test_a_list_that_loses_its_last_line_is_an_empty_list() -> None:
    """Its key alone would stand for nothing, which programs refuse where they want a list."""
    after = YAML.edit(b"list: # mine\n  - a # why\nx: 1\n", [RemoveElement(("list",), value_hash("a"))])
    assert after == b"list: [] # mine\n# why\nx: 1\n"


@pytest.mark.parametrize(
    ("document", "line", "column"),
    [
        ("a: [1,\n", 2, 1),
        ("a: 1\na: 2\n", 2, 1),
        ("a: 'x", 1, 6),
        ("a: b: c\n", 1, 5),
        ("a: *x\n", 1, 4),
        ("- a\n", 1, 1),
        ("text\n", 1, 1),
        ("a: 1\n---\nb: 1\n", 2, 1),
        ("a: \x07\n", 1, 4),
        ("[x]: 1\n", 1, 1),
    ],
)
def test_a_broken_yaml_document_is_refused_with_its_place(document: str, line: int, column: int) -> None:
    """Line and column count from 1."""
    with pytest.raises(DocumentError) as caught:
        YAML.parse(document.encode())
    assert (line, column) == (caught.value.line, caught.value.column)


LAUGHS = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


@pytest.mark.parametrize(
    "document",
    ["a: " + "[" * 5000, "a: " + "{b: " * 300, "- " * 3000, LAUGHS, "a: \xff", 'a: "\\UFFFFFFFF"', "a: &a [*a]"],
    ids=["brackets", "braces", "dashes", "aliases", "latin-1", "escape", "cycle"],
)
def test_a_hostile_yaml_document_is_refused(document: str) -> None:
    """Deep nesting, aliases that stand for billions, and other encodings are errors, not crashes."""
    with pytest.raises(DocumentError):
        YAML.parse(document.encode("latin-1"))


@pytest.mark.parametrize(
    "edit",
    [
        SetKey(("a", "b"), 1),
        SetKey(("l", "b"), 1),
        SetKey(("n", "b"), 1),
        SetKey(("alias", "x"), 2),
        SetKey(("o", "n"), "\udcff"),
        SetKey(("anchor", "y"), 2),
        AddElement(("o",), 1),
        RemoveElement(("a",), "0"),
        RemoveKey(("anchor",)),
        SetKey((), 1),
    ],
)
def test_a_yaml_edit_that_does_not_fit_is_refused(edit: Edit) -> None:
    """A parent that is no mapping is never replaced by one, and what an alias repeats is not changed with it."""
    document = b"a: text\nl: []\nn:\no:\n  p: 1\nanchor: &one\n  x: 1\nalias: *one\n"
    with pytest.raises(DocumentError):
        YAML.edit(document, [edit])


@pytest.mark.parametrize("document", ["a: 1\rb: 2\r", "# x\n...\n", "a: |\n  no line ending"])
def test_a_document_that_would_change_otherwise_is_refused(document: str) -> None:
    """Rather than edited with something else in it changed."""
    with pytest.raises(DocumentError):
        YAML.edit(document.encode(), [SetKey(("new",), 1)])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!secret x", "x"),
    ],
)
def test_values_are_those_of_the_core_schema(written: str, value: object) -> None:
    """YAML 1.2, which most of the programs read."""
    assert {"a": value} == YAML.parse(f"a: {written}\n".encode())
