"""What looks like a credential, and, as important, what does not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import grows_with_length

from harnesssync_orchestrator.core.credential_signs import (
    gives_away,
    is_literal,
    is_opaque_header,
    is_random,
    names_a_credential,
)
from harnesssync_orchestrator.core.secrets import REDACTED, argument_values, find, redact, redact_value

MIXED = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7b\n" * 8 + "-----END RSA PRIVATE KEY-----"

BY_FORM = [
    f"ghp_{MIXED[:36]}",
    f"github_pat_{MIXED[:30]}",
    f"glpat-{MIXED[:20]}",
    f"sk-{MIXED[:32]}",
    f"sk-proj-{MIXED}",
    f"sk-ant-api03-{MIXED}",
    f"sk_live_{MIXED[:24]}",
    f"whsec_{MIXED[:32]}",
    "AKIAABCDEFGHIJKLMNOP",
    f"AIza{MIXED[:35]}",
    f"ya29.{MIXED}",
    f"GOCSPX-{MIXED[:28]}",
    f"xoxb-123456789012-{MIXED[:24]}",
    f"npm_{MIXED[:36]}",
    f"pypi-AgEIcHlwaS5vcmc{MIXED}",
    f"hf_{MIXED[:34]}",
    f"dop_v1_{'0123456789abcdef' * 4}",
    f"SG.{MIXED[:22]}.{MIXED[:43]}",
    f"dapi{'0123456789abcdef' * 2}",
    f"shpat_{'0123456789abcdef' * 2}",
    f"AGE-SECRET-KEY-1{'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE6'}",
    f"123456789:AA{MIXED[:33]}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    f"https://hooks.slack.com/services/T00000000/B00000000/{MIXED[:24]}",
    PEM,
]

IN_TEXT = [
    ("postgres://app:hunter2@db.example/app", "hunter2"),
    (f"https://{MIXED[:20]}@github.com/org/repo.git", MIXED[:20]),
    ("https://mcp.example/?api_key=abc123def456&x=1", "abc123def456"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ('-H "Authorization: Bearer abcdefGHIJKL"', "abcdefGHIJKL"),
    (f"Bearer {MIXED[:24]}", MIXED[:24]),
    ("https://api.example/mcp?subscription-key=abcdef0123", "abcdef0123"),
    (f"https://h.example/mcp?my_key={MIXED[:16]}", MIXED[:16]),
    ("https://0a1b2c3d4e5f60718293a4b5c6d7e8f9:@h.example/", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
]

BY_NAME = [
    ("DB_PASSWORD=hunter2 psql", "hunter2"),
    ("run --token hunter2secret now", "hunter2secret"),
    ("--api-key=abcdefgh", "abcdefgh"),
    ('{"apiKey": "correcthorsebattery"}', "correcthorsebattery"),
    ('password = "correct horse"', "correct horse"),
    (r"{\"CLIENT_SECRET\": \"abcdef123\"}", "abcdef123"),
    ("client_secret: 9a8b7c6d5e4f", "9a8b7c6d5e4f"),
    ("curl -H 'X-Api-Key: 9f8a7b6c5d4e3f2a'", "9f8a7b6c5d4e3f2a"),
    ("?next=key: token=abc123def", "abc123def"),
    ("Bash(curl -u me:hunter2 https://x.example)", "hunter2"),
    ("curl -sS --user 'me:correct-horse' https://x.example", "correct-horse"),
    ("curl -ume:hunter2 https://x.example", "hunter2"),
    ("wget --proxy-user=me:hunter2 x.example", "hunter2"),
    ("API_KEY=123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
    ("curl -H 'x-functions-key: a1b2c3d4e5f6'", "a1b2c3d4e5f6"),
    ("curl -H 'DD-APPLICATION-KEY: 0a1b2c3d4e5f'", "0a1b2c3d4e5f"),
    ("LINEAR_KEY=correcthorse", "correcthorse"),
    ("OPENAI_KEY='correct horse'", "correct horse"),
    ("KEY=a1b2c3d4e5f6 run", "a1b2c3d4e5f6"),
    ("run --key a1b2c3d4e5f6", "a1b2c3d4e5f6"),
    ("run --key=a1b2c3d4e5f6", "a1b2c3d4e5f6"),
    ("GCP_CREDS=correcthorse", "correcthorse"),
    ("CREDS=correcthorse", "correcthorse"),
    ("MYSQL_PW=hunter2 mysql", "hunter2"),
    ("BEARER=correcthorse", "correcthorse"),
    ('MNEMONIC="legal winner thank year wave"', "legal winner thank year wave"),
    ("GOOGLE_APPLICATION_CREDENTIALS_JSON=ewogICJ0eXBl", "ewogICJ0eXBl"),
    (f"https://f.azurewebsites.example/api/mcp?code={MIXED}-_aQ==", f"{MIXED}-_aQ=="),
    ("PASSWORD=aB3/x.Yz9", "aB3/x.Yz9"),
]

HARMLESS = [
    "docker run -u node:node image; curl x.example",
    "docker run --user 1000:1000 image",
    "curl -u $NAME:$PASS https://x.example",
    "curl -u me: https://x.example",
    "docker run -e API=https://x.example -u 1000:hunter2 image",
    "curl https://x.example | docker run -u node:node image",
    "3f786850e387550fdab836ed7e6dc881de23001b",
    "sha256:3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
    "commit 3f78685 of 2026-01-01T00:00:00+00:00",
    "123e4567-e89b-12d3-a456-426614174000",
    "/usr/local/share/keys/token",
    "TOKEN_FILE=/run/secrets/abc12345",
    "PASSWORD=/run/secrets/db_password",
    "SSH_AUTH_SOCK=/tmp/ssh-abc123/agent.1",
    "${GITHUB_TOKEN}",
    "TOKEN=${TOKEN} run",
    "TOKEN={env:TOKEN}",
    "export TOKEN=$OTHER",
    "Authorization: Bearer ${TOKEN}",
    'bearer_token_env_var = "GITHUB_TOKEN"',
    "claude-sonnet-4-5-20250929",
    "gpt-4o-2024-08-06 and o4-mini",
    "https://example.com/a/b?page=2&sort=key#token",
    "https://github.com/org/repo.git",
    "git@github.com:org/repo.git",
    "ssh://git@github.com/org/repo",
    "https://user@example.com/",
    "sk-learn-contrib-classifier-extension-pack",
    "internationalization" * 5,
    "Donaudampfschifffahrtsgesellschaftskapitaen",
    "max_tokens: 4096",
    "--token-limit=50000",
    "tokenizer = gpt2tokenizer99",
    "token: see below",
    "the secret is out: nobody knows",
    "Press any key: abc12345",
    "cache-key: v1-abcdef0123456789abcdef",
    "PUBLIC_KEY=abc123def456ghi789",
    "next_page_token=abc123def456",
    "password: required",
    "API_KEY=your-api-key-here",
    "GITHUB_TOKEN: <your token 1234abcd>",
    "PASSWORD=changeme123",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + "MIIEpAIBAAKCAQEA7b\n" * 8 + "-----END PUBLIC KEY-----",
    "npm_config_cache",
    "eyJust.a.word",
    "KEY=name",
    "KEY=user_name_of_2024",
    "--key name",
    "--key=enter",
    "--key ${KEY}",
    "--key ~/.ssh/id_ed25519a1b2c3",
    "--key uploads/a1b2c3d4e5/image.png",
    "KEY=true",
    "KEY=12345678901",
    "KEY=2026-01-01T00:00:00Z",
    "KEY_FILE=/run/secrets/a1b2c3d4e5f6",
    "PRIMARY_KEY=id",
    "PRIMARY_KEY=a1b2c3d4e5f6",
    "SORT_KEY=a1b2c3d4e5f6",
    "STRIPE_PUBLISHABLE_KEY=pk_a1b2c3d4e5f6",
    "KEYBOARD=a1b2c3d4e5f6",
    "GOOGLE_APPLICATION_CREDENTIALS=service-account.json",
    "GCP_CREDS=./config/creds.json",
    "GCP_CREDS=${CREDS}",
    "https://h.example/?code=200",
    f"https://playground.example/?code={MIXED * 3}",
    "https://h.example/?code=not_found&page=3",
    "https://h.example/?code=release-notes-of-2024-and-2025-for-all",
    "https://h.example/?key=name",
    "https://user:@h.example/",
    "Bearer of bad news: nobody",
    "the sacred: words",
]


@pytest.mark.parametrize("token", BY_FORM)
@pytest.mark.parametrize("around", ["{}", 'x = "{}"', "--flag={} more", "see ({}), please"])
def test_a_token_with_a_form_of_its_own_is_found_anywhere(token: str, around: str) -> None:
    """In prose too, and nothing of it is left in the redacted text."""
    text = around.format(token)
    assert find(text)
    assert token not in redact(text)
    assert MIXED[:12] not in redact(text)
    assert REDACTED in redact(text)


@pytest.mark.parametrize(("text", "secret"), IN_TEXT)
def test_what_a_url_or_a_header_carries_is_found(text: str, secret: str) -> None:
    """Only the credential itself is taken out: the rest tells where it stood."""
    assert [text[one.start : one.end] for one in find(text)] == [secret]
    assert redact(text) == text.replace(secret, REDACTED)


@pytest.mark.parametrize(("text", "secret"), BY_NAME)
def test_a_name_gives_a_value_away(text: str, secret: str) -> None:
    """In every syntax in which settings and commands are written; but prose is not searched by names."""
    assert find(text) == ()
    assert [text[one.start : one.end] for one in find(text, by_name=True)] == [secret]
    assert redact(text) == text.replace(secret, REDACTED)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_stays_readable(text: str) -> None:
    """Hashes, UUIDs, paths, references, models, plain URLs and long words."""
    assert find(text, by_name=True) == ()
    assert redact(text) == text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GITHUB_TOKEN", True),
        ("apiKey", True),
        ("X-Api-Key", True),
        ("clientSecret", True),
        ("DB_PASS", True),
        ("TOKEN_2", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("Authorization", True),
        ("Cookie", True),
        ("TOKEN_COUNT", False),
        ("COMPAT", False),
        ("BYPASS", False),
        ("SORT_KEY", False),
        ("PUBLIC_KEY", False),
        ("Ocp-Apim-Subscription-Key", True),
        ("OPENAI_KEY", True),
        ("GOOGLE_APPLICATION_CREDENTIALS_JSON", True),
        ("MY_CREDS_2", True),
        ("KEY", False),
        ("KEY_FILE", False),
        ("SACRED", False),
        ("JSON", False),
        ("SECRET_NAME", False),
        ("MONKEY", False),
        ("", False),
    ],
)
def test_names_of_credentials(name: str, expected: bool) -> None:
    """By how they end, whatever their spelling."""
    assert names_a_credential(name) is expected


@pytest.mark.parametrize(
    "value", ["", "true", "12345", "$X", "${X}", "%APPDATA%", "MY_TOKEN", "~/.token", "https://x.y/z"]
)
def test_values_that_are_no_literal_credential(value: str) -> None:
    """Trivial ones, and those that say where the credential is."""
    assert not is_literal(value)


@pytest.mark.parametrize(
    ("text", "expected"), [(MIXED, True), ("version2024alpha", False), ("2026-01-01T00:00", False)]
)
def test_what_looks_random(text: str, expected: bool) -> None:
    """Letters and digits that alternate more than once in one stretch."""
    assert is_random(text) is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("KEY", "a1b2c3d4e5f6", True),
        ("MY_KEY", "a1b2c3d4e5f6", True),
        ("TOK", "a1b2c3d4e5f6", True),
        ("KEY", "correcthorse", False),
        ("KEY", "${X:-a1b2c3d4e5f6}", False),
        ("CACHE_KEY", "a1b2c3d4e5f6", False),
        ("MONKEY", "a1b2c3d4e5f6", False),
        ("MYSQL_PW", "correcthorse", True),
        ("CREDS", "$OTHER", False),
        ("CREDS", '{"type": "authorized_user", "uri": "https://x.invalid"}', True),
    ],
)
def test_a_name_that_may_be_another_needs_a_value_that_looks_random(name: str, value: str, *, expected: bool) -> None:
    """`KEY` may be one in data, or on a keyboard."""
    assert gives_away(name, value) is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Whatever", MIXED[:40], True),
        ("X-User", MIXED[:40], True),
        ("X-Whatever", MIXED[:20], False),
        ("X-Whatever", "internationalization" * 2, False),
        ("X-Whatever", "${" + MIXED[:40] + "}", False),
        ("X-Request-Id", MIXED[:40], False),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("OpenAI-Organization", MIXED[:40], False),
        ("X-Tenant-Id", MIXED[:40], False),
        ("User-Agent", MIXED[:40], False),
    ],
)
def test_a_long_random_value_of_a_header_is_one(name: str, value: str, *, expected: bool) -> None:
    """Whatever the header is called, but for those that have such values anyway."""
    assert is_opaque_header(name, value) is expected


def test_known_credentials_are_taken_out_whatever_they_look_like() -> None:
    """A value that only its name gave away is redacted where the name does not stand."""
    assert redact("could not use plainword here", ["plainword", ""]) == "could not use *** here"


def test_settings_are_redacted_at_any_depth() -> None:
    """By key, by flag and by form; the structure stays."""
    settings = {
        "env": {"TOKEN": "plainword", "MODE": "fast", "URL": "postgres://u:pw@h/x"},
        "args": ["--port", "8080", "--password", "plainword", "--verbose"],
        "headers": [{"Authorization": "Bearer abcdefGHIJKL"}],
        "n": 3,
    }
    assert redact_value(settings) == {
        "env": {"TOKEN": "***", "MODE": "fast", "URL": "postgres://u:***@h/x"},
        "args": ["--port", "8080", "--password", "***", "--verbose"],
        "headers": [{"Authorization": "***"}],
        "n": 3,
    }


def test_only_what_follows_a_flag_is_its_value() -> None:
    """Not another flag, and not what a reference stands for."""
    assert argument_values(["--token", "abcdef", "--secret", "--x", "--password", "${P}"]) == {1}


@given(st.text(st.sampled_from("ghp_sk-eyJ.AKIA=:&?/@ \"'\\\nTOKENpassword0aZ-"), max_size=80))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    """What is found lies apart and in order, whatever the text; what is redacted has nothing left to find."""
    found = find(text, by_name=True)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert redact(text).count(REDACTED) >= len(found)


@pytest.mark.parametrize(
    "unit",
    [
        "token:",
        "key=",
        "--token ",
        "://a:",
        "eyJaaaaaaaaaa.",
        "-----BEGIN PRIVATE KEY-----",
        "KEY=a1b2c3d4 ",
        "_pw_creds_json",
        "?code=a-1_",
        "://a1b2c3d4e5f6:@",
    ],
)
def test_time_grows_with_the_length_of_a_line_and_no_faster(unit: str) -> None:
    """Up to a line of a quarter of a megabyte."""
    assert grows_with_length(redact, lambda length: unit * (length // len(unit)), 1 << 18)
