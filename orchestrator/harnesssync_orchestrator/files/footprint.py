"""What a sync looked at, kept so that the next one can tell by `lstat` alone that nothing has changed.

A sync of thousands of files then costs one system call a file and opens nothing. What must hold for that:

- Everything that decided the outcome is recorded: sources, outputs, their folders, and what was missing (a
  `CLAUDE.md` that appears is a change). A folder stands for its names: its own times change with them.
- The signature was taken before the content was read (`Looked` keeps the first look). A change in between is then
  seen as a change next time.
- The signature was old enough. Time stamps come from a clock that ticks every 1 to 10 ms, and a file changed twice
  within a tick has the same stamp twice. A footprint with such a young entry is not `settled`, and counts as changed;
  the next sync makes a new one. git treats its index in the same way and calls the entry "racily clean".

What this can't see: a change that leaves size, times, inode and mode as they were (a damaged disk, a clock set back
to the nanosecond). A sync that is asked to read everything again finds it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from operator import eq

import msgspec

from harnesssync_orchestrator.files.hashing import is_racy
from harnesssync_orchestrator.files.reading import NOTHING_THERE, SIGNATURE_FIELDS, Looked, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A record of everything that one sync looked at.

    `key` stands for what decided besides files: targets, trust, configuration, our version; whoever uses a footprint
    compares it. `result` is what the caller wants back if nothing changed, opaque here. `paths` (`os.fsencode`) were
    there, with `signatures` in the same order; `missing` were not. One that is not `settled` is never unchanged.
    """

    key: str = ""
    result: bytes = b""
    settled: bool = False
    paths: tuple[bytes, ...] = ()
    signatures: tuple[tuple[int, int, int, int, int], ...] = ()
    missing: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, *looks: Looked, key: str, result: bytes = b"") -> Footprint:
        """The footprint of a sync that took these looks and no other, in this order.

        Where two looks saw different things at one path, it changed in between, and what the first look led to may
        be out of date: the footprint is not settled. Nor is it when a look failed and may go well the next time.
        """
        seen: dict[str, Signature | None] = {}
        settled = True
        for looked in looks:
            settled = (
                settled
                and not looked.uncertain
                and not any(
                    signature != seen.get(path, signature)
                    or (signature is not None and is_racy(signature, looked.began_ns))
                    for path, signature in looked.seen.items()
                )
            )
            seen.update(looked.seen)
        # Sorted, because neighbours in one folder are faster to look up one after another.
        there = {path: signature for path, signature in seen.items() if signature is not None}
        present = sorted(there)
        missing = sorted(path for path, signature in seen.items() if signature is None)
        return cls(
            key=key,
            result=result,
            settled=settled,
            paths=_encoded(present),
            signatures=tuple(map(there.__getitem__, present)),
            missing=_encoded(missing),
        )

    def encode(self) -> bytes:
        """The footprint as MessagePack."""
        return _ENCODER.encode(
            (_FORMAT, self.key, self.result, self.settled, self.paths, self.signatures, self.missing)
        )

    @classmethod
    def decode(cls, content: bytes) -> Footprint:
        """The inverse of `encode`. Anything else, damaged or of another version, is a footprint never unchanged."""
        try:
            version, key, result, settled, paths, signatures, missing = _DECODER.decode(content)
        except (msgspec.DecodeError, ValueError):
            return cls()
        if version != _FORMAT or len(paths) != len(signatures):
            return cls()
        return cls(key=key, result=result, settled=settled, paths=paths, signatures=signatures, missing=missing)


def is_unchanged(footprint: Footprint) -> bool:
    """Is everything as it was? Calls `lstat` and nothing else, and stops at the first difference.

    What can't be looked at for another reason than being gone counts as changed.
    """
    if not footprint.settled:
        return False
    try:
        # A loop in Python over the same calls takes a fifth longer.
        same = all(map(eq, map(SIGNATURE_FIELDS, map(os.lstat, footprint.paths)), footprint.signatures))
    except (OSError, ValueError):
        return False
    return same and all(map(_is_missing, footprint.missing))


def _encoded(paths: list[str]) -> tuple[bytes, ...]:
    """The paths by `os.fsencode`, all at once: one by one they would take longer than the rest of a footprint."""
    return tuple(os.fsencode("\0".join(paths)).split(b"\0")) if paths else ()


def _is_missing(path: bytes) -> bool:
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:
        return isinstance(error, OSError) and error.errno in NOTHING_THERE
    return False


_FORMAT = "harnesssync-footprint-1"
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(
    # Plain tuples: they compare equal to signatures, and are made in half the time.
    tuple[str, str, bytes, bool, tuple[bytes, ...], tuple[tuple[int, int, int, int, int], ...], tuple[bytes, ...]]
)
