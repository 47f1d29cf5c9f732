"""Files of a person's into which ours go only if they are there, or in a form beside which ours do no harm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Run = Callable[..., Any]


def test_continue_gets_no_configuration_that_it_would_refuse(run: Run, worktree: Path, home: Path) -> None:
    """Servers go into one that is there, as long as it is: without a name and models it is none for Continue."""
    servers = {"files": {"command": "npx", "args": ["files"]}}
    (home / ".claude.json").write_text(json.dumps({"mcpServers": servers}))
    run("ctl", "add", "--user", "--target", "continue")
    config = home / ".continue" / "config.yaml"
    told = run("sync", "--user", "--verbose", cwd=worktree)
    assert (told.code, config.exists()) == (0, False)
    assert "make one with these, then sync again" in told.out

    config.parent.mkdir(exist_ok=True)
    config.write_text("name: mine\nversion: 0.0.1\nmodels: []\n")
    assert run("sync", "--user", cwd=worktree).code == 0
    assert [server["name"] for server in yaml.safe_load(config.read_text())["mcpServers"]] == ["files"]

    config.unlink()
    assert run("sync", "--user", cwd=worktree).code == 0
    assert not config.exists()


def test_openhands_still_runs_the_hooks_of_a_person_who_keeps_them_at_the_top(run: Run, worktree: Path) -> None:
    """Beside `hooks` it would read nothing else: ours wait, as a loss of security, until theirs are below it too."""
    group = {"matcher": "terminal", "hooks": [{"type": "command", "command": "mine"}]}
    guard = {"matcher": "Bash", "hooks": [{"type": "command", "command": "guard"}]}
    (worktree / ".claude" / "settings.json").write_text(json.dumps({"hooks": {"PreToolUse": [guard]}}))
    file = worktree / ".openhands" / "hooks.json"
    file.parent.mkdir()
    theirs = json.dumps({"pre_tool_use": [group]})
    file.write_text(theirs)
    run("ctl", "add", str(worktree), "--target", "openhands")
    told = run("sync", cwd=worktree)
    assert (told.code, file.read_text()) == (0, theirs)
    assert "put your events below `hooks`, and write PreToolUse for pre_tool_use" in told.out
    explained = json.loads(run("explain", str(file), "--json", cwd=worktree).out)
    assert ["condition"] == [part["withheld"]["reason"] for part in explained["parts"]]

    file.write_text(json.dumps({"hooks": {"PreToolUse": [group]}}))
    assert run("sync", cwd=worktree).code == 0
    commands = [each["hooks"][0]["command"] for each in json.loads(file.read_text())["hooks"]["PreToolUse"]]
    assert commands == ["mine", "guard"]

    file.write_text(theirs)
    assert run("sync", cwd=worktree).code == 0
    assert file.read_text() == theirs
