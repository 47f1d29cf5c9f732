"""What a name, and what a value, says about being a credential. The rules for texts and for items build on this."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CREDENTIAL_NAME = re.compile(
    r"(?:token|secret|password|passwd|passphrase|credentials?|authorization|cookie"
    r"|(?:api|access|private|secret|auth|master|signing|encryption|session|service|account|admin|license|deploy)_?key"
    r"|(?:^|_)(?:pat|pass|pwd|auth|dsn))_?\d{0,2}\Z"
)
_NOT_SECRET_NAME = re.compile(r"public_?key|(?:next|cursor|page|continuation|csrf)_?token\Z")
_LONGEST_NAME = 128

_REFERENCE = re.compile(
    r"\$|\{env:|\{file:|\{\{|%[A-Za-z_]\w*%|<|\[|env:|op://|vault:|keychain:|process\.env|os\.environ"
)
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w.@ -]+(?:[/\\][\w.@ -]*)*")
_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_PLACEHOLDER = re.compile(
    r"(?:your|my|the|some|an?|insert|enter|replace|put|add|set|use|see|same|from|dummy|fake|sample|test)[-_ ].*"
    r"|.*(?:x{4,}|\*{3,}|\.{3,}|…).*|.*(?:example|placeholder|changeme|change[-_]me|redacted).*",
    re.IGNORECASE | re.DOTALL,
)
_WORDS = frozenset(
    (
        *("password", "passphrase", "secret", "string", "number", "integer", "boolean", "undefined", "required"),
        *("optional", "default", "disabled", "enabled", "hidden", "bearer", "basic", "digest", "automatic", "inherit"),
        *("cookie", "credentials", "function", "object"),
    )
)
_DIGIT = re.compile(r"[0-9]")
_SEPARATOR = re.compile(r"[^A-Za-z0-9+/]")
_MIXED = re.compile(r"[A-Za-z][0-9]|[0-9][A-Za-z]")
_SHORTEST = 6
_LONGEST_LOOKED_AT = 256


def names_a_credential(name: str) -> bool:
    """Does a variable, header, flag or key of this name hold a credential, if it holds text at all?"""
    if len(name) > _LONGEST_NAME:
        name = name[-_LONGEST_NAME:]
    plain = _CAMEL.sub("_", name).lower().replace("-", "_").replace(".", "_").strip("_")
    return _CREDENTIAL_NAME.search(plain) is not None and _NOT_SECRET_NAME.search(plain) is None


def is_literal(value: str, *, shortest: int = _SHORTEST) -> bool:
    """Could a value be a credential? A reference, path, URL, name of a variable, number or placeholder is none."""
    value = value.strip()
    if len(value) < shortest or (value.isdigit() and len(value) < 8 and shortest > 1):
        return False
    beginning = value[:_LONGEST_LOOKED_AT]
    return not (
        _REFERENCE.match(beginning)
        or "://" in beginning
        or beginning.lower() in _WORDS
        or _PATH.fullmatch(beginning)
        or _VARIABLE_NAME.fullmatch(beginning)
        or _PLACEHOLDER.fullmatch(beginning)
    )


def is_random(text: str, *, shortest: int = 12) -> bool:
    """Has a text a stretch without separators in which letters and digits mix, as no word, version or date has?

    A version (`v2024`), a date or a name with a number in it mixes them at most twice.
    """
    text = text[:_LONGEST_LOOKED_AT]
    if _DIGIT.search(text) is None:
        return False
    stretches = (stretch for stretch in _SEPARATOR.split(text) if len(stretch) >= shortest)
    return any(len(_MIXED.findall(stretch)) >= 3 for stretch in stretches)
