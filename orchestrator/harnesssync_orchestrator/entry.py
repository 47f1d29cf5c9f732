"""Where both installed commands begin: refuses an old Python in words, then hands over.

Everything in this file must also be understood by Pythons that are too old for the rest of the package, or they would
answer with a syntax error instead of the sentence below. So: no `from __future__ import annotations`, no f-string, and
imports inside of functions.
"""

# ruff: noqa: UP032, SIM105, PLC0415 - see the docstring

import sys

MINIMUM = (3, 10)

if sys.version_info < MINIMUM:
    sys.exit(
        "harnesssync needs Python {}.{} or newer, and this is {}.{} ({}). "
        "Install it with a newer one, for example: pipx install --python python3.12 harnesssync-orchestrator".format(
            MINIMUM[0], MINIMUM[1], sys.version_info[0], sys.version_info[1], sys.executable
        )
    )


def client() -> int:
    """The command `harnesssync`."""
    from harnesssync_orchestrator.cli import run

    return _end(run("harnesssync", sys.argv[1:]))


def orchestrator() -> int:
    """The command `harnesssync-orchestrator`."""
    from harnesssync_orchestrator.cli import run

    return _end(run("harnesssync-orchestrator", sys.argv[1:]))


def _end(code: int) -> int:
    """End the process, with everything written. Python would free each object first: as long as a status takes."""
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # a command that ended well has flushed; another says so with its code
            pass
    os._exit(code)


if __name__ == "__main__":
    sys.exit(client())
