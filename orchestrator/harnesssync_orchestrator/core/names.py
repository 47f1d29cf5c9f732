"""Names that come from configuration and are to become names of files: which are safe, and why others aren't."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

MAX_NAME_BYTES = 200  # leaves room for a suffix below NAME_MAX (255) of all common file systems

_WINDOWS_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_FORBIDDEN = frozenset('/\\:*?"<>|')


@lru_cache(maxsize=4096)
def why_unsafe(name: str) -> str | None:
    """The reason why `name` can't be one component of a path on every supported system, or None if it can.

    Refused: empty, `.` and `..`, a leading `.` or `-`, separators and characters that Windows reserves,
    control, format, surrogate and unassigned characters (Unicode categories C*), surrounding spaces, a
    trailing dot, device names, and more than `MAX_NAME_BYTES` bytes of UTF-8.
    """
    if not name:
        return "it is empty"
    if name[0] in ".-":
        return f"it begins with {name[0]!r}"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space, or ends with a dot"
    for character in name:
        if character in _FORBIDDEN:
            return f"it contains {character!r}"
        if unicodedata.category(character)[0] == "C":
            return f"it contains the control character U+{ord(character):04X}"
    if name.split(".", maxsplit=1)[0].casefold() in _WINDOWS_RESERVED:
        return "it is a device name on Windows"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"it is longer than {MAX_NAME_BYTES} bytes"
    return None
