"""`python -m harnesssync_orchestrator` is `harnesssync-orchestrator`."""

import sys

from harnesssync_orchestrator.entry import orchestrator

if __name__ == "__main__":
    sys.exit(orchestrator())
