"""Where our own files are, and that looking there makes nothing."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from harnesssync_orchestrator.core.items import Scope
from harnesssync_orchestrator.core.projects import Project, project_id
from harnesssync_orchestrator.errors import SocketError
from harnesssync_orchestrator.files.layout import MAX_SOCKET_BYTES, Layout

HOME = Path("/home/someone")


def test_everything_is_below_the_home_directory_by_default() -> None:
    """The paths are a contract with people, scripts and backups."""
    layout = Layout.from_environment({}, HOME)
    root = HOME / ".harnesssync"
    project = Project(path="/src/app")
    assert {
        "config": layout.config_file,
        "registry": layout.registry_file,
        "registry lock": layout.registry_lock,
        "supervisor lock": layout.supervisor_lock,
        "socket": layout.control_socket,
        "logs": layout.logs_dir,
        "ledger of the user scope": layout.ledger_file(Project(path=str(HOME), scope=Scope.USER)),
        "ledger": layout.ledger_file(project),
        "sync lock": layout.sync_lock(project.id),
    } == {
        "config": root / "config.toml",
        "registry": root / "registry.json",
        "registry lock": root / "registry.lock",
        "supervisor lock": root / "orchestrator.lock",
        "socket": root / "orchestrator.sock",
        "logs": root / "logs",
        "ledger of the user scope": root / "state.json",
        "ledger": root / "projects" / project.id / "state.json",
        "sync lock": root / "projects" / project.id / "sync.lock",
    }


def test_get_socket_path_uses_worktree_hash() -> None:
    """Different worktrees have different sockets, the same one always the same."""
    layout = Layout.from_environment({}, HOME)
    first, again, second = (layout.socket_for(project_id(path)) for path in ("/src/a", "/src/a", "/src/b"))
    assert first == again != second
    assert first == HOME / ".harnesssync" / "sockets" / f"{hashlib.sha256(b'/src/a').hexdigest()[:16]}.sock"


@pytest.mark.parametrize(
    ("name", "older"),
    [("HARNESSSYNC_REGISTRY_FILE", "HARNESS_REGISTRY_FILE"), ("HARNESSSYNC_SOCKET", "HARNESS_SOCKET")],
)
def test_an_argument_beats_the_environment_and_a_new_name_the_older(name: str, older: str) -> None:
    """Empty variables count as unset."""
    both = {name: "/new", older: "/old"}

    def chosen(environ: dict[str, str], argument: Path | None = None) -> Path:
        if name.endswith("SOCKET"):
            return Layout.from_environment(environ, HOME, socket=argument).control_socket
        return Layout.from_environment(environ, HOME, registry=argument).registry_file

    assert chosen(both, Path("/argument")) == Path("/argument")
    assert chosen(both) == Path("/new")
    assert chosen({name: "", older: "/old"}) == Path("/old")
    assert chosen({name: "", older: ""}).is_relative_to(HOME / ".harnesssync")


def test_the_root_moves_with_everything_that_has_no_place_of_its_own() -> None:
    """The registry's lock stands beside the registry, wherever that is."""
    layout = Layout.from_environment({"HARNESSSYNC_HOME": "~/sync", "HARNESS_REGISTRY_FILE": "/etc/r.json"}, HOME)
    assert (layout.root, layout.registry_lock) == (HOME / "sync", Path("/etc/r.lock"))
    assert Layout.from_environment({"HARNESSSYNC_HOME": "x"}, HOME, root=Path("/y")).root == Path("/y")


def test_a_relative_path_counts_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every program has it."""
    monkeypatch.chdir(tmp_path)
    assert Layout.from_environment({"HARNESSSYNC_SOCKET": "x.sock"}, HOME).control_socket == Path.cwd() / "x.sock"


@pytest.mark.parametrize("runtime", ["/run/user/1000", "", "relative/is/ignored"])
def test_a_socket_path_that_is_too_long_moves_to_a_short_folder(runtime: str) -> None:
    """The folder is named after the root, so that two roots do not share it."""
    homes = [Path("/home") / (character * 120) for character in "ab"]
    layouts = [Layout.from_environment({"XDG_RUNTIME_DIR": runtime}, home) for home in homes]
    sockets = [layout.socket_for("0" * 16) for layout in layouts]
    assert all(len(os.fsencode(path)) <= MAX_SOCKET_BYTES for path in sockets)
    assert sockets[0].name == sockets[1].name == f"{'0' * 16}.sock"
    assert sockets[0].parent != sockets[1].parent
    expected = "/run/user/1000/hs-" if runtime.startswith("/") else f"/tmp/harnesssync-{os.getuid()}-"
    assert all(str(path).startswith(expected) for path in (*sockets, *(each.control_socket for each in layouts)))


def test_a_runtime_folder_that_is_too_long_itself_is_passed_over() -> None:
    """There is always one more."""
    layout = Layout.from_environment({"XDG_RUNTIME_DIR": "/run/" + "x" * 120}, Path("/home") / ("a" * 120))
    assert layout.control_socket.parts[1] == "tmp"


def test_the_longest_path_is_what_the_system_takes(public_folder: Path) -> None:
    """The limit is the kernel's, not ours: one byte more and it refuses."""
    folder = public_folder
    room = MAX_SOCKET_BYTES - len(os.fsencode(folder)) - 1
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        first.bind(str(folder / ("x" * room)))
        with pytest.raises(OSError, match="too long"):
            second.bind(str(folder / ("y" * (room + 1))))


def test_a_chosen_socket_path_that_is_too_long_is_an_error_with_a_remedy() -> None:
    """What a person chose is not changed behind their back."""
    layout = Layout.from_environment({"HARNESSSYNC_SOCKET": "/" + "x" * 200}, HOME)
    with pytest.raises(SocketError, match="Set HARNESSSYNC_SOCKET"):
        _ = layout.control_socket


def test_asking_for_paths_makes_nothing(tmp_path: Path) -> None:
    """Folders are made by those who write."""
    layout = Layout.from_environment({}, tmp_path)
    project = Project(path=str(tmp_path))
    for path in (layout.control_socket, layout.socket_for(project.id), layout.ledger_file(project), layout.logs_dir):
        assert path.name
    assert list(tmp_path.iterdir()) == []
