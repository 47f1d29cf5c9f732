"""The small JSON reader and writer agrees with the standard library's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.protocol import jsontext

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_both_halves_agree_with_the_json_module(value: object) -> None:
    """The same text is written, and the same value read, as by the module that everybody knows."""
    text = jsontext.dumps(value)
    assert text == json.dumps(value, separators=(",", ":"))
    assert jsontext.loads(text) == json.loads(text)
    assert jsontext.loads(f" \r\n{json.dumps(value, indent=2)}\t ") == value


@given(st.text())
def test_text_is_accepted_exactly_when_the_json_module_accepts_it(text: str) -> None:
    """Save for NaN and its like, which are not JSON."""
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(jsontext.JsonTextError):
            jsontext.loads(text)
    else:
        if text.strip() not in {"NaN", "Infinity", "-Infinity"}:
            assert jsontext.loads(text) == expected


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}', "[" * 100_000, "", "  ", "{'a':1}", "[1,]"])
def test_what_is_not_json_is_refused(text: str) -> None:
    """One kind of exception, whatever is wrong."""
    with pytest.raises(jsontext.JsonTextError):
        jsontext.loads(text)


@pytest.mark.parametrize("text", ["1e999", "-1e999", '{"a": [1e400]}', "1" * 400 + ".5"])
def test_a_number_beyond_all_others_is_refused(text: str) -> None:
    """It would be read as infinity, which no answer could say again."""
    with pytest.raises(jsontext.JsonTextError):
        jsontext.loads(text)
    with pytest.raises(jsontext.JsonTextError):
        jsontext._public()[0](text, 0)


def test_what_has_no_json_form_is_refused() -> None:
    """Neither NaN nor an object of Python's slips onto the wire."""
    with pytest.raises(ValueError, match="JSON compliant"):
        jsontext.dumps(float("nan"))
    with pytest.raises(TypeError):
        jsontext.dumps({"a": object()})


def test_the_public_module_gives_the_same() -> None:
    """Where the compiled half is missing, the same texts are read and written."""
    scan, encode = jsontext._public()
    value = {"a": [1, 2.5, None, "é\udcff"], "b": True}
    text = "".join(encode(value, 0))
    assert text == jsontext.dumps(value)
    assert scan(text, 0)[0] == jsontext.loads(text)


@pytest.mark.parametrize("text", ["{ x", '"a', '{"a":1 2}', r'"\x"'])
def test_a_mistake_is_told_where_nobody_has_imported_json(text: str) -> None:
    """The compiled scanner of some Pythons can't raise its own exception by itself."""
    code = (
        "import sys; from harnesssync_orchestrator.protocol.jsontext import JsonTextError, loads\n"
        "assert 'json' not in sys.modules\n"
        f"try: loads({text!r})\n"
        "except JsonTextError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "char" in result.stdout


def test_neither_half_imports_what_is_slow() -> None:
    """The point of the module: no `re`, no `enum`, no `json` package."""
    code = (
        "import sys; from harnesssync_orchestrator.protocol import framing;"
        "from harnesssync_orchestrator.protocol.messages import *;"
        "decode(encode(Request('status', {'a': [1]}, id=1)));"
        "print(sorted({'re', 'enum', 'json', 'typing', 'dataclasses'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
