"""JSON text in and out, on the compiled half of the `json` module alone.

Importing `json` brings in `re` and `enum`, which doubles the start-up of a program as short as `status`. The scanner
and the encoder that it uses are compiled (`_json`) and need neither. Where an interpreter has no such module, or
another form of it, the public one does the work: the results are the same, and a test holds them together.
"""

# ruff: noqa: ANN401 - a JSON value has no type before somebody looks at it
# ruff: noqa: PLC0415 - what is imported, and when, is the point of this module

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Both = tuple[Callable[[str, int], tuple[Any, int]], Callable[[Any, int], Iterable[str]]]

_WHITESPACE = " \t\n\r"


class JsonTextError(ValueError):
    """Text that is not JSON, or JSON beyond what is accepted: `NaN` and its like, absurd depth or size of numbers."""


def _refuse_constant(name: str) -> Any:
    raise JsonTextError(f"{name} is not JSON")


def _finite(text: str) -> float:
    """`1e999` is JSON, and would be read as infinity: which is not, and so could not be told to anybody."""
    value = float(text)
    if value - value != 0:
        raise JsonTextError(f"{text[:20]} is more than a number can be")
    return value


class _ScannerSettings:
    """What the compiled scanner asks of a `json.JSONDecoder`."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = staticmethod(_finite)
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)


def _no_default(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _compiled() -> Both:
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    # circular check, default, strings, indent, key separator, item separator, sort_keys, skipkeys, allow_nan
    encoder = make_encoder(None, _no_default, encode_basestring_ascii, None, ":", ",", False, False, False)
    settings: Any = _ScannerSettings
    return make_scanner(settings), encoder


def _public() -> Both:
    import json

    decoder: Any = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)
    encoder = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))
    return decoder.scan_once, lambda value, _level: (encoder.encode(value),)


try:
    _scan, _encode = _compiled()
except (ImportError, TypeError, AttributeError):  # another interpreter, or another form of the private module
    _scan, _encode = _public()


def _scan_text(text: str, start: int) -> tuple[Any, int]:
    """Scan; to tell of a mistake, Python 3.10 and 3.11 need the exception of `json.decoder`, and don't import it."""
    try:
        return _scan(text, start)
    except SystemError:
        __import__("json.decoder")
        return _scan(text, start)


def loads(text: str) -> Any:
    """The value of one JSON text. Raises `JsonTextError`, which is a ValueError, for anything else."""
    start = len(text) - len(text.lstrip(_WHITESPACE))
    try:
        value, end = _scan_text(text, start)
    except StopIteration as error:
        raise JsonTextError(f"a value is missing at character {error.value}") from None
    except RecursionError:
        raise JsonTextError("it is nested too deeply") from None
    except JsonTextError:
        raise
    except ValueError as error:  # json.JSONDecodeError, or a number of too many digits
        raise JsonTextError(str(error)) from None
    if text[end:].strip(_WHITESPACE):
        raise JsonTextError(f"something follows the value at character {end}")
    return value


def dumps(value: Any) -> str:
    """One line of JSON in ASCII. Raises TypeError or ValueError for what has no JSON form (also `NaN`).

    Everything beyond ASCII is escaped, so that a path which is not valid UTF-8 (lone surrogates, by `os.fsdecode`)
    survives the journey.
    """
    return "".join(_encode(value, 0))


def dumps_pretty(value: Any) -> str:
    """Indented JSON, readable characters kept, for `--json` at a terminal and for scripts alike.

    Lone surrogates stay escaped, so that the text can be written in any encoding that has the rest.
    """
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=2)
    return text
