"""The tools with which programs are asked: these tests need none of the programs."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harnesses import comparison, install, stub_mcp
from harnesses.asking import HARNESSES
from harnesses.comparison import Losses
from harnesses.configuration import write
from harnesses.expected import Expected, Server, front_matter, of_project
from harnesses.scratch import Scratch
from harnesses.seen import Seen, from_json, to_json
from harnesses.seen import Server as Arrived
from harnesses.stub_model import Model, text_of, tools_of
from harnesssync_adapters import TARGETS


def test_a_scratch_leaves_the_originals_alone_and_knows_loaded_files_again(tmp_path: Path) -> None:
    """Marks are in the copies only; a link between project and home leads from copy to copy."""
    project, home = tmp_path / "project", tmp_path / "home"
    write(project / "CLAUDE.md", "Text.\n")
    (project / "AGENTS.md").symlink_to("CLAUDE.md")
    write(home / "skill" / "SKILL.md", "Skill.\n")
    (project / "linked").symlink_to(home / "skill")

    scratch = Scratch(project, home, tmp_path / "scratch")

    assert (project / "CLAUDE.md").read_text() == "Text.\n"
    loaded = (scratch.project / "AGENTS.md").read_text() * 2
    assert scratch.loaded(loaded) == {"CLAUDE.md": 2}
    assert scratch.told(loaded) == "Text.\nText.\n"
    assert scratch.shown(scratch.project / "linked" / "SKILL.md") == "~/skill/SKILL.md"


def test_the_model_keeps_what_it_is_asked() -> None:
    """A request arrives whole, with its tools, those in a namespace too."""
    body = {"model": "stub", "input": ["hello"], "tools": [{"name": "mcp__a", "tools": [{"name": "one"}]}]}
    with Model() as model:
        connection = http.client.HTTPConnection("127.0.0.1", model.server_address[1], timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/responses", json.dumps(body))
            answer = json.load(connection.getresponse())
    assert "OK" in text_of(answer)
    assert model.requests == [body]
    assert [name for name, _ in tools_of(body)] == ["mcp__a/one"]


def test_the_model_calls_a_tool_once_it_is_offered() -> None:
    """And answers as ever before and afterwards."""
    bodies = [{"model": "stub"}] + 2 * [
        {"model": "stub", "tools": [{"type": "function", "function": {"name": "read"}}]}
    ]
    with Model() as model:
        model.wish = ("read", {"name": "a"})
        connection = http.client.HTTPConnection("127.0.0.1", model.server_address[1], timeout=10)
        reasons = []
        with contextlib.closing(connection):
            for body in bodies:
                connection.request("POST", "/v1/chat/completions", json.dumps(body))
                choice = json.load(connection.getresponse())["choices"][0]
                reasons.append(choice["finish_reason"])
    assert reasons == ["stop", "tool_calls", "stop"]


def test_a_stand_in_writes_down_how_it_was_started(tmp_path: Path) -> None:
    """Arguments as they are, empty ones too, and the environment."""
    log = tmp_path / "log"
    result = subprocess.run(
        [sys.executable, "-IS", stub_mcp.__file__, str(log), "server", "name", "--flag", ""],
        input=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={"ONE": "1"},
    )
    (record,) = stub_mcp.read_log(log)
    assert record["argv"] == ["name", "--flag", ""]
    assert record["environment"]["ONE"] == "1"
    assert json.loads(result.stdout)["result"]["tools"][0]["name"] == stub_mcp.TOOL + record["ident"]


def test_front_matter_is_read_with_quotes_folds_and_lists() -> None:
    """As ordinary files have it."""
    text = '---\nname: "a: b"\ndescription: >\n  one\n  two\ntools:\n  - "Read"\n  - Grep\n---\n\nText.\n'
    assert front_matter(text) == ({"name": "a: b", "description": "one two", "tools": "Read, Grep"}, "\nText.\n")


def test_a_view_survives_its_way_through_json() -> None:
    """The process that asks hands the view over as JSON."""
    seen = Seen(harness="codex", version="1", servers=(Arrived(name="a", tool="t", arguments=("", "b")),), hooks=("x",))
    assert from_json(json.loads(json.dumps(to_json(seen)))) == seen


@pytest.mark.parametrize(
    ("arrived", "difference"),
    [
        (Arrived(name="a", tool="t", command="run", arguments=("1",), environment={"K": "v"}), None),
        (Arrived(name="a", tool="t", command="run", arguments=("2",), environment={"K": "v"}), "arguments"),
        (Arrived(name="a", tool="t", command="run", arguments=("1",), environment={"K": "w"}), "env K='w'"),
        (Arrived(name="a", tool="t", command="run", arguments=("1",)), "lacks env K"),
        (Arrived(name="b", tool="t", command="run"), "server b is not in the source"),
        (None, "does not arrive"),
    ],
)
def test_every_difference_of_a_server_is_found(arrived: Arrived | None, difference: str | None) -> None:
    """A comparison that finds nothing is worth something only if it finds what is there."""
    wanted = Server(name="a", transport="stdio", command="run", arguments=("1",), environment={"K": "v"})
    seen = Seen(harness="codex", version="1", servers=() if arrived is None else (arrived,))
    found = list(comparison.servers(Expected(servers=(wanted,)), seen, Losses(())))
    assert found == [] if difference is None else any(difference in one for one in found)


def test_a_declared_loss_excuses_absence_but_no_wrong_value() -> None:
    """What is declared as left out may be absent, not different."""
    wanted = Server(name="a", transport="stdio", command="run", environment={"K": "v"})
    losses = Losses(({"target": "codex", "item": "mcp_server a", "what": "env K=v"},))
    for environment, expected in (({}, 0), ({"K": "w"}, 1)):
        arrived = Arrived(name="a", tool="t", command="run", environment=environment)
        seen = Seen(harness="codex", version="1", servers=(arrived,))
        assert len(list(comparison.servers(Expected(servers=(wanted,)), seen, losses))) == expected


def test_a_line_that_is_told_twice_is_found(tmp_path: Path) -> None:
    """Instructions that a program loads by two ways are in its request twice."""
    write(tmp_path / "CLAUDE.md", "Signals fail to red.\n")
    seen = Seen(harness="codex", version="1", prompts=("Signals fail to red. Signals fail\nto red.",))
    (found,) = comparison.rules(of_project(tmp_path, tmp_path, {}), seen, Losses(()))
    assert "told 2 times" in found


def test_what_is_missing_for_the_programs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without npm, and without the programs, the installation fails and says what to do."""
    command = [sys.executable, install.__file__]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(install.VARIABLE, str(tmp_path))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "missing" in result.stderr
    assert install.install(tmp_path / "empty") == (
        f"npm is needed to install the programs, and is not on PATH. Install Node, or set {install.VARIABLE}."
    )


def test_the_guide_names_each_program_with_the_version_that_is_installed() -> None:
    """So that a new version of one of them can't be tried without being told."""
    guide = Path(__file__).parents[2] / "CONTRIBUTING.md"
    rows = re.findall(r"^\| ([\w ]+) \| ([\w.-]*\d[\w.-]*) \| ", guide.read_text("utf-8"), re.MULTILINE)
    packages = {name: install.PACKAGES[name][0] for name in HARNESSES}
    versions = {name: package.rpartition("@")[2].rpartition("==")[2] for name, package in packages.items()}
    assert {target.name: versions[target.id] for target in TARGETS if target.id in HARNESSES} == dict(rows)
