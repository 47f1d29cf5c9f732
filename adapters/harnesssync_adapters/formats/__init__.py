"""The formats of files that harnesses read: documents that people also edit, and text that is rendered whole."""

from __future__ import annotations

from collections.abc import Mapping

from harnesssync_adapters.formats.json_document import JsonDocument
from harnesssync_adapters.formats.toml_document import TomlDocument
from harnesssync_adapters.formats.yaml_document import YamlDocument
from harnesssync_orchestrator.core.targets import DocumentFormat

FORMATS: Mapping[str, DocumentFormat] = {"json": JsonDocument(), "toml": TomlDocument(), "yaml": YamlDocument()}
"""Formats of merged files, by the name that `KeyOutput.format` gives."""
