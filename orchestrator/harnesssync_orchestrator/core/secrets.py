"""What looks like a credential in a text, and texts with it taken out.

Two kinds of rule. A token with a form of its own (`ghp_…`, a private key, the password in a URL, `Authorization:`) is
one wherever it stands. Any other value is one only by the name in front of it (`DB_PASSWORD=…`, `--api-key …`). Hashes
of commits, UUIDs, paths, references to variables and long words have no such form, and so are none by themselves.

Every rule takes time in proportion to the text, however hostile it is: a pattern begins with fixed text, and what it
then runs over is either bounded or can't hold another beginning. Forms of tokens are those that their issuers document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from harnesssync_orchestrator.core.credential_signs import (
    gives_away,
    is_literal,
    is_perhaps_a_key,
    is_random,
    is_random_code,
    names_a_credential,
    perhaps_names_a_credential,
)

REDACTED = "***"
"""What stands in the place of a credential wherever something is told."""


class Secret(NamedTuple):
    """`text[start:end]` looks like a credential; `what` says like which."""

    start: int
    end: int
    what: str


class _Form(NamedTuple):
    """Tokens of one issuer. Without one of `signs` in a text there is none in it, and the pattern is not tried."""

    what: str
    signs: tuple[str, ...]
    pattern: str
    accepts: Callable[[str], bool] = lambda _: True


def _form(what: str, sign: str | tuple[str, ...], pattern: str, accepts: Callable[[str], bool] | None = None) -> _Form:
    signs = (sign,) if isinstance(sign, str) else sign
    return _Form(what, signs, rf"(?<![A-Za-z0-9]){pattern}", accepts or (lambda _: True))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is first needed: all of them together take longer than a sync that finds nothing changed."""
    return re.compile(pattern)


def _not_an_example(text: str) -> bool:
    return not text.endswith("EXAMPLE")


def _has_digits(text: str) -> bool:
    return sum(character.isdigit() for character in text[:64]) >= 4


_FORMS = (
    _form("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{30,}"),
    _form("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _form("a GitLab token", "gl", r"gl(?:pat|ptt|dt|rt|cbt|imt|ft|soat|agent)-[A-Za-z0-9_=-]{20,}", is_random),
    _form("an API key", ("sk-",), r"sk-[A-Za-z0-9_-]{20,}", is_random),
    _form("a Stripe key", ("k_live_", "k_test_"), r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _form("a webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    _form("an AWS access key", ("AKIA", "ASIA"), r"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])", _not_an_example),
    _form("a Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _form("a Google token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}", is_random),
    _form("a Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}", is_random),
    _form("a Slack token", "xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,}", _has_digits),
    _form("a Slack token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{10,}", _has_digits),
    _form("an npm token", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _form("a PyPI token", "pypi-Ag", r"pypi-Ag[A-Za-z0-9_-]{50,}"),
    _form("a Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _form("a DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"do[por]_v1_[0-9a-f]{64}"),
    _form("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}", is_random),
    _form("a Databricks token", "dapi", r"dapi[0-9a-f]{32}(?![A-Za-z0-9])"),
    _form("a Shopify token", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _form("a Linear key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    _form("a Notion token", "ntn_", r"ntn_[A-Za-z0-9]{40,}"),
    _form("a Groq key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _form("an xAI key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
    _form("a Perplexity key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    _form("a Tavily key", "tvly-", r"tvly-[A-Za-z0-9-]{20,}", is_random),
    _form("a Replicate token", "r8_", r"r8_[A-Za-z0-9]{36,}"),
    _form("a Figma token", "figd_", r"figd_[A-Za-z0-9_-]{36,}"),
    _form("a Tailscale key", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9-]{20,}", is_random),
    _form("an age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    _form("a Telegram token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    _form("a JSON web token", "eyJ", r"(?<![_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    _form("a Slack webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{20,}"),
    _form("a Discord webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d{10,25}/[A-Za-z0-9_-]{30,}"),
    _form("a Zapier address", "mcp.zapier.com/", r"mcp\.zapier\.com/api/mcp/[as]/[A-Za-z0-9=+-]{20,}"),
)

_PRIVATE_KEY = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_MATERIAL = r"[A-Za-z0-9+/]{16}"
_KEY_END = r"-----END [A-Z0-9 ]{0,60}-----"

_URL_USER = r"""(?<=://)(?P<user>[^\s/@:?#"'<>`]{0,256})(?::(?P<password>[^\s/@"'<>`]{0,512}))?@(?=[A-Za-z0-9\[{$])"""
_URL_QUERY = r"""[?&](?P<name>[A-Za-z0-9_.-]{1,64})=(?P<value>[^\s?&#"'<>`\\]{1,4096})"""
_SHORT_QUERY_NAMES = frozenset({"key", "sig", "signature", "auth", "apikey", "jwt"})

_BEARER = r"\b(?:[Bb]earer|BEARER)[ \t]{1,4}(?P<value>[A-Za-z0-9._~+/=-]{12,})"
_AUTHORIZATION = (
    r"""(?i:authorization)\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?"""
    r"""(?:(?i:bearer|basic|token|apikey|digest|key)[ \t]{1,4})?(?P<value>[^\s"'`\\,;]{1,4096})"""
)

_USER = (
    r"""\b(?:curl|wget|https?(?!:)|xh)\b[^\r\n|;&]{0,512}?[ \t](?:-u[ \t]{0,4}|--(?:proxy-)?user(?:[ \t]{1,4}|=))"""
    r"""["']?[^\s:"'`]{1,128}:(?P<value>[^\s"'`\\,;&|<>)\]]{1,256})"""
)

_NAME_ENDS = (
    r"""(?i:token|secret|passw(?:or)?d|passphrase|key|cred(?:ential)?s?(?:_json)?|cookie|bearer|mnemonic"""
    r"""|(?<=[_-])(?:pat|pass|pwd|pw|auth|tok))\d{0,2}"""
    r"""(?P<closed>\\?["'])?(?P<sign>[ \t]{0,8}(?:=>|[:=])[ \t]{0,8}|[ \t]{1,4})"""
)
_VALUE = r"""(?P<open>\\?["'])?(?P<value>(?(open)[^"'\\\r\n]{1,256}|[^\s"'`\\,;&|<>)\]]{1,256}))"""
_REST_OF_VALUE = r"""[^\s"'`\\,;&|<>)\]]*"""
_NAME_BEFORE = r"[A-Za-z0-9_.-]*\Z"
_WORDS_OF_NAMES = ("tok", "secret", "pass", "key", "cred", "cookie", "bearer", "mnemonic", "pat", "pwd", "pw", "auth")
_LONGEST_NAME = 64

_SHORTEST_KNOWN = 4
"""A shorter one would be found in any text."""


def find(text: str, *, by_name: bool = False) -> tuple[Secret, ...]:
    """Every credential in `text`, in order, none inside another. With `by_name` also those that only the name in front
    of them gives away: for commands, settings and what is told, not for prose."""
    return (_remembered if len(text) <= _SHORT else _search)(text, by_name=by_name)


def _search(text: str, *, by_name: bool) -> tuple[Secret, ...]:
    found = sorted(_all(text, by_name=by_name), key=lambda secret: (secret.start, -secret.end))
    apart: list[Secret] = []
    for secret in found:
        if apart and secret.start < apart[-1].end:
            last = apart[-1]
            apart[-1] = Secret(last.start, max(last.end, secret.end), last.what)
        else:
            apart.append(secret)
    return tuple(apart)


_SHORT = 1024
_remembered = lru_cache(maxsize=8192)(_search)  # a sync asks about nearly the same texts as the one before


def redact(text: str, known: Iterable[str] = ()) -> str:
    """`text` with `***` for everything in it that looks like a credential, and for each of the `known` ones."""
    for value in known:
        if len(value) >= _SHORTEST_KNOWN:
            text = text.replace(value, REDACTED)
    parts: list[str] = []
    position = 0
    for secret in find(text, by_name=True):
        parts += text[position : secret.start], REDACTED
        position = secret.end
    return "".join((*parts, text[position:])) if parts else text


def redact_value(value: object, name: str = "") -> object:
    """A value of a settings file, redacted at any depth; `name` is the key under which it stands."""
    if isinstance(value, str):
        return REDACTED if gives_away(name, value) else redact(value)
    if isinstance(value, Mapping):
        return {key: redact_value(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        hidden = argument_values([inner if isinstance(inner, str) else "" for inner in value])
        return [REDACTED if index in hidden else redact_value(inner, name) for index, inner in enumerate(value)]
    return value


def argument_values(arguments: list[str]) -> frozenset[int]:
    """The indices of those arguments of a command that are the value of a credential's flag: `--token x`."""
    return frozenset(
        index
        for index, (flag, value) in enumerate(pairwise(arguments), 1)
        if flag.startswith("-") and "=" not in flag and not value.startswith("-") and gives_away(flag, value)
    )


def _all(text: str, *, by_name: bool) -> Iterator[Secret]:
    for form in _FORMS:
        if any(sign in text for sign in form.signs):
            for match in _compiled(form.pattern).finditer(text):
                if form.accepts(match[0]):
                    yield Secret(*match.span(), form.what)
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    if "://" in text and "@" in text:
        yield from _passwords_of_urls(text)
    if "=" in text and ("?" in text or "&" in text):
        yield from _parameters_of_urls(text, by_name=by_name)
    if "earer" in text or "EARER" in text:
        yield from _values_of_headers(text, _BEARER, is_random)
    if "uthorization" in text or "UTHORIZATION" in text:
        yield from _values_of_headers(text, _AUTHORIZATION, is_literal)
    if by_name and ":" in text and ("-u" in text or "user" in text):
        yield from _passwords_of_users(text)
    if by_name and ("=" in text or ":" in text or "--" in text):
        lowered = text.lower()
        if any(word in lowered for word in _WORDS_OF_NAMES):
            yield from _values_by_name(text)


def _private_keys(text: str) -> Iterator[Secret]:
    position = 0
    while begin := _compiled(_PRIVATE_KEY).search(text, position):
        ending = _compiled(_KEY_END).search(text, begin.end())
        position = ending.end() if ending else len(text)
        if _compiled(_KEY_MATERIAL).search(text, begin.end(), ending.start() if ending else len(text)):
            yield Secret(begin.start(), position, "a private key")


def _passwords_of_urls(text: str) -> Iterator[Secret]:
    for match in _compiled(_URL_USER).finditer(text):
        if match["password"] and is_literal(match["password"], shortest=1):
            yield Secret(*match.span("password"), "a password in a URL")
        if is_random(match["user"]) and is_literal(match["user"]):
            yield Secret(*match.span("user"), "a token in a URL")


def _parameters_of_urls(text: str, *, by_name: bool) -> Iterator[Secret]:
    """In prose, `?code=…` is most often that of a playground's link: the text of a program."""
    for match in _compiled(_URL_QUERY).finditer(text):
        name, value = match["name"], match["value"]
        telling = names_a_credential(name) or (by_name and name.lower() == "code" and is_random_code(value))
        perhaps = name.lower() in _SHORT_QUERY_NAMES or perhaps_names_a_credential(name)
        if (telling or (perhaps and is_random(value))) and is_literal(value):
            yield Secret(*match.span("value"), f"the parameter {name} of a URL")


def _values_of_headers(text: str, pattern: str, accepts: Callable[[str], bool]) -> Iterator[Secret]:
    for match in _compiled(pattern).finditer(text):
        if is_literal(match["value"]) and accepts(match["value"]):
            yield Secret(*match.span("value"), "the value of an Authorization header")


def _passwords_of_users(text: str) -> Iterator[Secret]:
    """`curl -u user:password`. Other programs mean something else by it: `docker run -u node:node`."""
    for match in _compiled(_USER).finditer(text):
        if is_literal(match["value"], shortest=1):
            yield Secret(*match.span("value"), "a password of a user")


def _values_by_name(text: str) -> Iterator[Secret]:
    """`NAME=value`, `"name": "value"`, `name = "value"`, `--name value`. What is neither quoted nor right behind a `=`
    must look random too: `token: see below` is prose."""
    position = 0
    while ending := _compiled(_NAME_ENDS).search(text, position):
        position = ending.end()  # and not the end of the value, in which there may be another name
        name_end = ending.start("closed") if ending["closed"] else ending.start("sign")
        before = _compiled(_NAME_BEFORE).search(text[max(0, name_end - _LONGEST_NAME) : name_end])
        name = before[0] if before else ""
        is_sure_name = names_a_credential(name)
        if not (is_sure_name or perhaps_names_a_credential(name)):
            continue
        if (value := _compiled(_VALUE).match(text, position)) is None:
            continue
        if ending["sign"].strip():
            sure = value["open"] is not None or ending["sign"] == "="
        elif name.startswith("--") and not value["value"].startswith("-"):
            sure = True
        else:
            continue
        found = value["value"]
        is_one = sure or is_random(found, shortest=8) if is_sure_name else is_perhaps_a_key(found)
        if is_one and is_literal(found):
            rest = _compiled(_REST_OF_VALUE).match(text, value.end("value"))
            position = rest.end() if rest else value.end("value")
            yield Secret(value.start("value"), position, f"the value of {name.lstrip('-')}")
