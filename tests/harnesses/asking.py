"""Asking one harness, in a process of its own that has no network: `ask` from outside, `Asking` inside.

A harness is a module with one function `ask(asking: Asking) -> Seen`, entered in `HARNESSES`, and what it needs to be
installed, entered in `install.PACKAGES`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from harnesses import install, isolation, stub_mcp
from harnesses.scratch import Scratch
from harnesses.seen import Listed, Seen, Server, from_json, to_json
from harnesses.stub_model import Model, text_of, tools_of

HARNESSES = {
    "codex": "harnesses.codex",
    "gemini": "harnesses.gemini_cli",
    "opencode": "harnesses.opencode",
    "kimi": "harnesses.kimi",
    "qwen": "harnesses.qwen",
    "droid": "harnesses.droid",
    "kilo": "harnesses.opencode",
    "pi": "harnesses.pi",
    "copilot": "harnesses.copilot",
    "cline": "harnesses.cline",
    "continue": "harnesses.continue_dev",
    "vibe": "harnesses.vibe",
    "openhands": "harnesses.openhands",
    "aider": "harnesses.aider",
    "auggie": "harnesses.auggie",
    "amp": "harnesses.amp",
    "claude-code": "harnesses.claude_code",
}
"""The module of each harness, by the name that `harnesssync --target` takes."""

ALONE: frozenset[str] = frozenset({"claude-code"})
"""The one whose files are the source: what it is told is not what is written for others."""

HOOK = "stand-in-hook"
"""The program that hooks of the tests start."""

SECONDS = 120
"""What one command of a program may take: they start in one to ten seconds, and the machine may be busy."""

_LOOPBACK_URL = re.compile(r"https?://(?:127\.0\.0\.1|localhost):(\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_COMPLAINT = re.compile(
    r"loading error|validation failed|\binvalid\b|failed to (?:load|parse|start|connect)|\bskipp(?:ed|ing)\b"
    r"|not allowed|unrecogni[sz]ed|expected \w+,? (?:received|got)|unsupported|duplicate|conflict",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. `trusted`: in the harness's own sense. `directory`: where below the project the turn is taken.
    `call_commands`: also call each custom command once. `stand_ins`: names of programs that MCP servers start.
    `reads`: a file of the project that the model reads, in a turn of its own; of Qwen Code and Copilot alone.
    `hook`: the name of the program that hooks start. `environment`: what the program gets besides."""

    project: str
    home: str
    prefix: str
    trusted: bool = True
    directory: str = ""
    call_commands: bool = False
    reads: str = ""
    stand_ins: Sequence[str] = ()
    hook: str = HOOK
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that has ended. `output` is both streams, without colours."""

    status: int
    stdout: str
    output: str


def ask(harness: str, question: Question) -> Seen:
    """Ask the real program of a harness. Nothing is written into the project or the home of the question."""
    namespace = isolation.namespace_command()
    request = json.dumps({"harness": harness, "isolated": bool(namespace), "question": asdict(question)})
    command = [*namespace, sys.executable, "-m", "harnesses.asking"]
    with contextlib.nullcontext() if namespace else _alone():
        result = subprocess.run(
            command,
            input=request,
            capture_output=True,
            text=True,
            check=False,
            timeout=15 * SECONDS,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
        )
    if result.returncode != 0:
        raise RuntimeError(f"asking {harness} failed: {result.stderr[-4000:]}")
    return from_json(json.loads(result.stdout))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Without a namespace the stand-ins listen on the machine's own ports: one asks at a time."""
    with (Path(tempfile.gettempdir()) / "harnesses-asking.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Asking:
    """The tools with which a harness's module asks: its program, in copies, with a model and servers that stand in."""

    def __init__(self, harness: str, question: Question, folder: Path, *, isolated: bool) -> None:
        self.harness = harness
        self.question = question
        self.scratch = Scratch(Path(question.project), Path(question.home), folder)
        self.model = Model()
        self.errors: list[str] = []
        self._complaints: dict[str, None] = {}
        self._log = folder / "started.jsonl"
        self._calls: dict[str, dict[str, Any]] = {}
        stand_ins = folder / "bin"
        stand_ins.mkdir()
        for kind, names in (("server", question.stand_ins), ("hook", (question.hook,))):
            for name in names:
                self._stand_in(stand_ins / name, kind)
        temporary = folder / "tmp"
        temporary.mkdir()
        node = install.node_folder(Path(question.prefix))
        self.environment = {
            "HOME": str(self.scratch.home),
            "PATH": os.pathsep.join([str(stand_ins), str(node), os.environ["PATH"]]),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "NO_COLOR": "1",
            "USER": "tester",
            "SHELL": "/bin/sh",
            "DO_NOT_TRACK": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            **({} if isolated else isolation.proxy_to_nowhere()),
            **question.environment,
        }

    def run(self, *arguments: str, ok: Sequence[int] = (0,)) -> Finished:
        """Run the program with `arguments`. Another exit code than those in `ok` is one of `errors`."""
        program = install.program(Path(self.question.prefix), self.harness)
        # Files, and no pipes: OpenCode ends without waiting until all of its output has gone through one.
        with tempfile.TemporaryFile() as stdout_file, tempfile.TemporaryFile() as stderr_file:
            process = subprocess.Popen(
                [str(program), *arguments],
                cwd=self.scratch.project / self.question.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,  # an open one is waited for: it might hold more of the prompt
                stdout=stdout_file,
                stderr=stderr_file,
                start_new_session=True,
            )
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                self.errors.append(f"{' '.join(arguments[-3:])}: no end within {SECONDS} s")
            stdout, stderr = map(_content, (stdout_file, stderr_file))
        output = f"{stdout}\n{stderr}"
        if process.returncode not in ok:
            told = self.scratch.told(output).strip()[-1500:]
            self.errors.append(f"{' '.join(arguments[-3:])}: exit code {process.returncode}: {told}")
        for line in map(str.strip, self.scratch.told(output).splitlines()):
            # A line of JSON is no complaint, and that there is no terminal is no fault of the configuration.
            if _COMPLAINT.search(line) and len(line) < 600 and line[:1] not in '{["' and "terminal" not in line:
                self._complaints.setdefault(line)
        return Finished(status=process.returncode, stdout=stdout, output=output)

    def git(self, *arguments: str) -> None:
        """Run git in the copy of the project. Raises CalledProcessError."""
        command = ["git", *arguments]
        subprocess.run(command, cwd=self.scratch.project, env=self.environment, check=True, capture_output=True)

    def turn(self, *arguments: str, ok: Sequence[int] = (0,)) -> tuple[dict[str, Any], ...]:
        """Run the program once, with `arguments` that make it ask the model; the requests that the model got."""
        before = len(self.model.requests)
        self.run(*arguments, ok=ok)
        return tuple(self.model.requests[before:])

    def shown_by_tool(self, tool: str, tool_arguments: Mapping[str, Any], *arguments: str) -> str:
        """Run the program with `arguments` that make it ask the model, which calls a tool; what the model is shown
        with the result of that."""
        self.model.wish = (tool, tool_arguments)
        requests = self.turn(*arguments)
        if self.model.wish is not None:
            self.model.wish = None
            self.errors.append(f"the model was not offered the tool {tool}")
        return self.told("\n".join(map(text_of, requests[1:])))

    def hooks_run(self, *, since: int = 0) -> tuple[str, ...]:
        """The arguments of each run of the stand-in for hooks, without the first `since` runs of any stand-in."""
        records = stub_mcp.read_log(self._log)[since:]
        return tuple(" ".join(record["argv"][1:]) for record in records if record["kind"] == "hook")

    @property
    def started(self) -> int:
        """How many stand-ins have been started up to now."""
        return len(stub_mcp.read_log(self._log))

    def servers(self, server_of: Callable[[str], str], told: Iterable[str] = ()) -> tuple[Server, ...]:
        """The servers that were reached and whose tool the model was offered; `server_of` takes the tool's name,
        without its last part, for the server's. `told` are tools that it was offered in words alone."""
        tools = {name for request in self.model.requests for name, _ in tools_of(request)} | set(told)
        started = {
            record["ident"]: {
                "command": record["argv"][0],
                "arguments": tuple(record["argv"][1:]),
                "environment": record["environment"],
            }
            for record in stub_mcp.read_log(self._log)
            if record["kind"] == "server"
        }
        found: dict[tuple[str, str], Server] = {}
        for ident, facts in {**started, **self._calls}.items():
            for tool in sorted(tools):
                if tool.endswith(stub_mcp.TOOL + ident):
                    name = server_of(tool.removesuffix(stub_mcp.TOOL + ident))
                    how = str([facts.get(key) for key in ("command", "arguments", "url")])
                    found[name, how] = Server(name=name, tool=tool, **facts)
        return tuple(found[key] for key in sorted(found))

    def skill(self, row: Mapping[str, Any]) -> Listed:
        """A skill as Codex and Copilot list it."""
        return Listed(
            name=row["name"],
            description=self.told(row.get("description")),
            file=self.scratch.shown(row["path"]),
            settings={"enabled": row.get("enabled")},
        )

    def told(self, text: str | None) -> str:
        return self.scratch.told(text or "")

    def seen(self, requests: Sequence[Mapping[str, Any]], **members: Any) -> Seen:
        """The result: what the requests of the main turn show, and `members`."""
        texts = [text_of(request) for request in requests]
        rules: dict[str, int] = {}
        for text in texts:
            for file, times in self.scratch.loaded(text).items():
                rules[file] = max(times, rules.get(file, 0))
        return Seen(
            harness=self.harness,
            version=install.version(Path(self.question.prefix), self.harness),
            rules=rules,
            prompts=tuple(map(self.scratch.told, texts)),
            warnings=tuple(self._complaints),
            errors=tuple(self.errors),
            **members,
        )

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Let the model and the MCP servers of the configuration answer."""
        texts = "\n".join(self.scratch.configuration_texts())
        with contextlib.ExitStack() as servers:
            servers.enter_context(self.model)
            for port in sorted({int(port) for port in _LOOPBACK_URL.findall(texts)}):
                servers.enter_context(stub_mcp.server(port, self._calls))
            yield

    def _stand_in(self, path: Path, kind: str) -> None:
        program = [sys.executable, "-IS", stub_mcp.__file__, str(self._log), kind, path.name]
        path.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
        path.chmod(0o755)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return _COLOUR.sub("", file.read().decode("utf-8", "replace"))


def main() -> None:
    """Answer the question on standard input, on standard output."""
    request = json.load(sys.stdin)
    if request["isolated"]:
        isolation.raise_loopback()
    module = importlib.import_module(HARNESSES[request["harness"]])
    with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as folder:
        question = Question(**request["question"])
        asking = Asking(request["harness"], question, Path(folder).resolve(), isolated=request["isolated"])
        with asking.serving():
            json.dump(to_json(module.ask(asking)), sys.stdout)


if __name__ == "__main__":
    main()
