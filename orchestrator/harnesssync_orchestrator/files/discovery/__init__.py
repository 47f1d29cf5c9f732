"""Reading everything that Claude Code reads, with its own meaning, into the items of `core.items`.

Begin with `layers.discover`. Every fact about the program was observed with Claude Code 2.1.330; the module that needs
it says so.
"""

from harnesssync_orchestrator.files.discovery.documents import read_json_safe
from harnesssync_orchestrator.files.discovery.layers import discover
from harnesssync_orchestrator.files.discovery.places import Places, main_checkout
from harnesssync_orchestrator.files.discovery.result import Discovery

__all__ = ["Discovery", "Places", "discover", "main_checkout", "read_json_safe"]
