"""The write path in a Python for Windows, where one is at hand."""

from __future__ import annotations

import pytest
from tests.reliability import windows


@pytest.mark.slow
def test_the_write_path_keeps_its_word_on_windows() -> None:
    """By wine. `make sweep-windows` fetches what is needed, once; then this runs as well."""
    if (reason := windows.missing()) is not None:
        pytest.skip(reason)
    if not windows.is_installed():
        pytest.skip("Python for Windows is not there: make sweep-windows fetches it")
    done = windows.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
