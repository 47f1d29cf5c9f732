"""The settings in README.md: whoever copies them gets settings that work."""

from __future__ import annotations

import re
from pathlib import Path

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator import config

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_settings_that_are_shown_can_be_copied(tmp_path: Path) -> None:
    """As a whole: a table that stood there twice would be no TOML."""
    [example] = re.findall(r"^```toml\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    path = tmp_path / "config.toml"
    path.write_text(example, "utf-8")
    settings = config.load(path, targets=[target.id for target in TARGETS])
    assert settings.worktrees.inherits == {"skills", "rules"}
