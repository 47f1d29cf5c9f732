r"""Where instructions mention `@path`, outside of code, HTML and comments, as Claude Code's Markdown reader sees it.

Observed with Claude Code 2.1.330: a mention begins at white space, the beginning of a line, or right after emphasis
or a bracket opens, and goes on to the next white space (`\\ ` stands for a space); commas and full stops belong to
it. Fenced and indented code, code spans, HTML blocks and comments hold no mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

_MENTION = re.compile(r"(?:(?<=[\s*_\[])|(?<=\\.)|(?<!.))@((?:[^\s\\]|\\ )+)")
_NAMES_A_FILE = re.compile(r"\./|~/|/.|(?!@)[a-zA-Z0-9._-]")

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_LIST_ITEM = re.compile(r"([ \t]*)(?:[-+*]|\d{1,9}[.)])([ \t]+)(?=\S)")
_HTML_START = re.compile(r" {0,3}<(?:/?[a-zA-Z][\w-]*(?:[\s/>]|$)|[!?])")
_INLINE = re.compile(r"\\[\\`]|`+|<!--")


class Mention(NamedTuple):
    """One `@path`: `text[start:end]` is all of it, with the `@`. `path` is as written, spaces unescaped.

    `alone` says that nothing else stands on its line.
    """

    start: int
    end: int
    path: str
    alone: bool


def find_mentions(text: str, most: int | None = None) -> tuple[Mention, ...]:
    """Every mention in `text`, or the first `most`, in order. Whether there is such a file is not looked at."""
    return tuple(islice(_mentions(text), most)) if "@" in text else ()


def _mentions(text: str) -> Iterator[Mention]:
    for start, end in _prose(text):
        for match in _MENTION.finditer(text, start, end):
            written = match[1].split("#", 1)[0]
            if not _NAMES_A_FILE.match(written):
                continue
            first, last = match.span(1)
            yield Mention(first - 1, last, written.replace("\\ ", " "), _is_alone(text, first - 1, last))


def _is_alone(text: str, start: int, end: int) -> bool:
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    while end < len(text) and text[end] in " \t\r":
        end += 1
    return (start == 0 or text[start - 1] == "\n") and (end == len(text) or text[end] == "\n")


def _prose(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of `text` that are neither code, HTML nor comment."""
    for start, end in _paragraphs(text):
        position = start
        for first, last in _code_and_comments(text, start, end):
            yield position, first
            position = last
        if position < end:
            yield position, end


def _code_and_comments(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The code spans and comments of one paragraph. A run of backticks that none of the same length closes is text."""
    marks = list(_INLINE.finditer(text, start, end))
    runs: dict[int, list[int]] = {}
    for mark in reversed(marks):
        if mark[0][0] == "`":
            runs.setdefault(len(mark[0]), []).append(mark.start())
    last_comment_end = text.rfind("-->", start, end)
    skip_to = start
    for mark in marks:
        if mark.start() < skip_to or mark[0][0] == "\\":
            continue
        if mark[0][0] == "`":
            closers = runs[len(mark[0])]
            while closers and closers[-1] <= mark.start():
                closers.pop()
            if closers:
                skip_to = closers[-1] + len(mark[0])
                yield mark.start(), skip_to
        elif mark.end() <= last_comment_end:
            skip_to = text.index("-->", mark.end(), end) + 3
            yield mark.start(), skip_to


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Blocks of lines that are prose: paragraphs, headings, items of lists, quotes, tables."""
    position = 0
    block = -1  # where the current paragraph began; -1 between paragraphs
    fence = ""
    html_end: str | None = None
    indents = [0]  # how far the content of each open list item is indented
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        blank = not line.strip()
        if fence:
            closing = line.strip()
            if closing.startswith(fence) and not closing.strip(fence[0]):
                fence = ""
            continue
        if html_end is not None:
            if html_end and html_end in line:
                yield start + line.index(html_end) + len(html_end), position
                html_end = None
            elif not html_end and blank:
                html_end = None
            continue
        if blank:
            if block >= 0:
                yield block, start
            block = -1
            continue
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if block < 0:
            while indent < indents[-1]:
                indents.pop()
            if indent >= indents[-1] + 4:
                continue  # indented code
        opening = _FENCE.match(line)
        if opening and indent < indents[-1] + 4 and not (opening[1][0] == "`" and "`" in opening[2]):
            if block >= 0:
                yield block, start
            block, fence = -1, opening[1]
            continue
        if block < 0 and _HTML_START.match(line[_width(line, indents[-1]) :]):
            html_end = "-->" if line.lstrip().startswith("<!--") else ""
            if html_end and html_end in line:
                yield start + line.index(html_end) + len(html_end), position
                html_end = None
            continue
        item = _LIST_ITEM.match(line)
        if item:
            while len(indents) > 1 and indent < indents[-1]:
                indents.pop()
            indents.append(len(item[0].expandtabs(4)))
        if block < 0:
            block = start
    if block >= 0 and not fence:
        yield block, len(text)


def _width(line: str, indent: int) -> int:
    """How many characters of `line` are indentation, at most `indent`."""
    return min(indent, len(line) - len(line.lstrip()))
