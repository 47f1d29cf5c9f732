"""Keep the documents that are printed from the code true to it.

generated.py            say which document differs from what its module prints; exit code 1 if one does
generated.py --write    print each anew
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

DOCUMENTS: Mapping[str, Sequence[str]] = {
    "docs/commands.md": ("tools/reference.py", "commands"),
    "docs/config.schema.json": ("-m", "harnesssync_orchestrator.config"),
    "docs/events.md": ("-m", "harnesssync_orchestrator.events"),
    "docs/targets.md": ("tools/reference.py", "targets"),
}
"""Each generated document, and what Python is to run for it to be printed."""


def main(root: Path, *, write: bool) -> int:
    """Compare, or write, every document below `root`. Returns the exit code."""
    stale = 0
    for name, arguments in DOCUMENTS.items():
        path = root / name
        printed = subprocess.run([sys.executable, *arguments], cwd=root, check=True, capture_output=True).stdout
        if path.is_file() and path.read_bytes() == printed:
            continue
        if write:
            path.write_bytes(printed)
            print(f"{name}: printed anew.")
        else:
            stale += 1
            print(f"{name}: differs from what `python {' '.join(arguments)}` prints. Run make generate.")
    if not stale and not write:
        print(f"All {len(DOCUMENTS)} generated documents are true.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent, write="--write" in sys.argv[1:]))
