"""The client of a running supervisor: blocking, on the standard library alone, and quick to start.

Nothing here imports `argparse`, `json`, `socket`, `pathlib` or `re` before a command needs it: each of them costs more
than the question and its answer. `main` picks the command, `commands/` holds one file for each, `client` asks,
`rendering` shows reports; `options` reads the command line.
"""
