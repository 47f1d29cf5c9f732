"""Ledgers on disk: never torn, never read as empty, never forgotten."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.growth import grows_with_length

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.errors import NewerStateError, StateError
from harnesssync_orchestrator.files.state import (
    default_document,
    detect_drift,
    get_hash,
    load_ledger,
    record_sync,
    save_ledger,
    update_ledger,
)

AGENTS = Address("AGENTS.md")
DIGEST = "0123456789abcdef"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "root" / "state.json"


def rich_ledger() -> Ledger:
    """A ledger with one of everything."""
    return Ledger(
        entries={
            AGENTS: Entry(
                method=Method.SYMLINK, digest=DIGEST, timestamp="2026-01-01T00:00:00+00:00", owners=("codex", "amp")
            ),
            Address(".agents/skills/日本語"): Entry(
                method=Method.COPY,
                digest=DIGEST,
                timestamp="2026-01-01T00:00:00+00:00",
                owners=("codex",),
                source="/tmp/\udcff",
                source_digest=DIGEST,
            ),
            Address("a#b.json", ("mcp/servers", "x~y"), DIGEST): Entry(
                method=Method.MERGE, digest=DIGEST, timestamp="", owners=("gemini",), created=False, format="json"
            ),
        },
        made=frozenset({Address(".agents/"), Address("a#b.json", ("mcp/servers",))}),
        pending={Address("b"): DIGEST},
        last_sync="2026-01-01T00:00:00+00:00",
    )


def test_state_default_of_a_missing_file_is_an_empty_ledger(file: Path) -> None:
    """Reading makes nothing, and the default says its version."""
    assert load_ledger(file) == (Ledger(), [])
    assert not file.parent.exists()
    assert default_document() == {"version": "1.0", "targets": {}, "last_sync": None}


@pytest.mark.parametrize("version", ["1.0", 1, 1.0, "1", "1.7"])
def test_state_default_with_any_version_of_its_kind_is_read(file: Path, version: object) -> None:
    """A number does as well as text, and a later minor version too."""
    file.parent.mkdir()
    file.write_text(json.dumps(default_document() | {"version": version}))
    assert load_ledger(file) == (Ledger(), [])


def test_state_roundtrip_keeps_everything(file: Path) -> None:
    """Unicode, odd bytes, pointers, owners and what is pending come back as they were; the file stays readable."""
    assert save_ledger(file, rich_ledger())
    assert load_ledger(file) == (rich_ledger(), [])
    assert "日本語" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_saving_what_is_saved_already_writes_nothing(file: Path) -> None:
    """No new inode, no new time."""
    save_ledger(file, rich_ledger())
    before = file.stat()
    assert save_ledger(file, rich_ledger()) is False
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"version": "x", "targets": {}}',
        b'{"version": "1.0"}',
        b'{"version": "1.0", "targets": []}',
        b'{"version": "1.0", "targets": {"codex": []}}',
        b'{"version": "1.0", "targets": {"codex": {"a": "x"}}}',
        b'{"version": "1.0", "targets": {"codex": {"a": {"hash": 5, "timestamp": ""}}}}',
        b'{"version": "1.0", "targets": {"codex": {"a": {"timestamp": ""}}}}',
        b'{"version": "1.0", "targets": {"codex": {"a": {"hash": "", "timestamp": "", "method": "magic"}}}}',
        b'{"version": "1.0", "targets": {"codex": {"%zz": {"hash": "", "timestamp": ""}}}}',
        b'{"version": "1.0", "targets": {}, "made": {}}',
        b'{"version": "1.0", "targets": {}, "made": [5]}',
        b'{"version": "1.0", "targets": {}, "pending": {"a": 5}}',
        b'{"version": "1.0", "targets": {}, "last_sync": 5}',
    ],
)
def test_state_wrong_types_and_corrupt_json_are_kept_and_told(file: Path, content: bytes) -> None:
    """The file becomes a backup, byte for byte; the problem names it, and hides no item."""
    file.parent.mkdir()
    file.write_bytes(content)
    ledger, problems = load_ledger(file)
    (backup,) = file.parent.iterdir()
    assert (ledger, backup.read_bytes()) == (Ledger(lost=True), content)
    assert re.fullmatch(r"state\.json\.bak\.\d{8}T\d{6}Z", backup.name)
    assert [(each.code, each.hides, backup.name in each.hint) for each in problems] == [("state_corrupt", False, True)]


def test_corrupt_state_is_told_with_line_and_column(file: Path) -> None:
    """So that a person can repair it."""
    file.parent.mkdir()
    file.write_text('{"version": "1.0",\n "targets": x}')
    (problem,) = load_ledger(file)[1]
    assert (problem.line, problem.column, problem.file) == (2, 13, str(file))


def test_the_state_of_a_later_version_is_not_touched(file: Path) -> None:
    """It is an error, and the file stays for the version that can read it."""
    file.parent.mkdir()
    file.write_text('{"version": "2.0", "everything": "else"}')
    with pytest.raises(NewerStateError, match="Update"):
        load_ledger(file)
    assert [each.name for each in file.parent.iterdir()] == ["state.json"]


def test_unreadable_state_is_an_error_and_not_empty(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """What can't be read now may be readable in a moment: nothing is set aside."""
    file = public_folder / "state.json"
    save_ledger(file, rich_ledger())
    file.chmod(0)
    with as_nobody(), pytest.raises(StateError, match="can't be read"):
        load_ledger(file)
    with as_nobody(), pytest.raises(StateError):
        save_ledger(file, Ledger())
    assert load_ledger(file) == (rich_ledger(), [])


def test_state_record_holds_hash_and_time_with_offset() -> None:
    """A hash is cut to sixteen digits, whatever its length; two targets share one entry."""
    ledger = record_sync(Ledger(), "codex", AGENTS, DIGEST * 4)
    ledger = record_sync(ledger, "amp", AGENTS, DIGEST)
    entry = ledger.entries[AGENTS]
    assert (entry.digest, entry.owners) == (DIGEST, ("codex", "amp"))
    assert datetime.fromisoformat(entry.timestamp).utcoffset() == timedelta(0)


def test_state_get_hash_is_of_the_target_that_wrote() -> None:
    """None where nothing was written, by this target."""
    ledger = record_sync(Ledger(), "codex", AGENTS, DIGEST)
    assert (get_hash(ledger, "codex", AGENTS), get_hash(ledger, "amp", AGENTS)) == (DIGEST, None)
    assert get_hash(ledger, "codex", Address("other")) is None


@pytest.mark.parametrize(
    ("recorded", "found", "drifted"),
    [
        (None, DIGEST, False),
        (None, None, False),
        (DIGEST, DIGEST, False),
        (DIGEST, DIGEST * 4, False),
        (DIGEST, "f" * 16, True),
        (DIGEST, None, True),
        (DIGEST, "", True),
    ],
    ids=["first sync", "never there", "unchanged", "unchanged, full hash", "changed", "deleted", "deleted, as text"],
)
def test_state_drift_truth_table(recorded: str | None, found: str | None, drifted: bool) -> None:
    """Drift is a difference from what was written; what was never written can't drift."""
    ledger = record_sync(Ledger(), "codex", AGENTS, recorded) if recorded else Ledger()
    assert detect_drift(ledger, "codex", AGENTS, found) is drifted


def test_state_concurrent_writers_lose_no_entry(file: Path) -> None:
    """Eight processes record fifty outputs each, at once."""
    script = """
import sys
from pathlib import Path
from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.files.state import record_sync, update_ledger
file, name = Path(sys.argv[1]), sys.argv[2]
for number in range(50):
    update_ledger(
        file,
        file.with_name("sync.lock"),
        lambda ledger: record_sync(ledger, "codex", Address(f"{name}/{number}"), "0" * 16),
        timeout=60,
    )
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, str(file), str(number)]) for number in range(8)]
    assert [writer.wait(60) for writer in writers] == [0] * 8
    ledger, problems = load_ledger(file)
    assert (len(ledger.entries), problems) == (400, [])
    assert sorted(each.name for each in file.parent.iterdir()) == ["state.json", "sync.lock"]


def test_a_corrupt_ledger_is_not_forgotten_by_an_update(file: Path) -> None:
    """What was there is beside what is new."""
    file.parent.mkdir()
    file.write_text("{")
    update_ledger(file, file.with_name("sync.lock"), lambda ledger: record_sync(ledger, "codex", AGENTS, DIGEST))
    (backup,) = file.parent.glob("state.json.bak.*")
    assert (backup.read_text(), list(load_ledger(file)[0].entries)) == ("{", [AGENTS])


def test_state_1mb_is_loaded_in_time_that_grows_with_its_length(tmp_path: Path) -> None:
    """Of six thousand outputs, and no faster."""
    entry = Entry(
        method=Method.SYMLINK, digest=DIGEST, timestamp="2026-01-01T00:00:00+00:00", owners=("codex",), source="/x" * 30
    )

    def saved(outputs: int) -> Path:
        file = tmp_path / f"{outputs}.json"
        save_ledger(file, Ledger(entries={Address(f".agents/skills/skill-{n}"): entry for n in range(outputs)}))
        return file

    assert saved(6_000).stat().st_size > 1_000_000
    assert grows_with_length(load_ledger, saved, 6_000)


def test_a_full_hash_never_reaches_the_state(file: Path) -> None:
    """Sixteen digits, everywhere."""
    save_ledger(file, record_sync(rich_ledger(), "codex", Address("x"), "a" * 64))
    assert re.search(r"[0-9a-f]{17}", file.read_text()) is None


def test_a_state_that_can_not_be_saved_is_told_and_stays(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """The last good record is intact."""
    file = public_folder / "state.json"
    save_ledger(file, rich_ledger())
    file.chmod(0o644)
    with as_nobody(), pytest.raises(StateError, match="can't be saved"):
        save_ledger(file, Ledger())
    assert load_ledger(file) == (rich_ledger(), [])
