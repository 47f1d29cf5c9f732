"""Keep the documents that are printed from the code true to it.

    generated.py            say which document differs from what its module prints; exit code 1 if one does
    generated.py --write    print each anew
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCUMENTS = {
    "docs/config.schema.json": "harnesssync_orchestrator.config",
    "docs/events.md": "harnesssync_orchestrator.events",
}
"""Each generated document and the module that prints it when it is run."""


def main(root: Path, *, write: bool) -> int:
    """Compare, or write, every document below `root`. Returns the exit code."""
    stale = 0
    for name, module in DOCUMENTS.items():
        path = root / name
        printed = subprocess.run([sys.executable, "-m", module], check=True, capture_output=True).stdout
        if path.is_file() and path.read_bytes() == printed:
            continue
        if write:
            path.write_bytes(printed)
            print(f"{name}: printed anew.")
        else:
            stale += 1
            print(f"{name}: differs from what `python -m {module}` prints. Run make generate.")
    if not stale and not write:
        print(f"All {len(DOCUMENTS)} generated documents are true.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent, write="--write" in sys.argv[1:]))
