"""The numbers of errors on the control socket.

Those below -32600 are JSON-RPC's own (https://www.jsonrpc.org/specification#error_object); those from -32000 down
are ours. `data.code` of an error says the same in words and finer grains: the `code` of a `HarnessSyncError`.
"""

from __future__ import annotations

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

LINE_TOO_LONG = -32001
"""More than the greatest length of a line arrived without an end of line; what follows up to one is ignored."""
UNKNOWN_PROJECT = -32002
"""The project that the request names is not registered with this supervisor."""
NOT_ALLOWED = -32003
"""A project's own socket was asked about another project, or to do what only the control socket does."""
LOCK_TIMEOUT = -32004
"""Somebody else holds the project's lock for longer than the request would wait."""
SHUTTING_DOWN = -32005
"""The supervisor is stopping and starts nothing new."""
BUSY = -32007
"""As much is being worked on as may be at once: ask again in a while."""
FAILED = -32006
"""The request was understood and could not be carried out; `data.code` says why."""
