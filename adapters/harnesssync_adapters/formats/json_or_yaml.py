"""The `json-or-yaml` format: files that a harness reads as YAML, of which JSON is a part, and that may be written as
either. Each is edited as what it is; a new one is JSON."""

from __future__ import annotations

from collections.abc import Sequence

from harnesssync_adapters.formats.json_document import JsonDocument
from harnesssync_adapters.formats.text_edits import decode
from harnesssync_adapters.formats.yaml_document import YamlDocument
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.targets import DocumentError, DocumentFormat, Edit

_JSON, _YAML = JsonDocument(), YamlDocument()


class JsonOrYamlDocument:
    """Implements `DocumentFormat` for both."""

    @property
    def empty(self) -> bytes:
        return _JSON.empty

    def parse(self, content: bytes) -> JsonValue:
        return _of(content).parse(content)

    def edit(self, content: bytes, edits: Sequence[Edit]) -> bytes:
        return _of(content).edit(content, edits)


def _of(content: bytes) -> DocumentFormat:
    """The format that a document is in. YAML in braces, with keys that bear no quotes say, is no JSON; what is neither
    is told of as what it looks like."""
    is_in_braces = decode(content)[1].lstrip().startswith("{")
    if not is_in_braces:
        return _YAML
    try:
        _JSON.parse(content)
    except DocumentError:
        return _YAML if _is_yaml(content) else _JSON
    return _JSON


def _is_yaml(content: bytes) -> bool:
    try:
        _YAML.parse(content)
    except DocumentError:
        return False
    return True
