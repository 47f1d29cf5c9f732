"""The rich source as every target would have it on disk, compared with the trees in `golden/`.

`HARNESSSYNC_UPDATE_GOLDEN=1` writes them anew; the difference is then for the reviewer to read.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import FileOutput, KeyOutput, LinkOutput
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import AddElement, SetKey, Target

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("HARNESSSYNC_UPDATE_GOLDEN") == "1"  # read here: tests see none of our variables


def tree(target: Target, source: Source) -> dict[str, bytes]:
    """Files by path; a link as the text `-> source`; the losses as `losses.json`."""
    desired = desired_state([target], source)
    files: dict[str, bytes] = {}
    for wish in desired.wanted.values():
        output = wish.output
        if isinstance(output, FileOutput):
            files[output.path] = output.content
        elif isinstance(output, LinkOutput):
            files[output.path] = f"-> {output.source}\n".encode()
        else:
            edit = (SetKey if isinstance(output, KeyOutput) else AddElement)(output.pointer, output.value)
            before = files.get(output.path, FORMATS[output.format].empty)
            files[output.path] = FORMATS[output.format].edit(before, [edit])
    losses = [f"{'SECURITY ' if loss.security else ''}{loss.item}: {loss.what}: {loss.why}" for loss in desired.losses]
    files["losses.json"] = (json.dumps(losses, indent=2, ensure_ascii=False) + "\n").encode()
    return files


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.id)
def test_the_tree_of_a_target_is_the_golden_one(target: Target, rich: Source) -> None:
    """Every byte of every file, every link, every loss."""
    assert_golden(target, rich, Path(rich.scope.value))


def assert_golden(target: Target, source: Source, name: Path) -> None:
    """Is the tree of a source the one that is kept for the target by this name?"""
    folder = GOLDEN / target.id / name
    actual = tree(target, source)
    if UPDATE:
        shutil.rmtree(folder, ignore_errors=True)
        for path, content in actual.items():
            place = folder / _stored(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    stored = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert {_stored(path): content for path, content in actual.items()} == stored


def _stored(path: str) -> str:
    """Folders that begin with a dot stand as `dot-…`, so that no harness takes a golden tree for its own."""
    return "/".join(f"dot-{part[1:]}" if part.startswith(".") else part for part in path.split("/")) + ".golden"
