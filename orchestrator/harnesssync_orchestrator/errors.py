"""The errors of this project. Drift, conflicts, losses and problems of the input are values, not errors.

HarnessSyncError                 code, message, path, hint
├── UsageError                   the command line or a request asks for something that is not there
├── ConfigError                  config.toml or an environment variable is wrong
├── StateError                   a file of ours (ledger, registry, cache) can't be read or written
│   └── NewerStateError          a later version wrote it: read-only for us
├── LockTimeoutError             somebody else holds the lock; says who
├── AlreadyRunningError          another supervisor (or isolated daemon) owns this
├── SocketError                  a socket can't be made or used (a file in the way, a path too long)
├── TargetError                  the renderer of a target from another package failed
└── ApplyError                   an operation failed; the others of the project went on
"""

from __future__ import annotations


class HarnessSyncError(Exception):
    """Base of all. `code` is stable and machine-readable; `hint` says what to do next; `path` says where.

    `quotes` says whether its words may repeat what somebody else wrote: then credentials in them are not told.
    """

    code = "error"
    quotes = True

    def __init__(self, message: str, *, hint: str = "", path: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.message}" + (f". {self.hint}" if self.hint else "")


class UsageError(HarnessSyncError):
    code = "usage"


class ConfigError(HarnessSyncError):
    code = "config_invalid"


class StateError(HarnessSyncError):
    code = "state_unusable"


class NewerStateError(StateError):
    code = "state_newer"


class LockTimeoutError(HarnessSyncError):
    code = "lock_timeout"


class AlreadyRunningError(HarnessSyncError):
    code = "already_running"


class SocketError(HarnessSyncError):
    code = "socket_unusable"


class TargetError(HarnessSyncError):
    code = "target_broken"


class ApplyError(HarnessSyncError):
    code = "apply_failed"
