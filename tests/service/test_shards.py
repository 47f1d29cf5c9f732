"""What is lost with a folder, of all that several watchers hold."""

from __future__ import annotations

import pytest

from harnesssync_orchestrator.service.shards import COMPARED, in_or_below

FOLDERS = {"/a", "/a/b", "/a/b/c", "/a-b", "/a.b/c", "/ab", "/b/a"}


@pytest.mark.parametrize("more", [0, COMPARED + 1], ids=["few", "many"])
@pytest.mark.parametrize(
    ("lost", "found"),
    [
        ((), set()),
        (("/a",), {"/a", "/a/b", "/a/b/c"}),
        (("/a/b",), {"/a/b", "/a/b/c"}),
        (("/a/b", "/a", "/b"), {"/a", "/a/b", "/a/b/c", "/b/a"}),
        (("/a.b", "/a-b/c"), {"/a.b/c"}),
    ],
)
def test_with_a_folder_goes_what_is_below_it(lost: tuple[str, ...], found: set[str], more: int) -> None:
    """And nothing whose name only begins like that, however many are lost."""
    others = [f"/a{number}/x" for number in range(more)]
    assert in_or_below(FOLDERS | set(others), (*lost, *others)) == found | set(others)
