"""The names that things bear for a moment, before they get their real one or after they lost it.

All stand beside the output that they are for, hold 16 random digits, so that nobody can have planted one, and tell
whoever finds them after a crash (`cleanup`, `Below.sweep`) whether anything would be lost with them:

    .harnesssync-<random>-<new>-<old>.tmp   a file, link or copy: the digests of what is put in place, and of what it
                                            replaces
    .harnesssync-<random>-<new>-<old>-<name>.old
                                            taken from its place, `name`, while something new gets it, on systems that
                                            can't exchange names
    .harnesssync-<random>.tmp               anything that is ours alone: a copy or link in the making, or on its way out

Files of our own have others (`store`).
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass

from harnesssync_orchestrator.core.desired import HASH_DIGITS

_RANDOM_BYTES = 8
_NOTHING = "0" * HASH_DIGITS
_START = rf"\.harnesssync-[0-9a-f]{{{2 * _RANDOM_BYTES}}}"
_TELLING = re.compile(rf"{_START}-([0-9a-f]{{{HASH_DIGITS}}})-([0-9a-f]{{{HASH_DIGITS}}})\.tmp")
_OURS = re.compile(rf"{_START}\.tmp")
_HELD = re.compile(rf"{_START}-([0-9a-f]{{{HASH_DIGITS}}})-([0-9a-f]{{{HASH_DIGITS}}})-(.+)\.old", re.DOTALL)
_MAX_NAME_BYTES = 255


def telling_name(new: str, old: str | None) -> str:
    """A name for a file or link with the digest `new`, which is to replace what has the digest `old`."""
    return f"{_start()}-{new}-{old or _NOTHING}.tmp"


def told_digests(name: str) -> frozenset[str]:
    """The digests in a name that `telling_name` gave; none if the name is not of that kind."""
    match = _TELLING.fullmatch(name)
    return frozenset(match.groups()) if match else frozenset()


def replaces_nothing(name: str) -> bool:
    """Is this the name of what was to stand where nothing stood? Then nothing but ours can be in it, however little
    of it was written."""
    match = _TELLING.fullmatch(name)
    return match is not None and match[2] == _NOTHING


def is_temporary(name: str) -> bool:
    """Is this a name of any of these kinds?"""
    return is_ours(name) or bool(told_digests(name)) or held(name) is not None


def our_name() -> str:
    """A name for what is ours alone."""
    return f"{_start()}.tmp"


def is_ours(name: str) -> bool:
    """Is this a name that `our_name` gives?"""
    return _OURS.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Held:
    """What the name of something held says: the digest of what is to take its place, its own, and where it belongs."""

    new: str
    old: str
    name: str


def held_name(new: str, old: str, name: str) -> str | None:
    """A name for what has the digest `old` and is called `name`, while something with the digest `new` takes its place.

    None if it would be longer than file systems allow.
    """
    made = f"{_start()}-{new}-{old}-{name}.old"
    return made if len(os.fsencode(made)) <= _MAX_NAME_BYTES else None


def held(name: str) -> Held | None:
    """What a name that `held_name` gave says; None for every other name."""
    match = _HELD.fullmatch(name)
    return Held(*match.groups()) if match else None


def _start() -> str:
    return f".harnesssync-{secrets.token_hex(_RANDOM_BYTES)}"
