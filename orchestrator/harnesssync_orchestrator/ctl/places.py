"""Where the supervisor's socket and the registry are, as the environment says (docs: configuration).

The same answers as `files.layout` gives to the supervisor, without what that imports; a test holds them together.
"""

from __future__ import annotations

import os
import sys

from harnesssync_orchestrator.errors import UsageError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


MAX_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
"""The longest path of a Unix socket: `sun_path` holds 108 bytes on Linux and 104 on macOS, with a final zero."""


def variable(environ: Mapping[str, str], name: str) -> str | None:
    """`HARNESSSYNC_<name>`, or its older form `HARNESS_<name>`. An empty one counts as not set."""
    return environ.get(f"HARNESSSYNC_{name}") or environ.get(f"HARNESS_{name}") or None


def home(environ: Mapping[str, str]) -> str:
    """The home directory: `HOME`, else what the system knows of the user.

    Raises UsageError where that is no absolute path: with an empty one everything would be kept in the root directory.
    """
    given = environ.get("HOME")
    found = os.path.expanduser("~") if given is None else given  # noqa: PTH111 - pathlib takes longer to import than a sync
    if os.path.isabs(found):  # noqa: PTH117 - as above
        return found
    if given is None:
        raise UsageError("the system knows of no home directory of yours", hint="Set HOME")
    text = f"HOME is no absolute path: {given!r}" if given else "HOME is empty"
    raise UsageError(text, hint="Set it to your home directory, or unset it")


def state_root(environ: Mapping[str, str]) -> str:
    """The folder of everything that is ours: `HARNESSSYNC_HOME`, else `~/.harnesssync`, without links in its path."""
    given = environ.get("HARNESSSYNC_HOME")
    return os.path.realpath(expand(given, environ) if given else home(environ) + "/.harnesssync")


def control_socket(environ: Mapping[str, str]) -> str:
    """The supervisor's control socket."""
    given = variable(environ, "SOCKET")
    if given:
        return os.path.abspath(expand(given, environ))  # noqa: PTH100 - see above
    return _reachable(environ, state_root(environ) + "/orchestrator.sock")


def registry_file(environ: Mapping[str, str]) -> str:
    """The list of projects."""
    given = variable(environ, "REGISTRY_FILE")
    if given:
        return os.path.abspath(expand(given, environ))  # noqa: PTH100 - see above
    return state_root(environ) + "/registry.json"


def project_socket(environ: Mapping[str, str], identifier: str) -> str:
    """The socket that is scoped to one project."""
    return _reachable(environ, f"{state_root(environ)}/sockets/{identifier}.sock")


def _reachable(environ: Mapping[str, str], path: str) -> str:
    """`path`, or where the supervisor puts a socket whose path would be too long for the system."""
    if len(os.fsencode(path)) <= MAX_SOCKET_BYTES:
        return path
    name, folder = path.rpartition("/")[2], project_id(state_root(environ))
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    candidates = [f"{runtime.rstrip('/')}/hs-{folder}/{name}"] if runtime.startswith("/") else []
    if hasattr(os, "getuid"):
        candidates.append(f"/tmp/harnesssync-{os.getuid()}-{folder}/{name}")  # noqa: S108 - its owner is checked
    fitting = (each for each in candidates if len(os.fsencode(each)) <= MAX_SOCKET_BYTES)
    return next(fitting, path)


def is_somebody_elses(socket: str) -> bool:
    """Does the folder of a socket belong to another user, who could answer in the supervisor's place?"""
    if not hasattr(os, "getuid"):
        return False
    try:
        owner = os.lstat(socket.rpartition("/")[0] or "/").st_uid
    except OSError:
        return False
    return socket.startswith("/tmp/harnesssync-") and owner != os.getuid()  # noqa: S108 - that is what is checked


def peer(connection: Any) -> tuple[int, int] | None:  # noqa: ANN401 - a socket of the compiled module, which has no stub
    """The process and the user at the other end (unix(7), SO_PEERCRED); None where the system does not tell."""
    if sys.platform != "linux":
        return None
    import _socket  # noqa: PLC0415 - whoever has a connection has imported it

    credentials = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # pid, uid, gid: four bytes each
    pid, uid = (int.from_bytes(credentials[at : at + 4], sys.byteorder) for at in (0, 4))
    return pid, uid


def is_strangers(connection: Any) -> bool:  # noqa: ANN401 - as in `peer`
    """Does a process of another user, who is not root, listen at the other end?"""
    known = peer(connection)
    return known is not None and known[1] not in {os.getuid(), 0}


def waking(connection: Any) -> str:  # noqa: ANN401 - as in `peer`
    """What helps with who is there and says nothing, perhaps since Ctrl-Z stopped it; "" where nobody knows who."""
    known = peer(connection)
    return f"kill -CONT {known[0]} wakes it if it is stopped, kill -9 {known[0]} ends it" if known else ""


def project_id(path: str) -> str:
    """The id of the project at a resolved path, as `core.projects.project_id` gives it, at a tenth of its start-up."""
    digest: str = _sha256()(os.fsencode(path)).hexdigest()
    return digest[:16]


def _sha256() -> Any:  # noqa: ANN401 - modules of the interpreter's own, which have no stubs
    """SHA-256 as Python brings it along: `hashlib` loads OpenSSL first, a quarter of the start-up of Python itself."""
    for module in ("_sha2", "_sha256"):  # the name since Python 3.12, and the one before
        try:
            return __import__(module).sha256
        except ImportError:
            continue
    import hashlib  # noqa: PLC0415 - for an interpreter that was built without

    return hashlib.sha256


def expand(path: str, environ: Mapping[str, str]) -> str:
    """`~` at the beginning of a path that no shell has seen."""
    if path == "~" or path.startswith("~/"):
        return home(environ) + path[1:]
    return path


def in_the_way(path: str) -> str:
    """What is at `path` and is no socket, in words; empty for a socket, and where nothing is."""
    import stat  # noqa: PLC0415 - only a failure needs it

    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - see above
    except OSError:
        return ""
    if stat.S_ISSOCK(mode):
        return ""
    return {stat.S_IFREG: "an ordinary file", stat.S_IFDIR: "a folder"}.get(stat.S_IFMT(mode), "no socket, but a file")
