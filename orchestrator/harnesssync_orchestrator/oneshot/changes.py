"""The changes of a dry run, line by line: a unified diff of text that is ours, the names of keys in shared files.

Values of keys are never shown, and credentials in text neither: nobody wants them in a terminal's history or in the
log of a CI.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from harnesssync_orchestrator.console import visible
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Operation, Remove, WriteFile
from harnesssync_orchestrator.core.secrets import redact
from harnesssync_orchestrator.core.targets import AddElement, Edit, RemoveKey, SetKey
from harnesssync_orchestrator.ctl import rendering
from harnesssync_orchestrator.files.reading import Looked

if TYPE_CHECKING:
    from harnesssync_orchestrator.console import Console
    from harnesssync_orchestrator.core.report import Report

LONGEST = 200
"""Lines of a diff that are shown of one file; --verbose shows all."""

LONGEST_COMPARED = 2000
"""Lines of a file that are compared: where many are alike, comparing takes the square of their number."""


def show_changes(console: Console, report: Report) -> None:
    """Every operation of a plan, in its order."""
    for operation in report.operations:
        owners = console.colourize("dim", f"({', '.join(operation.owners)})")
        sign, colour, what = _headline(operation, report.path)
        console.line(f"  {console.colourize(colour, sign)} {visible(what)} {owners}")
        if isinstance(operation, WriteFile) and not operation.once:  # it is local, and nobody's to be shown
            _text(console, Path(report.path), operation)
        elif isinstance(operation, EditDocument):
            for edit in operation.edits:
                console.line(f"      {visible(_edit(edit))}")


def _headline(operation: Operation, root: str) -> tuple[str, str, str]:
    if isinstance(operation, MakeLink):
        source = operation.source.removeprefix(f"{root}/")
        return (
            "+",
            "green",
            f"{operation.path}, a copy of {source}" if operation.copied else f"{operation.path} -> {source}",
        )
    if isinstance(operation, WriteFile):
        return ("+", "green", operation.path) if operation.expected is None else ("~", "yellow", operation.path)
    if isinstance(operation, Remove):
        return "-", "red", operation.path
    return ("+", "green", operation.path) if rendering.is_new(root, operation.path) else ("~", "yellow", operation.path)


def _edit(edit: Edit) -> str:
    pointer = "/".join(edit.pointer)
    if isinstance(edit, SetKey):
        return f"set {pointer}"
    if isinstance(edit, RemoveKey):
        return f"remove {pointer}"
    if isinstance(edit, AddElement):
        return f"add to {pointer}"
    return f"remove from {pointer}"


def _text(console: Console, root: Path, operation: WriteFile) -> None:
    """The lines that go and come; nothing for what is not text, and nothing of a file that is not there."""
    try:
        after = _lines(operation.content)
        path, inside = root / operation.path, (str(root),)
        # What a link leads to is not what would be replaced: the link itself is.
        is_text = path.is_file() and not path.is_symlink()
        before = _lines(Looked().read(str(path), within=inside)) if is_text else []
    except (OSError, UnicodeDecodeError):
        return
    if max(len(before), len(after)) > LONGEST_COMPARED:
        console.line(f"      {console.colourize('dim', f'{len(before)} lines become {len(after)}')}")
        return
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    shown = lines if console.verbose else lines[:LONGEST]
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in shown:
        console.line(f"      {console.colourize(colours.get(line[:1], 'reset'), visible(line))}")
    if len(lines) > len(shown):
        console.line(
            f"      {console.colourize('dim', f'… {len(lines) - len(shown)} more lines; --verbose shows them')}"
        )


def _lines(content: bytes) -> list[str]:
    """Redacted as a whole, since a credential may go over several lines."""
    return redact(content.decode("utf-8")).splitlines()
