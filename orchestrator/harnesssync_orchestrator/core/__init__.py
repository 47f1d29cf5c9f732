"""The pure middle: values and functions without I/O, clock or logging; standard library only.

Read in this order: `items` (what is written once, for Claude Code), `targets` (how a harness declares
what it can take), `desired` (what should be on disk), `observed` (what is), `ledger` (what we last
wrote), `plan` (the difference, as operations), `report` (what is told about it).
"""
