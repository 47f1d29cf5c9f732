"""What can be asked: one file per method, and the list of them."""

from __future__ import annotations

from collections.abc import Mapping

from harnesssync_orchestrator.protocol import methods as names
from harnesssync_orchestrator.server.context import Method
from harnesssync_orchestrator.server.methods import (
    add,
    diff,
    history,
    list_projects,
    pause,
    ping,
    remove,
    resolve,
    resume,
    server_info,
    status,
    stop,
    sync,
    trust,
    undo,
)

METHODS: Mapping[str, Method] = {
    names.SERVER_INFO: server_info.answer,
    names.PING: ping.answer,
    names.STATUS: status.answer,
    names.SYNC: sync.answer,
    names.DIFF: diff.answer,
    names.RESOLVE: resolve.answer,
    names.UNDO: undo.answer,
    names.HISTORY: history.answer,
    names.ADD: add.answer,
    names.REMOVE: remove.answer,
    names.LIST: list_projects.answer,
    names.TRUST: trust.answer,
    names.PAUSE: pause.answer,
    names.RESUME: resume.answer,
    names.STOP: stop.answer,
}

CONTROL_ONLY = frozenset({names.ADD, names.REMOVE, names.LIST, names.TRUST, names.STOP})
"""Not on a project's own socket: they concern other projects. An isolated daemon has no other socket to be stopped by,
and so takes `stop` on its project's."""
