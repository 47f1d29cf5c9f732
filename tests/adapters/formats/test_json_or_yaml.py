"""Files that are read as YAML, and that people write as either: what each is edited as."""

from __future__ import annotations

import json

import pytest
import yaml

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import value_hash
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, RemoveElement, RemoveKey

EITHER = FORMATS["json-or-yaml"]
MODE = {"slug": "review", "groups": ["read"]}
ADD = AddElement(("customModes",), MODE)


@pytest.mark.parametrize(
    "text",
    [
        "# mine\ncustomModes:\n  - slug: a  # one\n    roleDefinition: |\n      Two\n      lines\nother: 1\n",
        "customModes: []\n",
        "customModes:\n- slug: a\n",
        "{customModes: [{slug: a}]}\n",
        "\ufeff{ customModes: [ {slug: 'a'}, ] } # mine\n",
        '{\n\t"customModes": [\n\t\t{"slug": "a"}\n\t]\n}\n',
        '{"customModes": []}',
        "",
        "{}\n",
    ],
)
def test_what_comes_goes_again_without_a_trace(text: str) -> None:
    """In the form that the file has, byte for byte."""
    before = text.encode()
    after = EITHER.edit(before, [ADD])
    if "\t" not in text:
        found = yaml.safe_load(after.decode("utf-8-sig"))
        assert found["customModes"][-1] == MODE
        assert EITHER.parse(after) == found
    back = [RemoveElement(("customModes",), value_hash(MODE))]
    emptied = [] if "customModes" in text else [RemoveKey(("customModes",))]
    assert EITHER.edit(after, [*back, *emptied]) == before


def test_json_stays_json() -> None:
    """For whoever reads it as that; a new file is JSON too."""
    for before in (EITHER.empty, b'{"customModes": [{"slug": "a"}]}'):
        assert json.loads(EITHER.edit(before, [ADD]))["customModes"][-1] == MODE


@pytest.mark.parametrize(("text", "like"), [('{"a": 1,, "b": 2}', "json"), ("a: [1\nb: 2\n", "yaml")])
def test_what_is_neither_is_told_of_as_what_it_looks_like(text: str, like: str) -> None:
    """With its place."""
    with pytest.raises(DocumentError) as expected:
        FORMATS[like].parse(text.encode())
    with pytest.raises(DocumentError) as error:
        EITHER.parse(text.encode())
    assert (error.value.message, error.value.line) == (expected.value.message, expected.value.line)
    assert error.value.line
