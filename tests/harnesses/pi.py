"""Pi: `get_commands` of its RPC mode, and turns of `-p`. Observed with 0.73.1."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harnesses import install
from harnesses.asking import Asking
from harnesses.seen import CALLED_WITH, Listed, Seen
from harnesses.stub_model import text_of

_MODEL = ("--provider", "stub", "--model", "stub", "--no-session")


def ask(asking: Asking) -> Seen:
    models = asking.scratch.home / ".pi" / "agent" / "models.json"
    models.parent.mkdir(parents=True, exist_ok=True)
    stub = {
        "baseUrl": f"{asking.model.url}/v1",
        "api": "openai-completions",
        "apiKey": "none",
        "models": [{"id": "stub"}],
    }
    models.write_text(json.dumps({"providers": {"stub": stub}}))
    asking.environment |= {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"}
    listed = _commands(asking)
    requests = asking.turn(*_MODEL, "-p", "hello")
    commands = tuple(_listed(asking, one) for one in listed if one["source"] == "prompt")
    called = {}
    if asking.question.call_commands:
        for command in commands:
            turn = asking.turn(*_MODEL, "-p", f"/{command.name} {CALLED_WITH}")
            called[command.name] = asking.told("\n".join(map(text_of, turn)))
    return asking.seen(
        requests,
        skills=tuple(_listed(asking, one) for one in listed if one["source"] == "skill"),
        commands=commands,
        called=called,
    )


def _commands(asking: Asking) -> list[dict[str, Any]]:
    """What can be called with a slash: prompts, and skills."""
    program = install.program(Path(asking.question.prefix), asking.harness)
    with subprocess.Popen(
        [str(program), "--mode", "rpc", *_MODEL],
        cwd=asking.scratch.project / asking.question.directory,
        env=asking.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps({"id": "1", "type": "get_commands"}), file=process.stdin, flush=True)
        answers = (one for one in map(json.loads, process.stdout) if one.get("command") == "get_commands")
        answer: dict[str, Any] = next(answers, {})
        process.terminate()
    if not answer.get("success"):
        asking.errors.append(f"get_commands: {answer or 'it ended'}")
    return list(answer.get("data", {}).get("commands", []))


def _listed(asking: Asking, entry: Mapping[str, Any]) -> Listed:
    return Listed(
        name=entry["name"].removeprefix("skill:"),
        description=asking.told(entry.get("description")),
        file=asking.scratch.shown(entry["sourceInfo"]["path"]),
    )
