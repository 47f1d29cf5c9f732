"""JSON files of Claude Code: strict JSON, behind a byte order mark perhaps, and never an exception."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Collection
from typing import Any, NoReturn, TypeGuard

from harnesssync_orchestrator.core.source import FILE_UNREADABLE, Problem
from harnesssync_orchestrator.files.reading import MAX_TEXT_BYTES, Looked, SpecialFileError, TooLargeError

MAX_DEPTH = 100
"""Lists and tables in one another. Whatever goes on with a value does so by recursion, and must not come to its end."""

MAX_DURATION = 2**31 - 1
"""In milliseconds it is 24 days; longer time-outs end at once in many programs, Node among them."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json_safe(
    path: str, looked: Looked, *, default: object = None, limit: int = MAX_TEXT_BYTES, within: Collection[str] = ()
) -> tuple[Any, tuple[Problem, ...]]:
    """The value in the JSON file at `path` (absolute), and what is wrong with it.

    It has to lie in one of `within`, as for `Looked.read`. A missing file gives `default` and no problem. One that
    can't be read, is longer than `limit` bytes or is no JSON gives `default` and a problem that hides items, with line
    and column of the mistake. Bytes that are no UTF-8 are replaced by U+FFFD and reported, as are halves of surrogate
    pairs: the other values in the file still count. Claude Code refuses comments and trailing commas, takes the last of
    two equal keys, and so does this.
    """
    try:
        content = looked.read(path, limit, within=within)
    except OSError as error:
        problem = why_unreadable(error, path)
        return default, () if problem is None else (problem,)
    text, problem = decode(content, path)
    problems = () if problem is None else (problem,)
    try:
        return _without_lone_surrogates(json.loads(text, parse_constant=_refuse)), problems
    except json.JSONDecodeError as error:
        broken = Problem(
            code="json_invalid",
            message=f"not valid JSON: {error.msg}",
            file=path,
            line=error.lineno,
            column=error.colno,
            hint=_hint(text, error),
        )
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        broken = Problem(code="json_invalid", message=f"not valid JSON: {reason}", file=path, hint="Correct the file.")
    return default, (*problems, broken)


def decode(content: bytes, path: str) -> tuple[str, Problem | None]:
    """`content` as text without a byte order mark. Bytes that are no UTF-8 become U+FFFD, as in Claude Code."""
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        text = content.decode("utf-8-sig", "replace")
        return text, Problem(
            code="not_utf8",
            message=f"byte 0x{content[error.start]:02x} is not UTF-8, and is read as the replacement character",
            file=path,
            line=content.count(b"\n", 0, error.start) + 1,
            hint="Save the file as UTF-8.",
            hides=False,
        )


def dangling(path: str) -> Problem:
    """The problem with a link that leads to nothing, where Claude Code would read an item."""
    return Problem(
        code="link_dangling",
        message="a link leads to nothing",
        file=path,
        hint="Remove it, or put back what it leads to.",
        hides=False,
    )


def why_unreadable(error: OSError, path: str) -> Problem | None:
    """The problem with a file that can't be read; None for one that is not there, which is no problem."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return None
    if isinstance(error, IsADirectoryError):
        return Problem(
            code="not_a_file",
            message="a folder stands where Claude Code reads a file",
            file=path,
            hint="Rename or remove the folder.",
        )
    if isinstance(error, SpecialFileError):
        return Problem(
            code="not_a_file",
            message="a pipe, socket or device stands where Claude Code reads a file; it was not opened",
            file=path,
            hint="Replace it by a regular file.",
        )
    if isinstance(error, TooLargeError):
        return Problem(
            code="file_too_large",
            message=f"the file is too large: {error.strerror}",
            file=path,
            hint="Make it shorter; Claude Code does not read it either.",
        )
    if error.errno == errno.ELOOP:
        return Problem(
            code="link_loop",
            message="a link in a circle leads to no file",
            file=path,
            hint="Remove the link.",
        )
    return Problem(
        code=FILE_UNREADABLE,
        message=f"the file can't be read: {error.strerror or error}",
        file=path,
        hint="Make it readable for your user.",
    )


def _hint(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].lstrip()
    before = text[: error.pos].rstrip()
    if rest.startswith(("//", "/*")):
        return "Remove the comments: Claude Code ignores the whole file because of them."
    ends = rest.removeprefix(",").lstrip()[:1]  # Python 3.13 points at the comma, others behind it
    if ends in {"}", "]"} or (before.endswith(",") and error.msg.startswith("Expecting property name")):
        return "Remove the comma after the last entry: Claude Code ignores the whole file because of it."
    return "Correct the file: Claude Code ignores all of it."


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _without_lone_surrogates(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    r"""JSON can spell half a surrogate pair (`"\\ud800"`), which no file can hold: U+FFFD stands for it.

    Raises ValueError for values nested too deeply.
    """
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("�", value)
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    if isinstance(value, list):
        return [_without_lone_surrogates(inner, depth + 1) for inner in value]
    if isinstance(value, dict):
        return {
            _LONE_SURROGATE.sub("�", key): _without_lone_surrogates(inner, depth + 1) for key, inner in value.items()
        }
    return value


def is_duration(value: object) -> TypeGuard[int | float]:
    """Is a value a time that any program can count? `1e999` is none, though JSON has it."""
    return isinstance(value, int | float) and 0 < value <= MAX_DURATION
