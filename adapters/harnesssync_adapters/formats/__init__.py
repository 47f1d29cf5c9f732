"""The formats of files that harnesses read: documents that people also edit, and text that is rendered whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from harnesssync_orchestrator.core.targets import DocumentFormat

_CLASSES = {
    "json": ("json_document", "JsonDocument"),
    "json-or-yaml": ("json_or_yaml", "JsonOrYamlDocument"),
    "toml": ("toml_document", "TomlDocument"),
    "yaml": ("yaml_document", "YamlDocument"),
}


class _Formats(Mapping[str, DocumentFormat]):
    """Each is imported when it is asked for: what parses and edits takes longer to import than most commands take, and
    a sync of an unchanged project needs none of it."""

    def __getitem__(self, name: str) -> DocumentFormat:
        return _made(*_CLASSES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


@cache
def _made(module: str, name: str) -> DocumentFormat:
    made: DocumentFormat = getattr(import_module(f"{__name__}.{module}"), name)()
    return made


FORMATS: Mapping[str, DocumentFormat] = _Formats()
"""Formats of merged files, by the name that `KeyOutput.format` gives."""
