"""Reading everything that Claude Code reads, with its own meaning, into the items of `core.items`.

Begin with `layers.discover`, which gives a `result.Discovery`. Every fact about the program was observed with Claude
Code 2.1.330; the module that needs it says so.
"""
