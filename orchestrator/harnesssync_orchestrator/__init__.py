"""Keep the configuration of AI coding harnesses in step across many git worktrees."""

__version__ = "0.1.0"
