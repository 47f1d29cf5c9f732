"""The check that generated documents are true."""

from __future__ import annotations

from pathlib import Path

import pytest

import generated


@pytest.fixture(autouse=True)
def one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that is printed by a module which everybody has."""
    monkeypatch.setattr(generated, "DOCUMENTS", {"zen.txt": ("-m", "this")})


def test_a_document_that_differs_is_told_and_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check only looks; the message says how to mend it."""
    (tmp_path / "zen.txt").write_text("Ugly is better than beautiful.\n")
    assert generated.main(tmp_path, write=False) == 1
    assert "Run make generate" in capsys.readouterr().out
    assert (tmp_path / "zen.txt").read_text() == "Ugly is better than beautiful.\n"


def test_a_document_that_is_missing_is_not_true(tmp_path: Path) -> None:
    """A document that nobody committed can't be read by anybody."""
    assert generated.main(tmp_path, write=False) == 1


def test_a_document_that_was_printed_anew_is_true(tmp_path: Path) -> None:
    """After --write the check has nothing to say."""
    assert generated.main(tmp_path, write=True) == 0
    assert generated.main(tmp_path, write=False) == 0
    assert "Simple is better than complex." in (tmp_path / "zen.txt").read_text()
