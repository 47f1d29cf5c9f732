"""Configurations that were kept for a harness, read back into Claude Code's layout: one file per harness."""
