"""What each method of the control socket takes and gives. Changes are additive within one protocol version.

A *project* parameter is a path (resolved and absolute) or an id. A *report* is the form that
`core.report.to_json` gives (docs/json.md). Unknown parameters are ignored, unknown members of a result too.

server.info -> {"version", "protocol", "capabilities": [method…], "pid", "project"}
    `project` is null on the control socket.
ping        -> {"pong": true, "pid"}
status      project?, brief?, after? -> {"supervisor": {"pid", "version", "queue": {"waiting", "syncing"}, …},
            "revision", "projects": [report + {"status": "running", "activity", "polled"}…]}
    `activity` is `idle`, `waiting` or `syncing`; `queue` counts the projects that are. `polled`: for want of watches.
    With `brief`, reports have what a line about each is made of. With `after`, a revision, it is waited for a change
    since then, for 10 s at most, and of all projects only those that have changed are told, with {"since",
    "gone": [path…]}; a result without `since` has all of them, also then.
sync        projects?, targets?, dry_run?, wait?, confirmed?, lock_timeout? -> {"projects": [report…]}
    without `wait`: {"queued": [id…]}. `wait` is true where absent; `lock_timeout` is in seconds.
diff        projects? -> {"projects": [report…]}, as a dry run
resolve     project, choice, addresses? -> {"projects": [report], "resolved": [{"address", "choice"}…]}
    `choice` is `restore`, `keep` or `adopt`; `addresses` absent means every conflict that can be resolved so.
undo        projects, number?, dry_run?, lock_timeout? -> {"projects": [withdrawal…]}, see docs/json.md
    `number` is that of a transaction; absent means the last one that is not undone.
history     projects? -> {"projects": [{"id", "path", "history": [transaction…]}…]}, newest first
add         path, targets?, trusted? -> {"id", "path", "added": bool, "approved": [item…], "foreign": bool}
remove      path -> {"id", "path", "removed": bool}
list        -> {"projects": [{"id", "path", "scope", "targets", "trusted", "paused", "found", "root", "last_active"}…]}
trust       path, show?, revoke? -> review, see docs/json.md
    without `show` and `revoke` what is there is approved. The project need not be registered.
pause       projects? -> {"projects": [{"id", "path", "paused"}…]}
resume      projects? -> {"projects": [report…]}, of syncs that are confirmed
stop        -> {"stopping": true}

`projects` absent means all of them, on a project's own socket that one.
"""

from __future__ import annotations

SERVER_INFO = "server.info"
PING = "ping"
STATUS = "status"
SYNC = "sync"
DIFF = "diff"
RESOLVE = "resolve"
UNDO = "undo"
HISTORY = "history"
ADD = "add"
REMOVE = "remove"
LIST = "list"
TRUST = "trust"
PAUSE = "pause"
RESUME = "resume"
STOP = "stop"
