"""What an error that ends a sync is to whoever asks how the project stands, and to whoever reads the log."""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from harnesssync_orchestrator.core.report import Failure
from harnesssync_orchestrator.errors import HarnessSyncError


def told(error: Exception, path: str, log: FilteringBoundLogger) -> Failure:
    """The failure of the project at `path`; it is logged, a fault of ours with its traceback. For a handler to call."""
    message = str(error)
    if isinstance(error, HarnessSyncError):
        log.error("project.sync.failed", path=path, code=error.code, message=message, hint=error.hint)
        return Failure(code=error.code, message=error.message, hint=error.hint, path=error.path)
    if isinstance(error, OSError):
        log.error("project.sync.failed", path=path, code="os_error", message=message, hint="")
        return Failure(code="os_error", message=error.strerror or message, path=str(error.filename or ""))
    message, code = f"{type(error).__name__}: {error}", "internal_error"
    log.exception("project.sync.failed", path=path, code=code, message=message, hint="")  # noqa: LOG004 - see above
    hint = "This is a fault of harnesssync-orchestrator; its log has the traceback"
    return Failure(code=code, message=message, hint=hint)
