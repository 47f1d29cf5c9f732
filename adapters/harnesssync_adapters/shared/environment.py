"""Variables of a settings file: which speak to Claude Code itself and to nobody else, and where the others go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harnesssync_adapters.shared.names import is_private, loss
from harnesssync_orchestrator.core.desired import KeyOutput, Loss, Output
from harnesssync_orchestrator.core.items import EnvironmentVariable
from harnesssync_orchestrator.core.targets import View

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


def variables(
    view: View,
    items: Sequence[EnvironmentVariable],
    path: str,
    pointer: tuple[str, ...],
    *,
    format: str = "json",  # noqa: A002 - as `KeyOutput` calls it
    hazard: Callable[[str], str | None] = lambda _: None,
) -> Iterator[Output | Loss]:
    """Each as a key of its own in the table at `pointer`. `hazard` says why a value can't be written, if it can't."""
    for variable in items:
        why = reason_to_keep_back(variable.name) or hazard(variable.value)
        if why is not None:
            yield loss(view, variable, str(variable.id), why)
            continue
        yield KeyOutput(
            path=path,
            items=(variable.id,),
            private=is_private(view, variable),
            executes=True,  # PATH or LD_PRELOAD decide what runs
            format=format,
            pointer=(*pointer, variable.name),
            value=variable.value,
        )
