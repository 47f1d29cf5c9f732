"""What a name, and what a value, says about being a credential. The rules for texts and for items build on this."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ISSUERS = (
    "airtable|anthropic|aws|azure|brave|browserbase|claude|cloudflare|cohere|context7|datadog|dd|deepseek|e2b|elevenlabs"
    "|exa|figma|firecrawl|gcp|gemini|github|gitlab|google|grafana|groq|heroku|hf|huggingface|langchain|langsmith|linear"
    "|mailgun|mistral|netlify|newrelic|notion|openai|openrouter|perplexity|pinecone|postmark|replicate|resend|sendgrid"
    "|sentry|serpapi|serper|slack|stripe|supabase|tavily|together|twilio|vercel|xai"
)
_CREDENTIAL_NAME = re.compile(
    r"(?:token|secret|password|passwd|passphrase|mnemonic|credentials?(?:_json)?|authorization|cookie"
    r"|(?:api|access|private|secret|auth|master|signing|encryption|session|service|account|admin|license|deploy"
    r"|functions?|subscription|application)_?key"
    rf"|(?:^|_)(?:{_ISSUERS})_key"
    r"|(?:^|_)(?:pat|pass|pwd|pw|auth|dsn|creds?(?:_json)?|bearer))_?\d{0,2}\Z"
)
_NOT_SECRET_NAME = re.compile(r"public_?key|(?:next|cursor|page|continuation|csrf)_?token\Z")
_PERHAPS_A_CREDENTIAL_NAME = re.compile(r"(?:^|_)(?:key|tok)_?\d{0,2}\Z")
_NAME_OF_A_KEY_IN_DATA = re.compile(
    r"(?:^|_)(?:any|bucket|cache|column|composite|config|dedup|deduplication|dict|event|field|file|foreign|group|hash"
    r"|host|hot|i18n|idempotency|index|issue|label|leader|lookup|map|message|meta|modifier|object|order|partition"
    r"|prefix|press|primary|project|pub|public|publishable|query|range|redis|registry|restore|routing|row|s3|search"
    r"|shard|shortcut|site|sort|translation|unique)_key_?\d{0,2}\Z"
)
_LONGEST_NAME = 128

_REFERENCE = re.compile(
    r"\$|\{env:|\{file:|\{\{|%[A-Za-z_]\w*%|<|\[|env:|op://|vault:|keychain:|process\.env|os\.environ"
)
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w.@ -]+(?:[/\\][\w.@ -]*)*")
_FILE = re.compile(
    r"[\w.@-]+(?:/[\w.@-]+)*"
    r"\.(?:json|ya?ml|toml|pem|key|crt|cer|p12|pfx|jks|env|txt|ini|cfg|conf|properties|pub|gpg|asc|db|sqlite)"
)
_FILE_OF_A_NAME = re.compile(r"[\w.@-]+(?:/[\w.@-]+)+\.[A-Za-z]\w{0,7}")
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
_OPAQUE = re.compile(r"[A-Za-z0-9+/_=.~-]{32,512}")
_HARMLESS_HEADER = re.compile(
    r"accept(?:-\w+)?|baggage|content-[\w-]+|digest|etag|host|if-(?:none-)?match|origin|referer|trace(?:parent|state)"
    r"|user-agent|x-amz-content-sha256|x-amzn-trace-id|x-b3-\w+|(?:x-)?(?:request|correlation|trace|span)-?id"
    r"|(?:x-)?(?:git-)?(?:commit|sha|revision|version|build|checksum)(?:-(?:id|sha|hash))?"
    r"|(?:[\w-]+-)?(?:organi[sz]ation|org|project)(?:-?id)?"
    r"|(?:[\w-]+-)?(?:tenant|account|workspace|team|client|user|device|database)-?id",
    re.IGNORECASE,
)
_SHORTEST = 6
_LONGEST_LOOKED_AT = 256


def gives_away(name: str, value: str) -> bool:
    """Is a value under this name a credential? Some names, such as `KEY`, are also those of keys in data and of keys on
    a keyboard: under these only what looks random is one."""
    if not is_literal(value):
        return False
    return names_a_credential(name) or (perhaps_names_a_credential(name) and is_perhaps_a_key(value))


def is_perhaps_a_key(value: str) -> bool:
    """Could a value be a key, under a name that may be one of something else? No word, number, date or file is."""
    return is_random(value, shortest=8) and not _FILE_OF_A_NAME.fullmatch(value[:_LONGEST_LOOKED_AT])


def names_a_credential(name: str) -> bool:
    """Does a variable, header, flag or key of this name hold a credential, if it holds text at all?"""
    plain = _plain(name)
    return _CREDENTIAL_NAME.search(plain) is not None and _NOT_SECRET_NAME.search(plain) is None


def perhaps_names_a_credential(name: str) -> bool:
    """Does one of this name hold a credential if what it holds looks like one?"""
    plain = _plain(name)
    return _PERHAPS_A_CREDENTIAL_NAME.search(plain) is not None and _NAME_OF_A_KEY_IN_DATA.search(plain) is None


def _plain(name: str) -> str:
    return _CAMEL.sub("_", name[-_LONGEST_NAME:]).lower().replace("-", "_").replace(".", "_").strip("_")


def is_opaque_header(name: str, value: str) -> bool:
    """Is the value of a header as long and as random as tokens are, and the header none that has such values anyway?"""
    if _HARMLESS_HEADER.fullmatch(name[:_LONGEST_NAME]) or not _OPAQUE.fullmatch(value):
        return False
    return is_random(value, shortest=32) and is_literal(value)


def is_random_code(value: str) -> bool:
    """Is the value of `?code=` a key, as of an Azure function, and neither a number nor a word?"""
    return 20 <= len(value) <= 128 and is_random(value, shortest=8)


def is_literal(value: str, *, shortest: int = _SHORTEST) -> bool:
    """Could a value be a credential? A reference, path, URL, name of a variable, number or placeholder is none."""
    value = value.strip()
    if len(value) < shortest or (value.isdigit() and len(value) < 8 and shortest > 1):
        return False
    beginning = value[:_LONGEST_LOOKED_AT]
    return not (
        _REFERENCE.match(beginning)
        or ("://" in beginning and not beginning.startswith("{"))
        or beginning.lower() in _WORDS
        or _PATH.fullmatch(beginning)
        or _FILE.fullmatch(beginning)
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
