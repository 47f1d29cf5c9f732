"""What a merged file will say after an operation, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

from harnesssync_orchestrator.core.plan import EditDocument
from harnesssync_orchestrator.core.targets import DocumentError, DocumentFormat
from harnesssync_orchestrator.errors import ApplyError


def edit(operation: EditDocument, content: bytes, formats: Mapping[str, DocumentFormat]) -> bytes | None:
    """The bytes after the edits; None if nothing is left in a file that we made, so that it goes.

    `content` is what the file says now; it does not matter where there is no file yet. Raises ApplyError with the code
    `format_unknown` or `document_unparsable`.
    """
    document_format = formats.get(operation.format)
    if document_format is None:
        raise ApplyError(f"no document format is called {operation.format!r}", code="format_unknown")
    before = document_format.empty if operation.expected is None else content
    try:
        edited = document_format.edit(before, operation.edits)
    except DocumentError as error:
        place = f" (line {error.line}, column {error.column})" if error.line is not None else ""
        raise ApplyError(
            f"{error.message}{place}",
            code="document_unparsable",
            path=operation.path,
            hint="Mend the file, then sync again",
        ) from error
    return None if operation.remove_when_empty and _says_nothing(edited, document_format) else edited


def _says_nothing(content: bytes, document_format: DocumentFormat) -> bool:
    """Is there nothing in a document but what an empty one has, and white space?"""
    return b"".join(content.split()) in {b"", b"".join(document_format.empty.split())}
