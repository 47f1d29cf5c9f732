"""What hooks run: the lines that targets get are given to a shell, in a repository."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.conftest import hook, source

from harnesssync_adapters import TARGETS
from harnesssync_adapters.shared.hook_commands import GIT_DIR, command_line
from harnesssync_orchestrator.core.desired import Desired, FileOutput
from harnesssync_orchestrator.core.items import Hook, Kind, Scope
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import Merge, Render, Target

PROJECT, USER = Scope.PROJECT, Scope.USER
WRITERS = [
    (target, scope)
    for target in TARGETS
    for scope in (PROJECT, USER)
    for support in [target.support(scope, Kind.HOOK)]
    if isinstance(support, (Merge, Render)) and (target.id, scope) != ("copilot", PROJECT)
]
EXPANDING = frozenset({"gemini", "qwen"})


def desired(target: Target, scope: Scope, *items: Hook) -> Desired:
    return desired_state([target], source(scope, *items))


def lines(result: Desired) -> Iterator[str]:
    """The lines for a shell in what is written. Auggie names the shell itself, and expands what has no backslash."""
    for wish in result.wanted.values():
        output = wish.output
        if isinstance(output, FileOutput):
            for entry in json.loads(output.content).get("hooks", ()):
                yield entry["action"]["command"]
            continue
        value = output.value  # type: ignore[union-attr]
        for handler in value.get("hooks", [value]):  # type: ignore[union-attr, list-item]
            args = handler.get("args")
            yield args[1].replace("\\${", "${") if args else handler["command"]


def run(line: str, folder: Path, *, knows: bool = True) -> subprocess.CompletedProcess[str]:
    """Run as the harnesses do: in the project, which is a repository, with the variables that they set, if any."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    names = ("CLAUDE_PROJECT_DIR", "OPENHANDS_PROJECT_DIR", "AUGMENT_PROJECT_DIR")
    known = {name: str(folder) for name in names if name in line}
    if "git rev-parse" in line or not knows:
        known = {}
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nowhere", **known}
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, input='{"a": 1}', capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("target", "scope"), WRITERS, ids=lambda one: getattr(one, "id", one))
def test_a_program_gets_its_arguments_as_they_are_written(target: Target, scope: Scope, tmp_path: Path) -> None:
    """In Claude Code no shell reads them: the harness's own must take none of it for its syntax."""
    folder = tmp_path / "a project's"
    folder.mkdir()
    odd = 'it\'s "odd" ; `x` (#)' + ("" if target.id in EXPANDING else " $HOME ${HOME} $CLAUDE_PROJECT_DIR")
    given = hook(scope, "PreToolUse", "", "touch", extra={"args": ["--", "${CLAUDE_PROJECT_DIR}/" + odd, "-x", "~"]})
    for line in lines(desired(target, scope, given)):
        assert run(line, folder).returncode == 0
        assert {one.name for one in folder.iterdir()} == {".git", odd, "-x", "~"}
        break
    else:
        pytest.fail("nothing is written")


@pytest.mark.parametrize(("target", "scope"), WRITERS, ids=lambda one: getattr(one, "id", one))
@pytest.mark.parametrize(
    "extra",
    [
        {"args": "guard.sh"},
        {"args": [1]},
        {"args": None},
        {"args": ["\0"]},
        {"if": "Bash(git *)"},
        {"shell": "powershell"},
    ],
    ids=repr,
)
def test_a_guard_that_would_run_otherwise_is_left_out(target: Target, scope: Scope, extra: dict[str, object]) -> None:
    """Rather than that a bare `sh` takes what it is told for a script, or that a condition is gone."""
    result = desired(target, scope, hook(scope, "PreToolUse", "", "sh", extra=extra))
    if target.id == "qwen" and "shell" in extra:
        ((wish),) = result.wanted.values()
        assert "powershell" in repr(wish.output)
        return
    assert result.wanted == {}
    assert [loss.security for loss in result.losses] == [True]


@pytest.mark.parametrize("target", [one for one in TARGETS if one.id in EXPANDING], ids=lambda one: one.id)
@pytest.mark.parametrize("argument", ["$HOME", "a${HOME}"])
def test_what_is_expanded_in_quotes_is_left_out(target: Target, argument: str) -> None:
    """These put variables in when they read their settings."""
    result = desired(target, PROJECT, hook(PROJECT, "PreToolUse", "", "touch", extra={"args": [argument]}))
    assert result.wanted == {}
    assert [loss.security for loss in result.losses] == [True]


@pytest.mark.parametrize("target", [one for one in TARGETS if one.id in ("copilot", "cursor", "windsurf")])
@pytest.mark.parametrize("name", ["args", "if"])
def test_who_reads_the_hook_itself_may_not_know_the_setting(target: Target, name: str) -> None:
    """Nothing is written there that could be left out."""
    result = desired(target, PROJECT, hook(PROJECT, "PreToolUse", "", "sh", extra={name: ["x"]}))
    assert [True] == [loss.security for loss in result.losses if loss.what.endswith(f": {name}")]


@pytest.mark.parametrize("program", ["exit", "A=b", "if", "."])
def test_what_a_shell_would_not_take_for_a_program_is_left_out(program: str) -> None:
    """Claude Code would look for a program of this name."""
    (codex,) = (target for target in TARGETS if target.id == "codex")
    result = desired(codex, PROJECT, hook(PROJECT, "PreToolUse", "", program, extra={"args": ["2"]}))
    assert result.wanted == {}
    assert [loss.security for loss in result.losses] == [True]


@pytest.mark.parametrize(("event", "written"), [("PreToolUse", False), ("SessionEnd", True)])
def test_nobody_heeds_what_a_guard_in_the_background_says(event: str, written: bool) -> None:
    """Elsewhere it would allow or forbid what it does not in Claude Code."""
    (codex,) = (target for target in TARGETS if target.id == "codex")
    result = desired(codex, PROJECT, hook(PROJECT, event, "", "x", timeout_s=1, extra={"async": True}))
    assert written == bool(result.wanted)
    assert [loss.what.rpartition(": ")[2] for loss in result.losses] == ["async"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('echo "$CLAUDE_PROJECT_DIR"', "{}"),
        ("echo \\$CLAUDE_PROJECT_DIR", "$CLAUDE_PROJECT_DIR"),
        ('echo "\\$CLAUDE_PROJECT_DIR"', "$CLAUDE_PROJECT_DIR"),
        ("echo '${CLAUDE_PROJECT_DIR}'", "${CLAUDE_PROJECT_DIR}"),
        ('echo "it\'s $CLAUDE_PROJECT_DIR"', "it's {}"),
        ("echo \"$(echo '$CLAUDE_PROJECT_DIR') $CLAUDE_PROJECT_DIR\"", "$CLAUDE_PROJECT_DIR {}"),
        ('# don\'t\necho "$CLAUDE_PROJECT_DIR"', "{}"),
        ("sh -c 'echo \"$CLAUDE_PROJECT_DIR\"'", "{}"),
        ('sh -c "echo \\"\\$CLAUDE_PROJECT_DIR\\""', "{}"),
        ('echo "${CLAUDE_PROJECT_DIR%/}/x"', "{}/x"),
        ("echo ${CLAUDE_PROJECT_DIR:-.}/x", "{}/x"),
        ('cd / && cd "${CLAUDE_PROJECT_DIR:?}" && pwd', "{}"),
        ("printenv CLAUDE_PROJECT_DIR", "{}"),
        ('echo "$CLAUDE_PROJECT_DIR" "${CLAUDE_PROJECT_DIR#}"', "{} {}"),
    ],
)
def test_what_is_text_for_the_shell_stays_text(command: str, expected: str, tmp_path: Path) -> None:
    """A shell that gets the text as its command finds the variable in its environment, as Claude Code's do."""
    line = command_line(hook(PROJECT, "Stop", "", command), GIT_DIR)
    done = run(line, tmp_path, knows=False)
    assert (done.stdout.strip(), done.stderr) == (expected.replace("{}", str(tmp_path)), "")


def test_an_argument_keeps_the_variable_without_braces() -> None:
    """Claude Code replaces it in braces alone where no shell is."""
    given = hook(PROJECT, "Stop", "", "x", extra={"args": ["$CLAUDE_PROJECT_DIR", ""]})
    known = f'CLAUDE_PROJECT_DIR="{GIT_DIR}"; export CLAUDE_PROJECT_DIR; '
    assert command_line(given, GIT_DIR) == known + "x '$CLAUDE_PROJECT_DIR' ''"
    assert command_line(given) == "x '$CLAUDE_PROJECT_DIR' ''"


def test_a_program_finds_the_variable_in_its_environment(tmp_path: Path) -> None:
    """Also where no shell has started it, and the variable is in no argument that is replaced."""
    given = hook(PROJECT, "Stop", "", "sh", extra={"args": ["-c", 'cd / && echo "${CLAUDE_PROJECT_DIR%/}/x"']})
    done = run(command_line(given, GIT_DIR), tmp_path, knows=False)
    assert (done.stdout.strip(), done.stderr) == (f"{tmp_path}/x", "")
