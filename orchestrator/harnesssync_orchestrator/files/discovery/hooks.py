"""Hooks, in the form `{Event: [{matcher, hooks: [{type, command, timeout}]}]}`.

Observed with Claude Code 2.1.330: an event that is no list, a handler of no known type and one without its command
are skipped, and the others run. Handlers of all layers run; equal ones of one event once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harnesssync_orchestrator.core.items import Hook
from harnesssync_orchestrator.files.discovery.documents import is_duration
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader, shown

_NEEDS = {"command": "command", "prompt": "prompt", "agent": "prompt", "http": "url", "mcp_tool": "tool"}
"""What a handler of each type can't do without."""

_FIELDS = frozenset({"type", "command", "timeout"})


@dataclass(slots=True)
class HookReader:
    """Reads one table of hooks after the other, numbering handlers and leaving repeated ones out."""

    reader: Reader
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def read(
        self, table: object, file: str, ground: Ground, substitutions: Mapping[str, str] | None = None
    ) -> Iterator[Hook]:
        """The handlers of the table under `hooks` in `file`. `substitutions` maps text to what stands for it."""
        if table is None:
            return
        if not isinstance(table, dict):
            self._report("`hooks` is not a table of events", file)
            return
        for event, groups in table.items():
            if not isinstance(groups, list):
                self._report(f"the event {shown(event)} is not a list", file)
                continue
            for group in groups:
                if not isinstance(group, dict) or not isinstance(group.get("hooks"), list):
                    self._report(f"an entry of {shown(event)} has no list `hooks`", file)
                    continue
                matcher = group.get("matcher")
                for handler in group["hooks"]:
                    hook = self._read_handler(
                        event, matcher if isinstance(matcher, str) else "", handler, file, ground, substitutions or {}
                    )
                    if hook is not None:
                        yield hook

    def _read_handler(
        self, event: str, matcher: str, handler: object, file: str, ground: Ground, substitutions: Mapping[str, str]
    ) -> Hook | None:
        kind = handler.get("type") if isinstance(handler, dict) else None
        if not isinstance(handler, dict) or not isinstance(kind, str) or kind not in _NEEDS:
            self._report(f"a handler of {shown(event)} has no known `type`", file)
            return None
        needed = handler.get(_NEEDS[kind])
        if not isinstance(needed, str) or not needed:
            self._report(f"a handler of {shown(event)} has no `{_NEEDS[kind]}`", file)
            return None
        identity = repr((event, matcher, sorted(handler.items(), key=lambda pair: pair[0])))
        if identity in self._seen:
            return None
        self._seen.add(identity)
        number = self._counts[event, matcher] = self._counts.get((event, matcher), 0) + 1
        timeout = handler.get("timeout")
        command = needed if kind == "command" else None
        extra = {
            key: value for key, value in handler.items() if key not in _FIELDS or (key == "command" and command is None)
        }
        if command is not None:
            command = _put_in(command, substitutions)
            if isinstance(args := extra.get("args"), list):  # no shell reads these: names in braces alone are replaced
                braced = {written: value for written, value in substitutions.items() if "{" in written}
                extra["args"] = [_put_in(one, braced) if isinstance(one, str) else one for one in args]
        return Hook(
            name=f"{event}[{matcher}]#{number}",
            origin=ground.origin(file),
            event=event,
            matcher=matcher,
            type=kind,
            command=command,
            timeout_s=float(timeout) if is_duration(timeout) else None,
            extra=extra,
        )

    def _report(self, message: str, file: str) -> None:
        hint = 'Write hooks as {"Event": [{"matcher": "…", "hooks": [{"type": "command", "command": "…"}]}]}.'
        self.reader.report("hook_invalid", f"{message}; it is skipped", file, hint, hides=False)


def _put_in(text: str, substitutions: Mapping[str, str]) -> str:
    for written, value in substitutions.items():
        text = text.replace(written, value)
    return text
