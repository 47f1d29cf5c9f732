"""Links by the best means of a system, and never over what is somebody else's."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from harnesssync_orchestrator.core.desired import link_hash, short_hash
from harnesssync_orchestrator.core.ledger import Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.files.copying import Marker, digest_at, read_marker
from harnesssync_orchestrator.files.folder import Folder
from harnesssync_orchestrator.files.link import Means, create_link, junction_command, link_text, make, os_strategy
from harnesssync_orchestrator.files.place import Place

REFUSE = Path(__file__).parent / "refuse_calls.py"
CREATE = """
import json, sys
from pathlib import Path
from harnesssync_orchestrator.files.link import create_link
source, destination, recorded = sys.argv[1:]
print(json.dumps(create_link(Path(source), Path(destination), recorded=recorded or None)))
"""


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A skill with a script that may be run, and some Japanese."""
    folder = tmp_path / "source" / "pdf-tools"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: pdf-tools\n---\n日本語\n", encoding="utf-8")
    (folder / "scripts" / "run.sh").write_text("#!/bin/sh\necho run\n", encoding="utf-8")
    (folder / "scripts" / "run.sh").chmod(0o755)
    os.utime(folder / "SKILL.md", (1_600_000_000, 1_600_000_000))
    return folder


@pytest.fixture
def without_links(tmp_path: Path) -> Callable[..., tuple[bool, str]]:
    """`create_link` in a process whose system makes no symbolic links."""
    program = tmp_path / "create.py"
    program.write_text(CREATE, encoding="utf-8")

    def run(
        source: Path, destination: Path, recorded: str = "", refused: str = "symlink,symlinkat:EPERM"
    ) -> tuple[bool, str]:
        command = [sys.executable, str(REFUSE), refused, str(program)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        result = subprocess.run(
            [*command, str(source), str(destination), recorded],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        done, how = json.loads(result.stdout)
        return done, how

    return run


def no_symlink(*_: object, **__: object) -> None:
    """What Windows does for a user without the right to make links."""
    raise OSError(errno.EPERM, "A required privilege is not held by the client")


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything in a folder: contents, link texts, modes and inodes."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_ino, content)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def place_of(path: Path) -> Place:
    return Place.by_path(path)


@pytest.mark.needs("links")
def test_link_native_leads_to_the_source(skill: Path, tmp_path: Path) -> None:
    """A symbolic link says the path of its source."""
    destination = tmp_path / "out"
    assert create_link(skill, destination) == (True, "symlink")
    assert str(destination.readlink()) == str(skill)
    assert (destination / "SKILL.md").read_bytes() == (skill / "SKILL.md").read_bytes()


@pytest.mark.needs("links")
def test_link_native_inside_a_project_is_relative(skill: Path, tmp_path: Path) -> None:
    """The tree may be moved, and its links still lead to the source."""
    destination = tmp_path / ".agents" / "skills" / "pdf-tools"
    assert create_link(skill, destination, relative_to=tmp_path) == (True, "symlink")
    assert str(destination.readlink()) == "../../source/pdf-tools"


@pytest.mark.needs("links")
def test_link_to_a_source_outside_of_the_project_is_absolute(skill: Path, tmp_path: Path) -> None:
    """What lies outside would not move along."""
    project = tmp_path / "project"
    project.mkdir()
    assert create_link(skill, project / "out", relative_to=project) == (True, "symlink")
    assert str((project / "out").readlink()) == str(skill)


@pytest.mark.parametrize(
    ("source", "destination", "expected"),
    [
        ("/p/CLAUDE.md", "/p/AGENTS.md", "CLAUDE.md"),
        ("/p/.claude/skills/x", "/p/.agents/skills/x", "../../.claude/skills/x"),
        ("/p/.claude/skills/x", "/p/.claude/other/x", "../skills/x"),
        ("/home/u/x", "/p/x", "/home/u/x"),
        ("/pp/x", "/p/x", "/pp/x"),
    ],
)
def test_link_text_is_as_short_as_it_can_be(source: str, destination: str, expected: str) -> None:
    """Relative below the root, absolute from outside of it; a name that begins alike is not inside."""
    assert link_text(Path(source), Path(destination), Path("/p")) == expected


def test_link_parent_folders_are_made(skill: Path, tmp_path: Path, lacking: frozenset[str]) -> None:
    """A missing parent is no reason to fail."""
    how = "copy" if "links" in lacking else "symlink"
    assert create_link(skill, tmp_path / "a" / "b" / "c") == (True, how)
    assert (tmp_path / "a" / "b" / "c" / "SKILL.md").is_file()


@pytest.mark.needs("links")
def test_link_unchanged_inode_when_it_is_right(skill: Path, tmp_path: Path) -> None:
    """A link that is right is not made again: same inode, same change time."""
    destination = tmp_path / "out"
    create_link(skill, destination)
    before = destination.lstat()
    assert create_link(skill, destination) == (True, "symlink")
    after = destination.lstat()
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


@pytest.mark.needs("links")
def test_link_unchanged_inode_when_a_person_made_it_and_it_is_right(skill: Path, tmp_path: Path) -> None:
    """A link of a person that leads to the source, however it says so, is as good as ours."""
    destination = tmp_path / "out"
    destination.symlink_to("source/../source/pdf-tools")
    before = destination.lstat()
    assert create_link(skill, destination, relative_to=tmp_path) == (True, "symlink")
    assert destination.lstat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "kind",
    [
        "file",
        "empty file",
        "folder",
        "empty folder",
        pytest.param("link", marks=pytest.mark.needs("links")),
        pytest.param("broken link", marks=pytest.mark.needs("links")),
    ],
)
def test_link_never_deletes_foreign(skill: Path, tmp_path: Path, kind: str) -> None:
    """What somebody else put there stays, to the last byte and inode."""
    out = tmp_path / "out"
    out.mkdir()
    destination = out / "mine"
    if kind.endswith("file"):
        destination.write_bytes(b"" if kind.startswith("empty") else b"mine")
    elif kind.endswith("folder"):
        destination.mkdir()
        if kind == "folder":
            (destination / "SKILL.md").write_text("mine", encoding="utf-8")
    else:
        destination.symlink_to(tmp_path if kind == "link" else tmp_path / "nowhere")
    before = snapshot(out)
    done, how = create_link(skill, destination)
    assert (done, how.split(":")[0]) == (False, "failed")
    assert snapshot(out) == before


def test_link_never_deletes_foreign_content_behind_a_marker(skill: Path, tmp_path: Path) -> None:
    """A marker alone proves nothing: the bytes beside it must be those that we wrote."""
    destination = tmp_path / "out"
    destination.mkdir()
    (destination / "notes.md").write_text("mine", encoding="utf-8")
    (tmp_path / marker_name("out")).write_text(f"{skill}\n0123456789abcdef\n", encoding="utf-8")
    before = snapshot(tmp_path)
    assert create_link(skill, destination)[0] is False
    assert snapshot(tmp_path) == before


@pytest.mark.needs("links")
def test_a_link_that_we_recorded_is_pointed_elsewhere(skill: Path, tmp_path: Path) -> None:
    """An old link of ours gives way to the new one, and nothing else is left beside it."""
    destination = tmp_path / "out" / "x"
    create_link(tmp_path, destination)
    recorded = link_hash(str(tmp_path))
    assert create_link(skill, destination, recorded=recorded) == (True, "symlink")
    assert str(destination.readlink()) == str(skill)
    assert names(tmp_path / "out") == ["x"]


@pytest.mark.needs("links")
def test_no_escape_via_symlink_in_a_parent(skill: Path, tmp_path: Path) -> None:
    """A parent that is a link out of the worktree is refused, and nothing is made behind it."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (project / ".agents").symlink_to(elsewhere)
    done, how = create_link(skill, project / ".agents" / "skills" / "x", relative_to=project)
    assert done is False
    assert "outside" in how
    assert list(elsewhere.iterdir()) == []


def test_link_copy_of_a_folder_where_the_system_makes_no_links(
    skill: Path, tmp_path: Path, without_links: Callable[..., tuple[bool, str]]
) -> None:
    """Contents, executable bits and a marker that names the source; no temporary file stays."""
    destination = tmp_path / "out" / "pdf-tools"
    assert without_links(skill, destination) == (True, "copy")
    assert (destination / "SKILL.md").read_bytes() == (skill / "SKILL.md").read_bytes()
    assert os.access(destination / "scripts" / "run.sh", os.X_OK)
    assert names(tmp_path / "out") == [".harnesssync-source-pdf-tools.txt", "pdf-tools"]
    marker = (tmp_path / "out" / ".harnesssync-source-pdf-tools.txt").read_text(encoding="utf-8")
    assert marker.splitlines() == [str(skill.resolve()), digest_at(place_of(skill))]


def test_link_copy_of_a_file_where_the_system_makes_no_links(
    tmp_path: Path, without_links: Callable[..., tuple[bool, str]]
) -> None:
    """A single file is copied as well; the marker holds a path with characters outside of ASCII."""
    source = tmp_path / "日本語" / "CLAUDE.md"
    source.parent.mkdir()
    source.write_bytes(b"rules\r\n\xff")
    assert without_links(source, tmp_path / "AGENTS.md") == (True, "copy")
    assert (tmp_path / "AGENTS.md").read_bytes() == b"rules\r\n\xff"
    marker = read_marker(place_of(tmp_path / "AGENTS.md"))
    assert marker is not None
    assert (marker.source, marker.digest) == (str(source), short_hash(b"rules\r\n\xff"))


def test_link_copy_on_a_file_system_without_permissions(
    skill: Path, tmp_path: Path, without_links: Callable[..., tuple[bool, str]]
) -> None:
    """As on exFAT: no links, no modes, no times, no exclusive rename. The content is what counts."""
    refused = "symlink,symlinkat,fchmod,utimensat,renameat2:ENOSYS"
    for text in ("first", "second"):
        (skill / "SKILL.md").write_text(text, encoding="utf-8")
        assert without_links(skill, tmp_path / "out" / "x", refused=refused) == (True, "copy")
        assert (tmp_path / "out" / "x" / "SKILL.md").read_text(encoding="utf-8") == text
        assert names(tmp_path / "out") == [marker_name("x"), "x"]


@pytest.mark.needs("names of bytes")
def test_non_utf_8_assets_are_copied_byte_for_byte(tmp_path: Path) -> None:
    """Nothing in a skill is read as text."""
    skill = tmp_path / "skill"
    skill.mkdir()
    (skill / "logo.png").write_bytes(bytes(range(256)) * 9000)
    (skill / os.fsdecode(b"caf\xe9.txt")).write_bytes("é".encode("utf-16"))
    assert create_link(skill, tmp_path / "out", means=Means("Linux", no_symlink)) == (True, "copy")
    assert digest_at(place_of(tmp_path / "out")) == digest_at(place_of(skill))
    assert (tmp_path / "out" / "logo.png").read_bytes() == bytes(range(256)) * 9000


def test_enospc_target_of_a_copy_leaves_nothing(
    skill: Path, tmp_path: Path, without_links: Callable[..., tuple[bool, str]]
) -> None:
    """The second of its files does not fit any more."""
    out = tmp_path / "out"
    out.mkdir()
    (skill / "data.bin").write_bytes(b"x" * 2_000_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        done, how = without_links(skill, out / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)
    assert (done, how.split(":")[0]) == (False, "failed")
    assert names(out) == []


def test_copy_fallback_mtime_is_kept(skill: Path, tmp_path: Path) -> None:
    """Times travel with the copy."""
    assert create_link(skill, tmp_path / "out", means=Means("Linux", no_symlink)) == (True, "copy")
    assert (tmp_path / "out" / "SKILL.md").stat().st_mtime_ns == 1_600_000_000_000_000_000


@pytest.mark.needs("modes")
def test_copy_fallback_mode_is_kept(skill: Path, tmp_path: Path) -> None:
    """Permissions travel with the copy; a set-user-id bit does not."""
    (skill / "scripts" / "run.sh").chmod(0o4755)
    assert create_link(skill, tmp_path / "out", means=Means("Linux", no_symlink)) == (True, "copy")
    assert (tmp_path / "out" / "scripts" / "run.sh").stat().st_mode & 0o7777 == 0o755


def test_a_mode_that_can_not_be_kept_for_once_is_a_failure(
    skill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without modes is one thing, a disk error another: the copy would stay unreadable for others."""

    def fchmod(_descriptor: int, _mode: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fchmod", fchmod)
    done, how = create_link(skill, tmp_path / "out", means=Means("Linux", no_symlink))
    assert (done, how.split(":")[0]) == (False, "failed")
    assert not (tmp_path / "out").exists()


def test_a_copy_in_which_a_folder_can_not_be_listed_has_no_digest(
    public_folder: Path, as_nobody: Callable[[], Any]
) -> None:
    """That of less than there is would be written into its marker, and each sync would make the copy anew."""
    (public_folder / "copy" / "closed").mkdir(parents=True)
    (public_folder / "copy" / "closed").chmod(0)
    with as_nobody(), pytest.raises(PermissionError):
        digest_at(place_of(public_folder / "copy"))


def test_the_marker_speaks_of_the_copy_that_is_there_when_the_former_one_can_not_be_removed(
    skill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is in its place by then; with the marker of the former it would pass for edited."""
    out, means = tmp_path / "out", Means("Linux", no_symlink)
    assert create_link(skill, out, means=means) == (True, "copy")
    former = digest_at(place_of(out)) or ""
    (skill / "SKILL.md").write_text("new", encoding="utf-8")

    def rmdir(path: str, *, dir_fd: int | None = None) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    monkeypatch.setattr(os, "rmdir", rmdir)
    done, _ = create_link(skill, out, means=means, recorded=former)
    monkeypatch.undo()
    assert not done
    assert digest_at(place_of(out)) == digest_at(place_of(skill)) != former
    assert (read_marker(place_of(out)) or Marker("", "")).digest == digest_at(place_of(out))


def test_copy_stale_is_made_again_when_its_source_changed(
    skill: Path, tmp_path: Path, without_links: Callable[..., tuple[bool, str]]
) -> None:
    """The copy is ours, as its marker proves, and follows its source."""
    destination = tmp_path / "out" / "pdf-tools"
    assert without_links(skill, destination) == (True, "copy")
    (skill / "SKILL.md").write_text("new", encoding="utf-8")
    (skill / "scripts" / "run.sh").unlink()
    assert without_links(skill, destination) == (True, "copy")
    assert (destination / "SKILL.md").read_text(encoding="utf-8") == "new"
    assert not (destination / "scripts").exists()
    assert names(tmp_path / "out") == [".harnesssync-source-pdf-tools.txt", "pdf-tools"]


def test_copy_stale_but_edited_by_a_person_stays(skill: Path, tmp_path: Path) -> None:
    """An edit in a copy is somebody's work."""
    means = Means("Linux", no_symlink)
    destination = tmp_path / "out" / "pdf-tools"
    create_link(skill, destination, means=means)
    (destination / "SKILL.md").write_text("mine", encoding="utf-8")
    (skill / "SKILL.md").write_text("new", encoding="utf-8")
    before = snapshot(tmp_path / "out")
    assert create_link(skill, destination, means=means)[0] is False
    assert snapshot(tmp_path / "out") == before


def test_a_copy_that_is_current_is_left_alone(skill: Path, tmp_path: Path) -> None:
    """Nothing is copied twice."""
    means = Means("Linux", no_symlink)
    create_link(skill, tmp_path / "out", means=means)
    before = (tmp_path / "out").stat().st_ino
    assert create_link(skill, tmp_path / "out", means=means) == (True, "copy")
    assert (tmp_path / "out").stat().st_ino == before


@pytest.mark.needs("links")
def test_a_copy_contains_nothing_from_outside_of_its_source(skill: Path, tmp_path: Path) -> None:
    """A link in a skill to somebody's key is left out and told; one that stays inside is followed."""
    key = tmp_path / "id_ed25519"
    key.write_text("SECRET", encoding="utf-8")
    (skill / "key").symlink_to(key)
    (skill / "again.md").symlink_to("SKILL.md")
    (skill / "circle").symlink_to("circle")
    made = make(place_of(tmp_path / "out"), skill, str(skill), means=Means("Linux", no_symlink))
    assert names(tmp_path / "out") == ["SKILL.md", "again.md", "scripts"]
    assert not (tmp_path / "out" / "again.md").is_symlink()
    assert len(made.left_out) == 2
    assert made.digest == digest_at(place_of(tmp_path / "out"))


@pytest.mark.parametrize(
    ("platform", "expected"), [("Linux", "native"), ("Darwin", "native"), ("Windows", "junction"), ("Plan9", "copy")]
)
def test_os_strategy_by_name(platform: str, expected: str) -> None:
    """Each system has its own way."""
    assert os_strategy(platform) == expected


def test_os_strategy_of_this_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name the system is asked for its own."""
    monkeypatch.setattr("platform.system", lambda: "Windows")
    assert os_strategy() == "junction"


class Mklink:
    """The command interpreter of Windows, as far as `mklink /J` goes: it links, or does nothing."""

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def __call__(self, command: Any, **options: Any) -> None:
        self.calls.append((command, options))
        destination, source = command[4:]
        if self.works:
            Path(destination).symlink_to(source)
        else:
            Path(destination).mkdir()  # seen on a system that reports success and leaves an empty folder


@pytest.mark.needs("links")
def test_link_junction_where_windows_refuses_a_symlink(skill: Path, tmp_path: Path) -> None:
    """Windows lets everybody make junctions to folders."""
    mklink = Mklink(works=True)
    means = Means("Windows", no_symlink, mklink)
    assert create_link(skill, tmp_path / "out", means=means) == (True, "junction")
    assert (tmp_path / "out" / "SKILL.md").is_file()


def test_junction_argv_goes_past_every_shell(skill: Path, tmp_path: Path) -> None:
    """Exactly five words and two paths, and no shell that could read them."""
    mklink = Mklink(works=True)
    create_link(skill, tmp_path / "my skills", means=Means("Windows", no_symlink, mklink))
    [(command, options)] = mklink.calls
    assert command == ["cmd", "/c", "mklink", "/J", str(tmp_path / "my skills"), str(skill)]
    assert not options.get("shell")


def test_junction_argv_keeps_an_ampersand_inside_quotes() -> None:
    """`R&D` is a folder and not two commands; arguments in a list would be quoted around spaces only."""
    destination, source = PureWindowsPath(r"C:\R&D\out"), PureWindowsPath(r"C:\src")
    assert junction_command(str(destination), str(source)) == r'cmd /c mklink /J "C:\R&D\out" "C:\src"'
    assert subprocess.list2cmdline(["mklink", str(destination)]) == r"mklink C:\R&D\out"


@pytest.mark.parametrize("path", [r"C:\%TEMP%\x", 'C:\\a"b'])
def test_junction_argv_is_never_made_of_what_no_quotes_protect(path: str) -> None:
    """A variable would be expanded even in quotes: such a folder is copied instead."""
    with pytest.raises(OSError, match="variable"):
        junction_command(path, "C:\\src")


def test_link_junction_is_only_for_folders_and_windows(skill: Path, tmp_path: Path) -> None:
    """A file, and every other system, goes on to the copy."""
    mklink = Mklink(works=True)
    assert create_link(skill / "SKILL.md", tmp_path / "a", means=Means("Windows", no_symlink, mklink)) == (True, "copy")
    assert create_link(skill, tmp_path / "b", means=Means("Linux", no_symlink, mklink)) == (True, "copy")
    assert mklink.calls == []


def test_link_order_is_symlink_then_junction_then_copy(skill: Path, tmp_path: Path) -> None:
    """Each means is tried only after the one before it has failed; what a failed one leaves is cleared away."""
    order: list[str] = []
    mklink = Mklink(works=False)

    def symlink(*_: object, **__: object) -> None:
        order.append("symlink")
        raise NotImplementedError("no links here")

    def run(command: Any, **options: Any) -> None:
        order.append("junction")
        mklink(command, **options)

    assert create_link(skill, tmp_path / "out", means=Means("Windows", symlink, run)) == (True, "copy")
    assert order == ["symlink", "junction"]
    assert (tmp_path / "out" / "SKILL.md").is_file()


def test_a_success_that_made_nothing_is_not_believed(skill: Path, tmp_path: Path) -> None:
    """Some systems report a link that does not exist: the copy is made all the same."""
    means = Means("Linux", lambda *_, **__: None)
    assert create_link(skill, tmp_path / "out", means=means) == (True, "copy")
    assert (tmp_path / "out" / "SKILL.md").is_file()


def test_a_link_that_leads_elsewhere_is_taken_back(skill: Path, tmp_path: Path) -> None:
    """A link that came out wrong does not stay."""

    def wrong(_: str, destination: str, **__: object) -> None:
        Path(destination).symlink_to("/nowhere")

    assert create_link(skill, tmp_path / "out", means=Means("Linux", wrong)) == (True, "copy")
    assert not (tmp_path / "out").is_symlink()


def test_link_failed_says_why_and_never_raises(tmp_path: Path) -> None:
    """A source that is gone, a parent that is a file, a name that is too long: each is an answer."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for source, destination in [
        (tmp_path / "file", tmp_path / "nul\0"),
        (tmp_path / "gone", tmp_path / "out"),
        (tmp_path / "file", tmp_path / "file" / "below" / "x"),
        (tmp_path / "file", tmp_path / ("n" * 300)),
    ]:
        done, how = create_link(source, destination)
        assert done is False
        assert how.startswith("failed: ")
    assert names(tmp_path) == ["file"]


@pytest.mark.needs("links")
def test_link_failed_says_why_where_links_go_in_a_circle(tmp_path: Path) -> None:
    """As a source, and on the way to the destination."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "circle").symlink_to("circle")
    for source, destination in [
        (tmp_path / "circle", tmp_path / "out"),
        (tmp_path / "file", tmp_path / "circle" / "x"),
    ]:
        done, how = create_link(source, destination)
        assert done is False
        assert how.startswith("failed: ")
    assert names(tmp_path) == ["circle", "file"]


@pytest.mark.parametrize("in_the_way", ["folder", pytest.param("pipe", marks=pytest.mark.needs("pipes"))])
def test_link_failed_in_the_middle_of_a_copy_leaves_nothing(skill: Path, tmp_path: Path, in_the_way: str) -> None:
    """No half copy, no marker."""
    out = tmp_path / "out"
    out.mkdir()
    # In the way of the marker, which is the last step but one.
    if in_the_way == "folder":
        (out / marker_name("x")).mkdir()
    else:
        os.mkfifo(out / marker_name("x"))
    done, how = create_link(skill, out / "x", means=Means("Linux", no_symlink))
    assert (done, "marker" in how) == (False, True)
    assert names(out) == [marker_name("x")]


@pytest.mark.needs("links")
def test_planted_link_with_the_name_of_a_marker_is_not_written_through(skill: Path, tmp_path: Path) -> None:
    """The name of a marker can be guessed: what a link there leads to stays as it is."""
    victim = tmp_path / ".bashrc"
    victim.write_text("alias ls=ls\n", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    (out / marker_name("x")).symlink_to(victim)
    assert create_link(skill, out / "x", means=Means("Linux", no_symlink))[0] is False
    assert victim.read_text(encoding="utf-8") == "alias ls=ls\n"


def test_a_stale_copy_stays_when_the_new_one_fails(skill: Path, tmp_path: Path) -> None:
    """The old copy and its marker are there again, bytes and all."""
    destination = tmp_path / "out" / "x"
    means = Means("Linux", no_symlink)
    made_at = make(place_of(tmp_path / "first"), skill, str(skill), means=means)
    create_link(skill, destination, means=means)
    (destination / "extra.md").write_text("mine", encoding="utf-8")
    before = snapshot(tmp_path / "out")
    (skill / "SKILL.md").write_text("new", encoding="utf-8")
    with pytest.raises(FileExistsError, match="changed it since"):
        make(place_of(destination), skill, str(skill), expected=made_at.digest, means=means)
    after = snapshot(tmp_path / "out")
    assert {name: content for name, (_, _, content) in after.items()} == {
        name: content for name, (_, _, content) in before.items()
    }


@pytest.mark.needs("links")
def test_a_copy_gives_way_to_a_link_where_links_have_become_possible(skill: Path, tmp_path: Path) -> None:
    """With the link the marker goes."""
    destination = tmp_path / "out" / "x"
    create_link(skill, destination, means=Means("Linux", no_symlink))
    (skill / "SKILL.md").write_text("new", encoding="utf-8")
    assert create_link(skill, destination) == (True, "symlink")
    assert names(tmp_path / "out") == ["x"]


@pytest.mark.needs("links")
def test_a_place_by_descriptor_can_not_be_redirected(skill: Path, tmp_path: Path) -> None:
    """The folder is swapped for a link between opening and linking: the link arrives in the folder that was opened."""
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        folder.rename(tmp_path / "moved")
        folder.symlink_to(elsewhere)
        made = make(Place(Folder(folder, descriptor), "x"), skill, str(skill))
    finally:
        os.close(descriptor)
    assert made.method is Method.SYMLINK
    assert names(elsewhere) == []
    assert names(tmp_path / "moved") == ["x"]
