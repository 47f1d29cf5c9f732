"""What both ends of the control socket share: JSON-RPC 2.0, one message a line. Standard library, no I/O.

`messages` are what is said, `framing` turns bytes into them, `codes` number the errors, `jsontext` reads and writes
JSON without the start-up cost of the `json` module, and `methods` says what each method takes and gives.
Nothing is imported here: a client pays only for what its command needs.
"""
