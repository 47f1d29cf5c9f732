"""Which variables of a settings file speak to Claude Code itself, and to nobody else."""

from __future__ import annotations

_PREFIXES = (
    "ANTHROPIC_",
    "CLAUDE_",
    "OTEL_",
    "DISABLE_",
    "ENABLE_",
    "MCP_",
    "BASH_DEFAULT_",
    "BASH_MAX_",
    "VERTEX_REGION_",
)
_NAMES = frozenset(
    {
        "MAX_MCP_OUTPUT_TOKENS",
        "MAX_THINKING_TOKENS",
        "SLASH_COMMAND_TOOL_CHAR_BUDGET",
        "USE_BUILTIN_RIPGREP",
        "CLAUDECODE",
    }
)


def reason_to_keep_back(name: str) -> str | None:
    """Why a variable is not for other harnesses, None if it is for the commands that they run."""
    if name.startswith(_PREFIXES) or name in _NAMES:
        return f"{name} configures Claude Code itself"
    if not name or "=" in name or "\0" in name:
        return "it is not the name of an environment variable"
    return None
