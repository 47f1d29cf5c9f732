"""From our errors to those of the protocol, and the few that only a request can meet."""

from __future__ import annotations

from harnesssync_orchestrator.core.secrets import redact
from harnesssync_orchestrator.errors import HarnessSyncError, UsageError
from harnesssync_orchestrator.protocol import codes
from harnesssync_orchestrator.protocol.messages import ErrorResponse

_NUMBERS = {
    "method_not_found": codes.METHOD_NOT_FOUND,
    "invalid_params": codes.INVALID_PARAMS,
    "usage": codes.INVALID_PARAMS,
    "unknown_project": codes.UNKNOWN_PROJECT,
    "not_allowed": codes.NOT_ALLOWED,
    "lock_timeout": codes.LOCK_TIMEOUT,
    "shutting_down": codes.SHUTTING_DOWN,
    "busy": codes.BUSY,
}


class ParameterError(UsageError):
    """A parameter of a request is missing, unknown or of the wrong type."""

    code = "invalid_params"


class NotAllowedError(HarnessSyncError):
    """A project's own socket was asked for what only the control socket does."""

    code = "not_allowed"


def response_to(error: HarnessSyncError, id: int | str | None) -> ErrorResponse:  # noqa: A002 - JSON-RPC's own word
    """The error as it is told: a number for programs, words in `data` for finer grains."""
    number = _NUMBERS.get(error.code, codes.FAILED)
    data = {"code": error.code, "hint": redact(error.hint), "path": error.path}
    return ErrorResponse(number, redact(error.message), id=id, data=data)
