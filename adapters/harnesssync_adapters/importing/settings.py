"""Permissions, hooks and variables of other harnesses, as elements and keys of Claude Code's settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harnesssync_adapters.importing.servers import as_text
from harnesssync_adapters.shared.hooks import GUARDS
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import SETTINGS, Documents, Lost, New, NewElement, NewKey
from harnesssync_orchestrator.core.items import Action, Kind

EVENTS = frozenset(
    {
        *("PreToolUse", "PostToolUse", "PermissionRequest", "UserPromptSubmit", "Stop", "SubagentStart"),
        *("SubagentStop", "PreCompact", "SessionStart", "SessionEnd", "Notification"),
    }
)
"""Claude Code's events that other harnesses have too."""


def permission(source: str, key: str, action: Action, text: str) -> NewElement:
    """One rule, such as `Bash(git push:*)`."""
    return NewElement(
        kind=Kind.PERMISSIONS,
        source=source,
        key=key,
        path=SETTINGS,
        pointer=("permissions", action.value),
        value=text,
    )


def variables(documents: Documents, path: str, pointer: tuple[str, ...]) -> Iterator[New | Lost]:
    """Variables of the commands that a harness runs."""
    for name, value in documents.table(path, *pointer).items():
        key = "/".join((*pointer, name))
        if isinstance(value, (str, int, float)):
            yield NewKey(
                kind=Kind.ENVIRONMENT, source=path, key=key, path=SETTINGS, pointer=("env", name), value=as_text(value)
            )
        else:
            yield Lost(source=path, key=key, why="it is no text")


def _as_it_is(event: str, matcher: str, handler: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | str:
    """What Claude Code has of a handler; or why it has nothing of the kind."""
    if event not in EVENTS:
        return "Claude Code has no such event"
    return event, matcher, dict(handler)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def claude_hooks(
    documents: Documents,
    path: str,
    pointer: tuple[str, ...],
    translated: Callable[[str, str, Mapping[str, Any]], tuple[str, str, dict[str, Any]] | str] = _as_it_is,
) -> Iterator[New | Lost]:
    """Hooks in Claude Code's shape: `{Event: [{matcher, hooks: [{type, command, timeout}]}]}`.

    `translated` gives event, matcher and handler in Claude Code's words, or says why there are none.
    """
    for event, groups in documents.table(path, *pointer).items():
        listed: list[Any] = groups if isinstance(groups, list) else [None]
        for index, group in enumerate(listed):
            key = "/".join((*pointer, event, str(index)))
            handlers = group.get("hooks") if isinstance(group, Mapping) else None
            if not isinstance(group, Mapping) or not isinstance(handlers, list):
                yield Lost(source=path, key=key, why="it is no group of hooks", security=event in GUARDS)
                continue
            for handler in handlers:
                matcher = str(group.get("matcher") or "")
                is_command = isinstance(handler, Mapping) and isinstance(handler.get("command"), str)
                found = translated(event, matcher, handler) if is_command else "it is no command"
                if not isinstance(found, str) and not _is_json(found[2]):
                    found = "it holds a value that JSON has not"
                if isinstance(found, str):
                    yield Lost(source=path, key=key, why=found, security=event in (*GUARDS, "BeforeTool"))
                    continue
                named, matched, told = found
                value: dict[str, JsonValue] = {"matcher": matched} if matched else {}
                yield NewElement(
                    kind=Kind.HOOK,
                    source=path,
                    key=key,
                    path=SETTINGS,
                    pointer=("hooks", named),
                    value={**value, "hooks": [{"type": "command", **told}]},
                )
