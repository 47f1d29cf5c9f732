"""Operations on a real file system: whole or not at all, and only on what the plan expects to find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash
from harnesssync_orchestrator.core.ledger import Entry, Method
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.core.plan import EditDocument, MakeLink, Operation, Remove, WriteFile
from harnesssync_orchestrator.core.targets import RemoveKey, SetKey
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files import linker
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.copying import digest_at
from harnesssync_orchestrator.files.linker import Applied
from harnesssync_orchestrator.files.place import Place

REFUSE = Path(__file__).parent / "refuse_calls.py"
TIMESTAMP = "2026-01-02T03:04:05+00:00"
OWNERS = ("codex",)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with rules and a skill."""
    folder = tmp_path / "project"
    skill = folder / ".claude" / "skills" / "pdf"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("pdf", encoding="utf-8")
    (folder / "CLAUDE.md").write_text("# Rules\n", encoding="utf-8")
    return folder


@pytest.fixture
def bystanders(tmp_path: Path) -> Iterator[Path]:
    """A folder outside of the project, in which nothing may change."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / ".bashrc").write_bytes(b"alias ls=ls\n")
    before = snapshot(folder)
    yield folder
    assert snapshot(folder) == before


def snapshot(folder: Path) -> dict[str, Any]:
    """Everything in a folder: contents, link texts and modes."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def apply(operation: Operation, root: Path) -> Applied:
    return linker.apply(operation, root=root, formats=FORMATS, timestamp=TIMESTAMP)


def skill_link(root: Path, *, expected: str | None = None, path: str = ".agents/skills/pdf") -> MakeLink:
    return MakeLink(
        path=path,
        owners=OWNERS,
        expected=expected,
        source=str(root / ".claude" / "skills" / "pdf"),
        text="../../.claude/skills/pdf",
        directory=True,
        digest=digest_at(Place.by_path(root / ".claude" / "skills" / "pdf")) or "",
    )


def rules_link(root: Path, *, path: str = "AGENTS.md", expected: str | None = None) -> MakeLink:
    source = str(root / "CLAUDE.md")
    return MakeLink(
        path=path, owners=OWNERS, expected=expected, source=source, text="CLAUDE.md", directory=False, digest="d"
    )


def write(path: str, content: bytes, *, expected: str | None = None, executable: bool = False) -> WriteFile:
    return WriteFile(path=path, owners=OWNERS, expected=expected, content=content, executable=executable)


def edit(path: str, *, expected: str | None, value: str = "x", **more: Any) -> EditDocument:
    address = Address(path, ("mcp", "files"))
    entry = Entry(method=Method.MERGE, digest="d", timestamp="", owners=OWNERS, format="json")
    return EditDocument(
        path=path,
        owners=OWNERS,
        expected=expected,
        format="json",
        edits=(SetKey(("mcp", "files"), value),),
        record={address: entry},
        made=(Address(path, ("mcp",)),),
        **more,
    )


@pytest.mark.needs("links")
def test_a_link_is_made_with_its_folders_and_recorded(root: Path) -> None:
    """What the ledger is told: the link's text as a digest, and the folders that came into being for it."""
    applied = apply(skill_link(root), root)
    link = root / ".agents" / "skills" / "pdf"
    assert str(link.readlink()) == "../../.claude/skills/pdf"
    assert applied.record == {
        Address(".agents/skills/pdf"): Entry(
            method=Method.SYMLINK,
            digest=link_hash("../../.claude/skills/pdf"),
            timestamp=TIMESTAMP,
            owners=OWNERS,
            source=str(root / ".claude" / "skills" / "pdf"),
        )
    }
    assert applied.made == (Address(".agents/"), Address(".agents/skills/"))
    assert (applied.method, applied.warnings) == ("symlink", ())


@pytest.mark.needs("links")
def test_a_link_of_ours_is_pointed_elsewhere(root: Path) -> None:
    """The old link must say what the plan saw."""
    (root / "AGENTS.md").symlink_to("README.md")
    apply(rules_link(root, expected=link_hash("README.md")), root)
    assert str((root / "AGENTS.md").readlink()) == "CLAUDE.md"


def test_post_verify_links_refuses_a_link_that_would_not_lead_to_its_source(root: Path) -> None:
    """A text that leads elsewhere is not left behind as a dangling link: a copy serves instead."""
    wrong = MakeLink(
        path="AGENTS.md",
        owners=OWNERS,
        source=str(root / "CLAUDE.md"),
        text="nowhere/CLAUDE.md",
        directory=False,
        digest="d",
    )
    applied = apply(wrong, root)
    assert applied.method == "copy"
    assert (root / "AGENTS.md").read_text(encoding="utf-8") == "# Rules\n"


@pytest.mark.needs("links")
def test_post_verify_links_keeps_the_old_link_until_the_new_one_is_right(root: Path) -> None:
    """The new link is looked at before it takes the place of the old one."""
    (root / "AGENTS.md").symlink_to("README.md")
    (root / marker_name("AGENTS.md")).mkdir()  # in the way of a copy, so that this fails too
    operation = MakeLink(
        path="AGENTS.md",
        owners=OWNERS,
        expected=link_hash("README.md"),
        source=str(root / "CLAUDE.md"),
        text="nowhere/CLAUDE.md",
        directory=False,
        digest="d",
    )
    before = snapshot(root)
    with pytest.raises(ApplyError):
        apply(operation, root)
    assert snapshot(root) == before


def test_a_link_to_a_source_that_is_gone_is_not_made(root: Path) -> None:
    """Nothing dangles."""
    (root / "CLAUDE.md").unlink()
    with pytest.raises(ApplyError) as caught:
        apply(rules_link(root), root)
    assert caught.value.code == "source_vanished"
    assert not (root / "AGENTS.md").is_symlink()


@pytest.mark.parametrize(
    "kind",
    [
        "file",
        "folder",
        pytest.param("link", marks=pytest.mark.needs("links")),
        pytest.param("dangling link", marks=pytest.mark.needs("links")),
        pytest.param("fifo", marks=pytest.mark.needs("pipes")),
    ],
)
@pytest.mark.parametrize("operation", ["link", "write", "edit"])
def test_what_appeared_since_the_plan_is_never_replaced(
    root: Path, bystanders: Path, operation: str, kind: str
) -> None:
    """The plan saw nothing at the path: whatever is there now is somebody's, and nothing is written through it."""
    path = root / "AGENTS.md"
    if kind == "file":
        path.write_bytes(b"mine")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(bystanders / (".bashrc" if kind == "link" else "authorized_keys"))
    before = snapshot(root)
    make = {"link": rules_link(root), "write": write("AGENTS.md", b"new"), "edit": edit("AGENTS.md", expected=None)}
    with pytest.raises(ApplyError):
        apply(make[operation], root)
    assert snapshot(root) == before


@pytest.mark.parametrize("operation", ["link", "write", "edit", "remove"])
def test_an_edit_since_the_plan_survives(root: Path, operation: str) -> None:
    """The plan saw other bytes: the edit stays, and the error says so."""
    (root / "out.json").write_bytes(b'{"edited": true}')
    before = snapshot(root)
    seen = short_hash(b"{}")
    make: dict[str, Operation] = {
        "link": rules_link(root, path="out.json", expected=seen),
        "write": write("out.json", b"new", expected=seen),
        "edit": edit("out.json", expected=seen),
        "remove": Remove(path="out.json", owners=OWNERS, expected=seen, method=Method.WRITE),
    }
    with pytest.raises(ApplyError) as caught:
        apply(make[operation], root)
    assert caught.value.code == "changed_underneath"
    assert snapshot(root) == before


@pytest.mark.needs("links")
@pytest.mark.parametrize("operation", ["link", "write", "edit", "remove", "remove copy"])
def test_a_folder_that_is_a_link_out_of_the_project_is_not_entered(
    root: Path, bystanders: Path, operation: str
) -> None:
    """`.codex` leads to somebody's home: nothing is made, changed or removed there."""
    (root / ".codex").symlink_to(bystanders)
    path = ".codex/.bashrc"
    seen = short_hash(b"alias ls=ls\n")
    make: dict[str, Operation] = {
        "link": rules_link(root, path=".codex/AGENTS.md"),
        "write": write(".codex/config", b"new"),
        "edit": edit(".codex/config.json", expected=None),
        "remove": Remove(path=path, owners=OWNERS, expected=seen, method=Method.WRITE),
        "remove copy": Remove(path=path, owners=OWNERS, expected=seen, method=Method.COPY),
    }
    with pytest.raises(ApplyError) as caught:
        apply(make[operation], root)
    assert caught.value.code == "obstructed"


@pytest.mark.parametrize("path", ["../outside/x", "/etc/x", "a/../../outside/x", ""])
def test_a_path_that_leaves_the_root_is_refused(root: Path, bystanders: Path, path: str) -> None:
    """Paths of outputs are checked again where they are used."""
    before = snapshot(root)
    for operation in (write(path, b"x"), rules_link(root, path=path)):
        with pytest.raises(ApplyError):
            apply(operation, root)
    assert snapshot(root) == before


def test_writing_through_a_skill_link_never_reaches_the_source(root: Path) -> None:
    """An agent with the name of a skill: the write would go through the skill's link into the source."""
    apply(skill_link(root), root)
    with pytest.raises(ApplyError):
        apply(write(".agents/skills/pdf/SKILL.md", b"agent"), root)
    with pytest.raises(ApplyError):
        apply(write(".agents/skills/pdf", b"agent"), root)
    assert (root / ".claude" / "skills" / "pdf" / "SKILL.md").read_text(encoding="utf-8") == "pdf"


@pytest.mark.needs("hard links")
def test_a_hard_linked_output_is_replaced_and_the_other_name_keeps_its_bytes(root: Path, tmp_path: Path) -> None:
    """An output shares its inode with a file elsewhere: writing in place would change that one too."""
    other = tmp_path / "other"
    other.write_bytes(b"old")
    (root / "out").hardlink_to(other)
    apply(write("out", b"new", expected=short_hash(b"old")), root)
    assert (other.read_bytes(), (root / "out").read_bytes()) == (b"old", b"new")


@pytest.mark.needs("modes")
def test_a_written_file_keeps_its_mode_save_for_the_executable_bit(root: Path) -> None:
    """A person who made it private wants it private."""
    applied = apply(write("bin/hook.sh", b"#!/bin/sh\n", executable=True), root)
    path = root / "bin" / "hook.sh"
    assert path.stat().st_mode & 0o111
    assert applied.made == (Address("bin/"),)
    path.chmod(0o640)
    apply(write("bin/hook.sh", b"#!/bin/sh\ntrue\n", expected=short_hash(b"#!/bin/sh\n")), root)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_document_is_made_and_recorded(root: Path) -> None:
    """Folders, the document itself and the objects in it are ours now; entries get the time of the sync."""
    applied = apply(edit(".gemini/settings.json", expected=None), root)
    assert json.loads((root / ".gemini" / "settings.json").read_bytes()) == {"mcp": {"files": "x"}}
    assert set(applied.made) == {
        Address(".gemini/"),
        Address(".gemini/settings.json"),
        Address(".gemini/settings.json", ("mcp",)),
    }
    [entry] = applied.record.values()
    assert (entry.timestamp, applied.method) == (TIMESTAMP, "merge")


def test_a_document_keeps_comments_and_foreign_keys(root: Path) -> None:
    """Only what the edit names changes."""
    content = b'\xef\xbb\xbf{\r\n  // mine\r\n  "theme": "dark",\r\n}\r\n'
    path = root / "settings.json"
    path.write_bytes(content)
    apply(edit("settings.json", expected=short_hash(content)), root)
    assert b"// mine\r\n" in path.read_bytes()
    assert b'"theme": "dark",' in path.read_bytes()


@pytest.mark.needs("modes")
def test_a_document_keeps_its_mode(root: Path) -> None:
    """One that a person made private stays private."""
    path = root / "settings.json"
    path.write_bytes(b"{}")
    path.chmod(0o600)
    apply(edit("settings.json", expected=short_hash(b"{}")), root)
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_edit_that_changes_nothing_writes_nothing(root: Path) -> None:
    """Same inode, same times; it is recorded all the same."""
    apply(edit("settings.json", expected=None), root)
    before = (root / "settings.json").stat()
    applied = apply(edit("settings.json", expected=short_hash((root / "settings.json").read_bytes())), root)
    after = (root / "settings.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(applied.record) == [Address("settings.json", ("mcp", "files"))]


def test_a_document_that_can_not_be_parsed_stays(root: Path) -> None:
    """The error tells where it is broken."""
    (root / "settings.json").write_bytes(b'{"a": \n')
    with pytest.raises(ApplyError, match="line") as caught:
        apply(edit("settings.json", expected=short_hash(b'{"a": \n')), root)
    assert caught.value.code == "document_unparsable"
    assert (root / "settings.json").read_bytes() == b'{"a": \n'


@pytest.mark.parametrize(("extra", "stays"), [(b"", False), (b"// mine\n", True)])
def test_a_document_of_ours_goes_with_the_last_thing_in_it(root: Path, extra: bytes, *, stays: bool) -> None:
    """Unless somebody left a comment."""
    apply(edit("settings.json", expected=None), root)
    content = extra + (root / "settings.json").read_bytes()
    (root / "settings.json").write_bytes(content)
    operation = EditDocument(
        path="settings.json",
        owners=OWNERS,
        expected=short_hash(content),
        format="json",
        edits=(RemoveKey(("mcp",)),),
        record={},
        forget=(Address("settings.json", ("mcp", "files")),),
        unmade=(Address("settings.json", ("mcp",)),),
        remove_when_empty=True,
    )
    applied = apply(operation, root)
    assert (root / "settings.json").exists() is stays
    assert (Address("settings.json") in applied.unmade) is not stays
    assert applied.forget == (Address("settings.json", ("mcp", "files")),)


def test_an_unknown_format_is_an_error_and_not_a_guess(root: Path) -> None:
    """A ledger of a later version may name one."""
    with pytest.raises(ApplyError) as caught:
        linker.apply(edit("x.json", expected=None), root=root, formats={}, timestamp=TIMESTAMP)
    assert caught.value.code == "format_unknown"


@pytest.mark.needs("links")
def test_a_link_that_is_still_ours_is_removed(root: Path) -> None:
    """And only the link: its source stays."""
    apply(skill_link(root), root)
    digest = link_hash("../../.claude/skills/pdf")
    remove = Remove(path=".agents/skills/pdf", owners=OWNERS, expected=digest, method=Method.SYMLINK)
    assert apply(remove, root).forget == (Address(".agents/skills/pdf"),)
    assert names(root / ".agents" / "skills") == []
    assert (root / ".claude" / "skills" / "pdf" / "SKILL.md").exists()
    assert apply(remove, root).forget == (Address(".agents/skills/pdf"),)


def test_many_operations_share_one_open_root(root: Path) -> None:
    """A linker with much to do keeps its folders open."""
    with Below(root) as below:
        for number in range(50):
            operation = write(f"out/{number}.md", b"x")
            linker.apply(operation, root=root, formats=FORMATS, timestamp=TIMESTAMP, below=below)
    assert len(names(root / "out")) == 50


COPY = """
import sys
from pathlib import Path
from harnesssync_orchestrator.core.plan import MakeLink
from harnesssync_orchestrator.files.linker import apply
root, path, expected, digest = Path(sys.argv[1]), *sys.argv[2:]
source = root / ".claude" / "skills" / "pdf"
operation = MakeLink(path=path, owners=("codex",), expected=expected or None, source=str(source),
                     text="../../.claude/skills/pdf", directory=True, digest=digest)
applied = apply(operation, root=root, formats={}, timestamp="2026-01-02T03:04:05+00:00")
[entry] = applied.record.values()
print(entry.method.value, entry.digest, entry.source_digest, len(applied.warnings), *applied.made)
"""


@pytest.fixture
def copy_skill(root: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """The linker in a process whose system makes no links; gives what it recorded."""
    program = tmp_path / "copy.py"
    program.write_text(COPY, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    def run(expected: str = "", digest: str | None = None) -> list[str]:
        if digest is None:
            digest = digest_at(Place.by_path(root / ".claude" / "skills" / "pdf")) or ""
        command = [sys.executable, str(REFUSE), "symlink,symlinkat:EPERM", str(program), str(root)]
        result = subprocess.run(
            [*command, ".agents/skills/pdf", expected, digest],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.split()

    return run


def test_link_copy_is_recorded_warned_about_refreshed_and_removed(
    root: Path, copy_skill: Callable[..., list[str]]
) -> None:
    """The whole life of a copy, on a system without links."""
    skills = root / ".agents" / "skills"
    method, digest, source_digest, warnings, *made = copy_skill()
    assert (method, source_digest, warnings, made) == ("copy", digest, "1", [".agents/", ".agents/skills/"])
    assert names(skills) == [marker_name("pdf"), "pdf"]

    (root / ".claude" / "skills" / "pdf" / "SKILL.md").write_text("new", encoding="utf-8")
    method, refreshed, source_digest, *_ = copy_skill(digest)
    assert (method, source_digest) == ("copy", refreshed)
    assert refreshed != digest
    assert (skills / "pdf" / "SKILL.md").read_text(encoding="utf-8") == "new"
    assert names(skills) == [marker_name("pdf"), "pdf"]

    remove = Remove(path=".agents/skills/pdf", owners=OWNERS, expected=refreshed, method=Method.COPY)
    assert apply(remove, root).forget == (Address(".agents/skills/pdf"),)
    assert names(skills) == []


@pytest.mark.parametrize(
    "what",
    [
        "content",
        pytest.param("folder", marks=pytest.mark.needs("links")),
        pytest.param("file", marks=pytest.mark.needs("links")),
    ],
)
def test_a_copy_is_made_only_of_what_was_read(root: Path, bystanders: Path, tmp_path: Path, what: str) -> None:
    """Between reading the source and copying it somebody puts a link there, or changes it: nothing is copied."""
    source = root / ".claude" / "skills" / "pdf"
    operation = rules_link(root) if what == "file" else skill_link(root)
    if what == "content":
        (source / "SKILL.md").write_text("changed", encoding="utf-8")
    elif what == "folder":
        source.rename(tmp_path / "moved")
        source.symlink_to(bystanders)
    else:
        (root / "CLAUDE.md").unlink()
        (root / "CLAUDE.md").symlink_to(bystanders / ".bashrc")
    operation = replace(operation, text="nowhere")  # no link can lead there, so a copy is tried
    with pytest.raises(ApplyError) as caught:
        apply(operation, root)
    assert caught.value.code == "changed_underneath"
    assert not (root / operation.path).exists()


@pytest.mark.needs("links")
def test_a_copy_becomes_a_link_where_links_are_possible_again(root: Path, copy_skill: Callable[..., list[str]]) -> None:
    """The copy and its marker make room."""
    _, digest, *_ = copy_skill()
    assert apply(skill_link(root, expected=digest), root).method == "symlink"
    assert names(root / ".agents" / "skills") == ["pdf"]
    assert (root / ".agents" / "skills" / "pdf").is_symlink()


def test_removing_what_is_gone_already_makes_nothing(root: Path) -> None:
    """Not even the folders on the way to it."""
    for method in (Method.SYMLINK, Method.COPY, Method.WRITE):
        apply(Remove(path=".agents/skills/pdf", owners=OWNERS, expected="0" * 16, method=method), root)
    assert names(root) == [".claude", "CLAUDE.md"]


@pytest.mark.parametrize("extra", ["notes.md", ".git"])
def test_a_copy_in_which_somebody_began_something_stays(root: Path, extra: str) -> None:
    """An edit shows in its digest. A repository begun in it does not, and stays all the same."""
    place = Place.by_path(root / ".agents" / "skills" / "pdf")
    place.path.mkdir(parents=True)
    (place.path / "SKILL.md").write_text("pdf", encoding="utf-8")
    digest = digest_at(place)
    assert digest is not None
    (place.path / extra).mkdir()
    (place.path / extra / "HEAD").write_text("mine", encoding="utf-8")
    before = snapshot(root)
    for operation in (
        Remove(path=".agents/skills/pdf", owners=OWNERS, expected=digest, method=Method.COPY),
        skill_link(root, expected=digest),
    ):
        with pytest.raises(ApplyError) as caught:
            apply(operation, root)
        assert caught.value.code == "changed_underneath"
        assert snapshot(root) == before


LIMITED = """
import resource, signal, sys
from pathlib import Path
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.plan import EditDocument, WriteFile
from harnesssync_orchestrator.core.targets import SetKey
from harnesssync_orchestrator.core.desired import short_hash
from harnesssync_orchestrator.errors import ApplyError
from harnesssync_orchestrator.files.linker import apply
root, kind, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
big = "x" * 300_000
expected = short_hash((root / "out.json").read_bytes())
operations = {
    "write": WriteFile(path="out.json", owners=("codex",), expected=expected, content=big.encode(), executable=False),
    "new": WriteFile(path="new/folder/x.md", owners=("codex",), expected=None, content=big.encode(), executable=False),
    "edit": EditDocument(path="out.json", owners=("codex",), expected=expected, format="json", record={},
                         edits=(SetKey(("big",), big),)),
}
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    apply(operations[kind], root=root, formats=FORMATS, timestamp="2026-01-02T03:04:05+00:00")
except ApplyError as error:
    print(error.code)
"""


@pytest.fixture
def full_disk(root: Path, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A small file system and no limit; where none can be mounted, this one and a limit for every file."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    can_mount = sys.platform == "linux" and os.geteuid() == 0
    mounted = can_mount and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield (disk, 0) if mounted else (root, 64 * 1024)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("kind", ["write", "new", "edit"])
@pytest.mark.parametrize("limited", [False, True])
def test_enospc_target_keeps_its_old_content(
    root: Path, full_disk: tuple[Path, int], tmp_path: Path, kind: str, *, limited: bool
) -> None:
    """A full disk, or a limit on the length of files: the old bytes are there, and nothing else is."""
    folder, limit = (root, 64 * 1024) if limited else full_disk
    program = tmp_path / "limited.py"
    program.write_text(LIMITED, encoding="utf-8")
    (folder / "out.json").write_bytes(b'{"mine": 1}\n')
    before = snapshot(folder)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(program), str(folder), kind, str(limit)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("disk_full\n", "")
    assert snapshot(folder) == before


def test_a_folder_without_permission_is_told_as_such(public_folder: Path, as_nobody: Callable[[], Any]) -> None:
    """The code and the hint say what to do; nothing is left behind."""
    (public_folder / "CLAUDE.md").write_text("# Rules\n", encoding="utf-8")
    with as_nobody():
        for operation in (write("out.md", b"x"), rules_link(public_folder), edit("a/x.json", expected=None)):
            with pytest.raises(ApplyError) as caught:
                apply(operation, public_folder)
            assert caught.value.code == "not_writable"
            assert caught.value.hint
    assert names(public_folder) == ["CLAUDE.md"]


def test_a_name_that_is_too_long_is_told_as_such(root: Path) -> None:
    """Folders made on the way to it go again."""
    before = snapshot(root)
    for operation in (write("new/" + "n" * 300, b"x"), skill_link(root, path="new/" + "n" * 300)):
        with pytest.raises(ApplyError, match="too long"):
            apply(operation, root)
    assert snapshot(root) == before


KILLED = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.plan import MakeLink, Remove
from harnesssync_orchestrator.files.cleanup import clean
from harnesssync_orchestrator.core.markers import marker_name
from harnesssync_orchestrator.files.copying import digest_at
from harnesssync_orchestrator.files.linker import apply
from harnesssync_orchestrator.files.place import Place

base, kind = Path(sys.argv[1]), sys.argv[2]
EVENTS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.utime", "os.link", "os.symlink"}
PATH = ".agents/skills/pdf"

def perform(operation):
    return apply(operation, root=root, formats={}, timestamp="2026-01-02T03:04:05+00:00")

def make(expected):
    return MakeLink(path=PATH, owners=("codex",), expected=expected, source=str(source), text="../../source/pdf",
                    directory=True, digest="")

def remove(expected):
    return Remove(path=PATH, owners=("codex",), expected=expected, method=Method.COPY)

def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

for step in itertools.count(1):
    root = base / str(step)
    source = root / "source" / "pdf"
    (source / "scripts").mkdir(parents=True)
    (source / "SKILL.md").write_text("old")
    (source / "scripts" / "run.sh").write_text("run")
    ledger, expected = Ledger(), None
    if kind != "create":
        ledger = ledger.changed(record=perform(make(None)).record)
        expected = ledger.entries[Address(PATH)].digest
        (source / "SKILL.md").write_text("new")
    child = os.fork()
    if not child:
        left = itertools.count(step, -1)
        sys.addaudithook(lambda event, _: event in EVENTS and next(left) == 1 and os.kill(os.getpid(), signal.SIGKILL))
        perform(remove(expected) if kind == "remove" else make(expected))
        os._exit(0)
    finished = os.waitpid(child, 0)[1] == 0

    place = Place.by_path(root / PATH)
    before = digest_at(place)
    if kind != "remove" and before is not None:
        content = (root / PATH / "SKILL.md").read_text(), (root / PATH / "scripts" / "run.sh").read_text()
        assert content in {("old", "run"), ("new", "run")}, (step, content)
    ledger = Ledger(entries=ledger.entries, pending={Address(PATH): ""})
    cleaned = clean(root, ledger)
    assert cleaned.kept == (), (step, cleaned)
    ledger = ledger.changed(record=cleaned.recovered)
    found = digest_at(place)
    # A copy that had been taken away for a moment is there again.
    assert found == before or (before is None and kind == "refresh"), (step, found)
    assert found is None or found == ledger.entries[Address(PATH)].digest, (step, found)
    if kind != "remove":
        perform(make(found))
        assert names(root / ".agents" / "skills") == [marker_name("pdf"), "pdf"], (step, names(root / ".agents/skills"))
        assert (root / PATH / "SKILL.md").read_bytes() == (source / "SKILL.md").read_bytes()
    else:
        perform(remove(found or ""))
        clean(root, ledger)
        assert names(root / ".agents" / "skills") == [], (step, names(root / ".agents" / "skills"))
    if finished:
        print(step)
        break
"""


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("create", "symlink,symlinkat:EPERM"),
        ("refresh", "symlink,symlinkat:EPERM"),
        ("refresh", "symlink,symlinkat,renameat2:ENOSYS"),
        ("remove", "symlink,symlinkat:EPERM"),
    ],
)
def test_link_copy_that_is_killed_at_any_step_is_whole_and_heals(tmp_path: Path, kind: str, refused: str) -> None:
    """Killed before each system call that changes names: what is there is the old copy or the new one, whole; the
    next sync knows it for ours, clears away the rest, and ends as if nothing had happened. So it is where names can't
    be exchanged in one step, too."""
    program = tmp_path / "killed.py"
    program.write_text(KILLED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(REFUSE), refused, str(program), str(tmp_path / "trees"), kind]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 10
