"""Blocking functions that worker threads run: looking at the source, observing outputs, changing them, keeping state.

Whatever reads goes through `reading`, so that one record tells everything a sync looked at.
"""
