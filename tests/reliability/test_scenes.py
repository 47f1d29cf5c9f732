"""The judges of the sweeps: harm that is done on purpose is found; and which cases a sweep plays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.reliability import injection
from tests.reliability.injection import Runner
from tests.reliability.scenes import SCENES
from tests.reliability.stage import Stage
from tests.reliability.sweeping import Case, in_turn, staged

pytestmark = pytest.mark.skipif(bool(injection.missing()), reason=str(injection.missing()))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A project that was synced and then changed."""
    change = next(scene for scene in SCENES if scene.name == "change")
    with Runner() as runner, staged(change, runner) as made:
        yield made


@pytest.fixture(autouse=True)
def as_before(stage: Stage) -> None:
    """Every test begins with the scene as it begins."""
    stage.before.restore()


def _tear(project: Path) -> None:
    file = project / ".codex/hooks.json"
    file.write_bytes(file.read_bytes()[:-7])


def _empty(project: Path) -> None:
    (project / "AGENTS.md").write_bytes(b"")


def _remove(project: Path) -> None:
    (project / ".gemini/agents/reviewer.md").unlink()


def _forget_theirs(project: Path) -> None:
    file = project / ".codex/config.toml"
    file.write_bytes(file.read_bytes().replace(b"# mine", b"#"))


def _remove_theirs(project: Path) -> None:
    (project / ".agents/skills/own/SKILL.md").unlink()


def _change_mode(project: Path) -> None:
    (project / "README.md").chmod(0o600)


def _unhide(project: Path) -> None:
    (project / ".git/info/exclude").write_bytes(b"")


@pytest.mark.parametrize(
    "harm",
    [_tear, _empty, _remove, _forget_theirs, _remove_theirs, _change_mode, _unhide],
    ids=lambda each: each.__name__,
)
def test_harm_is_found(stage: Stage, harm: Callable[[Path], None]) -> None:
    """Torn, emptied, removed or changed, of ours or of a person's; the same run without it is clean."""
    assert stage.harm() == []
    harm(stage.world.project)
    assert stage.harm() != []


def test_harm_to_our_own_records_is_found(stage: Stage) -> None:
    """A half-written ledger, and one that was set aside."""
    (ledger,) = (stage.world.home / ".harnesssync/projects").glob("*/state.json")
    ledger.write_bytes(ledger.read_bytes()[:100])
    assert "not readable" in "".join(stage.harm())
    stage.before.restore()
    ledger.with_name("state.json.bak.1").write_bytes(b"")
    assert "set aside" in "".join(stage.harm())


def test_what_the_next_run_does_not_put_right_is_found(stage: Stage) -> None:
    """An edit of an output, which is left alone; a temporary that nobody clears away."""
    assert stage.unsettled() == []
    (stage.world.project / ".codex/hooks.json").write_bytes(b"{}")
    assert any(".codex/hooks.json" in line for line in stage.unsettled())
    stage.before.restore()
    (stage.world.project / ".codex/stray.tmp").write_bytes(b"")
    assert any("stray.tmp" in line for line in stage.unsettled())
    assert not stage.is_done()


def test_another_order_in_a_document_is_found_but_after_a_run_that_could_not_read_everything(stage: Stage) -> None:
    """Then words that came, went or changed still are."""
    assert stage.again().code == stage.settled_code
    document = stage.world.project / ".opencode/opencode.json"
    values = json.loads(document.read_text())
    servers = values["mcp"]
    document.write_text(json.dumps({**values, "mcp": dict(reversed(servers.items()))}, indent=2) + "\n")
    assert len(servers) > 1
    assert stage.strays()
    assert stage.strays(in_order=False) == []
    document.write_text(document.read_text().replace("files", "fires"))
    assert stage.strays(in_order=False)


def test_in_turn_every_call_has_a_fault_and_every_fault_a_call() -> None:
    """Whichever the first is; a call for which fewer faults are listed takes one of those."""
    cases = [Case("first", fault, at) for at in range(1, 7) for fault in ("save", "write", "swap")]
    for turn in range(3):
        taken = in_turn(cases, turn)
        assert [case.at for case in taken] == list(range(1, 7))
        assert {case.fault for case in taken} == {"save", "write", "swap"}
    assert in_turn([*cases[:3], Case("first", "save", 2)], 2) == [cases[2], Case("first", "save", 2)]
