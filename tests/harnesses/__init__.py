"""Asks the real programs of the harnesses, offline, what they loaded, and compares that with the source.

`make test-harnesses` installs the programs and runs the tests. One module per harness asks its program;
`asking.HARNESSES` lists them, and `install.PACKAGES` says what each needs.
"""
