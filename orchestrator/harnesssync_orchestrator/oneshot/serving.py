"""`serve`: the supervisor, or a daemon for one project, until it is told to stop."""

from __future__ import annotations
