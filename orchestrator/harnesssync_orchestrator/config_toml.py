"""TOML as plain values, by the parser that comes with Python, or, before 3.11, by ours. Both raise ValueError."""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib

    def parse(text: str) -> dict[str, Any]:
        return tomllib.loads(text)

else:
    import tomlkit

    def parse(text: str) -> dict[str, Any]:
        return tomlkit.parse(text).unwrap()
