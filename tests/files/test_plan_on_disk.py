"""Plans carried out on a real disk: nothing is left to do afterwards, and unlinking gives the disk back."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Output,
    Wanted,
)
from harnesssync_orchestrator.core.items import EnvironmentVariable, Layer, Origin, Scope
from harnesssync_orchestrator.core.ledger import Ledger
from harnesssync_orchestrator.core.plan import Plan
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.trust import OWN
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.linker import apply
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.pruning import prune
from harnesssync_orchestrator.files.reading import Looked

DOCUMENTS = {
    "mine.json": b'{\r\n  // mine\r\n  "theme": "dark",\r\n  "hooks": {"Stop": ["mine"],},\r\n}\r\n',
    "mine.toml": b'# mine\n[profiles.fast]\nmodel = "x"  # quick\n',
}


def make_project(root: Path) -> None:
    """Sources, two files of a person that outputs are merged into, and one in the way of an output."""
    for name in "abc":
        (root / "skills" / name).mkdir(parents=True)
        (root / "skills" / name / "SKILL.md").write_text(name, encoding="utf-8")
    (root / ".codex").mkdir()
    (root / ".codex" / "taken.md").write_text("mine", encoding="utf-8")
    for name, content in DOCUMENTS.items():
        (root / name).write_bytes(content)


def choose(root: Path, dice: random.Random) -> Desired:
    """Some outputs of every kind."""
    outputs: list[Output] = []
    for name in "abc":
        if dice.random() < 0.6:
            path = dice.choice([f".agents/skills/{name}", f".codex/{name}", name])
            outputs.append(
                LinkOutput(path=path, items=(), source=str(root / "skills" / name), directory=True, digest="")
            )
    for name in (".codex/taken.md", ".codex/deep/er/x.md", "AGENTS.md"):
        if dice.random() < 0.6:
            content = dice.choice([b"one\n", b"two\n"])
            outputs.append(FileOutput(path=name, items=(), content=content, executable=dice.random() < 0.3))
    for path in (*DOCUMENTS, ".gemini/new.json", "new.toml"):
        for key in ("files", "web"):
            if dice.random() < 0.5:
                value: Any = dice.choice([{"command": "run", "args": ["-x", "é"]}, {"url": "https://x"}])
                extension = path.rpartition(".")[2]
                outputs.append(KeyOutput(path=path, items=(), format=extension, pointer=("mcp", key), value=value))
    if dice.random() < 0.5:
        element = {"command": dice.choice(["lint", "test"])}
        outputs.append(
            ElementOutput(path="mine.json", items=(), format="json", pointer=("hooks", "Stop"), value=element)
        )
    return Desired(wanted={output.address: Wanted(output, ("codex",)) for output in outputs})


def look(root: Path, desired: Desired, ledger: Ledger) -> Plan:
    origin = Origin(layer=Layer.PROJECT, file=str(root / "x"))
    item = EnvironmentVariable(name="A", origin=origin, value="1")
    source = Source(scope=Scope.PROJECT, root=str(root), items=(item,))
    observed = observe(root, desired, ledger, FORMATS, HashCache(), Looked(), frozenset())
    return plan(desired, observed, ledger, source=source, trust=OWN, confirmed=True)


def sync(root: Path, desired: Desired, ledger: Ledger) -> Ledger:
    work = look(root, desired, ledger)
    with Below(root) as below:
        for operation in work.operations:
            done = apply(operation, root=root, formats=FORMATS, timestamp="2026-01-02T03:04:05+00:00", below=below)
            ledger = ledger.changed(record=done.record, forget=done.forget, made=done.made, unmade=done.unmade)
    ledger = ledger.changed(record=work.adopt, forget=work.forget)
    return ledger.changed(unmade=prune(root, ledger.made).gone)


def snapshot(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(root))] = (path.lstat().st_mode, content)
    return found


def identities(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in root.rglob("*")}


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(tmp_path: Path, seed: int) -> None:
    """Through three changes of mind: the next plan is empty, syncing again touches nothing, what a person wrote
    stays, and when nothing is wanted any more every byte and folder is as before."""
    dice = random.Random(seed)  # noqa: S311 - which outputs a test wants is no secret
    root = tmp_path / "project"
    make_project(root)
    before = snapshot(root)
    ledger = Ledger()
    for _ in range(3):
        desired = choose(root, dice)
        ledger = sync(root, desired, ledger)
        again = look(root, desired, ledger)
        assert again.operations == ()
        assert {conflict.address for conflict in again.conflicts} <= {Address(".codex/taken.md")}
        seen = identities(root)
        ledger = sync(root, desired, ledger)
        assert identities(root) == seen
        assert b"// mine\r\n" in (root / "mine.json").read_bytes()
        assert (root / ".codex" / "taken.md").read_bytes() == b"mine"
    ledger = sync(root, Desired(), ledger)
    assert snapshot(root) == before
    assert (ledger.entries, ledger.made) == ({}, frozenset())
