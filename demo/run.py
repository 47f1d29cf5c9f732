"""Show harnesssync-orchestrator at work: `make run`, and `make run PROJECT=/path/to/worktree`.

Without PROJECT, everything happens in a temporary folder that is removed at the end: two made-up repositories, a second
worktree of each, a home directory of its own. Nothing of yours is read or written.

With PROJECT, the plan for that worktree is shown first, and nothing is written before you agree; `YES=1` agrees where
nobody can be asked. `TARGETS="codex gemini"` chooses the harnesses, which otherwise are those found to be in use.

Exit codes: 0 all went well, 1 something failed (the message says what), 2 PROJECT is wrong or nobody agreed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
DEMO = Path(__file__).resolve().parent
TARGETS = ("codex", "gemini", "opencode")
PATIENCE = 30.0  # seconds to wait for anything, on a slow machine under load

FOREIGN_VARIABLES = ("CLAUDE", "CODEX_", "GEMINI_", "GIT_", "HARNESS", "OPENCODE", "XDG_")
"""Prefixes of variables that would lead the demonstration out of its folder."""

NEW_RULE = "\nA refund is a payment with a negative amount: it takes the same path, and the same rounding.\n"
NEW_SKILL = """---
name: cancel-a-crossing
description: Cancels a crossing when the wind says so, and tells everybody who holds a ticket.
---
# Cancel a crossing

Move passengers to the next crossing with room first, in the order in which they booked. Refund only who asks for it.
"""


class DemoError(Exception):
    """Something did not go as it should; the message is for the person who watches."""


class NotAgreedError(Exception):
    """The person said no, could not be asked, or named a folder that is none."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """An environment to run the two commands in."""

    environment: Mapping[str, str]
    folder: Path

    def harnesssync(self, *arguments: str) -> str:
        """Run the client and return what it prints. Raises `DemoError` with its message when it fails."""
        return self.run(str(PROGRAMS / "harnesssync"), *arguments)

    def git(self, *arguments: str, cwd: Path) -> str:
        return self.run("git", *arguments, cwd=cwd)

    def run(self, *command: str, cwd: Path | None = None) -> str:
        result = subprocess.run(
            command, cwd=cwd or self.folder, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            said = (result.stderr + result.stdout).strip()
            name = " ".join([Path(command[0]).name, *command[1:]])
            raise DemoError(f"`{name}` ended with exit code {result.returncode}:\n{said}")
        return result.stdout

    def answers(self) -> bool:
        """Whether a supervisor answers."""
        ping = [str(PROGRAMS / "harnesssync"), "ctl", "ping"]
        return subprocess.run(ping, env=dict(self.environment), capture_output=True, check=False).returncode == 0


def main() -> int:
    try:
        project = os.environ.get("PROJECT", "")
        if project:
            work_on(Path(project).expanduser())
        else:
            demonstrate()
    except NotAgreedError as error:
        print(error, file=sys.stderr)
        return 2
    except DemoError as error:
        print(f"\nThis should have worked, and did not: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; stopped and cleaned up.", file=sys.stderr)
        return 130
    return 0


# --- the demonstration ------------------------------------------------------------------------------------------------


def demonstrate() -> None:
    """Two repositories, two worktrees each, three harnesses, one supervisor; all in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="hs-demo-") as name:
        folder = Path(name).resolve()
        workplace = Workplace(isolated_environment(folder), folder)

        title("Two made-up repositories, each with a second worktree for a second agent")
        worktrees = lay_out(workplace)
        for worktree in worktrees:
            say(f"{worktree.relative_to(folder)}: {summary(worktree)}")

        title(f"Register them, for {', '.join(TARGETS)}")
        options = target_options(TARGETS)
        command("for worktree in *; do", "harnesssync ctl add $worktree", *options, "; done")
        for worktree in worktrees:
            workplace.harnesssync("ctl", "add", str(worktree), *options)

        title("Start the supervisor, and let it catch up")
        command("harnesssync-orchestrator", "serve")
        with supervisor(workplace) as process:
            command("harnesssync", "ctl", "sync", "--all", "--wait")
            workplace.harnesssync("ctl", "sync", "--all", "--wait")
            command("harnesssync", "ctl", "status", "--all")
            quote(workplace.harnesssync("ctl", "status", "--all"))

            first, second = worktrees[0], worktrees[1]
            title("What the other harnesses now see in the first worktree")
            glimpse(workplace, first)

            title("Change the source: everything else follows")
            follow_changes(first, untouched=second)

            title("Stop")
            stop(process)
            say("The supervisor finished what it had in hand and ended with exit code 0.")
    print("\nNow with a worktree of yours; it shows its plan and asks first: make run PROJECT=/path/to/worktree")


def isolated_environment(folder: Path) -> dict[str, str]:
    """The environment without anything of the user's: a home directory of its own, and a git without settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)}
    home = folder / "home"
    home.mkdir()
    return kept | {
        "HOME": str(home),
        "HARNESSSYNC_HOME": str(home / ".harnesssync"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "Demo",
        "GIT_AUTHOR_EMAIL": "demo@example.invalid",
        "GIT_COMMITTER_NAME": "Demo",
        "GIT_COMMITTER_EMAIL": "demo@example.invalid",
    }


def lay_out(workplace: Workplace) -> list[Path]:
    """Make each repository with its first commit, and a linked worktree beside it. Returns all worktrees."""
    worktrees: list[Path] = []
    for content in sorted((DEMO / "projects").iterdir()):
        repository = workplace.folder / content.name
        shutil.copytree(content, repository)
        workplace.git("init", "--quiet", "--initial-branch=main", cwd=repository)
        workplace.git("add", "--all", cwd=repository)
        workplace.git("commit", "--quiet", "--message", "Begin", cwd=repository)
        second = workplace.folder / f"{content.name}-second-agent"
        workplace.git("worktree", "add", "--quiet", "-b", "second-agent", str(second), cwd=repository)
        worktrees += [repository, second]
    # The richest first: it is the one that the rest of the demonstration looks at.
    return sorted(worktrees, key=lambda path: (not path.name.startswith("tidewater"), path.name))


def summary(worktree: Path) -> str:
    claude = worktree / ".claude"
    counts = {
        "rules": len(list(claude.glob("rules/**/*.md"))) + 1,
        "skills": len(list(claude.glob("skills/*/SKILL.md"))),
        "agents": len(list(claude.glob("agents/**/*.md"))),
        "commands": len(list(claude.glob("commands/**/*.md"))),
    }
    told = [f"{count} {kind.removesuffix('s') if count == 1 else kind}" for kind, count in counts.items()]
    return ", ".join([*told, "MCP servers, permissions, hooks"])


def glimpse(workplace: Workplace, worktree: Path) -> None:
    """A look at a few of the outputs, as the harnesses that read them would find them."""
    say("All three read the skills; each is linked once, by its folder:")
    skills = worktree / ".agents" / "skills"
    require(skills.is_dir(), f"{skills} was not made")
    links = sorted(entry for entry in skills.iterdir() if entry.is_symlink())
    quote("\n".join(f"{link.name} -> {link.readlink()}" for link in links))
    say("Codex reads MCP servers from .codex/config.toml; secrets stay names of variables:")
    config = worktree / ".codex" / "config.toml"
    require(config.is_file(), f"{config} was not made")
    quote("\n".join(config.read_text("utf-8").splitlines()[:12]))
    say("And git has nothing to say about any of it:")
    command("git", "status", "--short")
    quote(workplace.git("status", "--short", cwd=worktree) or "(nothing)")


def follow_changes(worktree: Path, *, untouched: Path) -> None:
    """Change a rule and add a skill; tell how long each takes to arrive, and that the other worktree stays as it is."""
    before = fingerprint(untouched)

    rule = worktree / ".claude" / "rules" / "money.md"
    rendered = worktree / "AGENTS.md"
    started = time.monotonic()
    rule.write_text(rule.read_text("utf-8") + NEW_RULE, "utf-8")
    wait_until(lambda: NEW_RULE.strip() in rendered.read_text("utf-8"), "the changed rule in AGENTS.md")
    say(f"A rule changed: in AGENTS.md after {since(started)}.")

    skill = worktree / ".claude" / "skills" / "cancel-a-crossing"
    linked = worktree / ".agents" / "skills" / "cancel-a-crossing" / "SKILL.md"
    started = time.monotonic()
    skill.mkdir()
    (skill / "SKILL.md").write_text(NEW_SKILL, "utf-8")
    wait_until(linked.is_file, "the new skill in .agents/skills")
    say(f"A skill added: in .agents/skills after {since(started)}.")

    started = time.monotonic()
    shutil.rmtree(skill)
    wait_until(lambda: not linked.parent.is_symlink(), "the removal of the deleted skill's link")
    say(f"The skill deleted: gone from .agents/skills after {since(started)}.")

    require(fingerprint(untouched) == before, f"something in {untouched} changed as well")
    say("Meanwhile not one file of the second agent's worktree was touched.")


def fingerprint(folder: Path) -> dict[str, tuple[int, int]]:
    """Every path below a folder with the size and the time of its last change, in nanoseconds."""
    stats = {path: path.lstat() for path in folder.rglob("*")}
    return {str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


# --- a worktree of the user's -----------------------------------------------------------------------------------------


def work_on(project: Path) -> None:
    """Show the plan for a worktree, ask, then register it and keep it in step with the user's own settings."""
    if not project.is_dir():
        raise NotAgreedError(f"PROJECT={project}: there is no such folder.")
    project = project.resolve()
    workplace = Workplace(os.environ.copy(), project)
    options = target_options(os.environ.get("TARGETS", "").split())

    title(f"What would be written in {project}")
    command("harnesssync", "diff", "--project", str(project), *options)
    shown = subprocess.run(
        [PROGRAMS / "harnesssync", "diff", "--project", project, *options],
        cwd=project,
        env=dict(workplace.environment),
        check=False,
    )
    # 1 says that there is something to do; that is no failure.
    require(shown.returncode in {0, 1}, f"the plan could not be made (exit code {shown.returncode})")
    require_agreement(f"Register {project}, and write this?")

    command("harnesssync", "ctl", "add", str(project), *options)
    workplace.harnesssync("ctl", "add", str(project), *options)
    if workplace.answers():
        say("A supervisor is running already, and takes it from here.")
        bring_in_step(workplace, project)
        return
    command("harnesssync-orchestrator", "serve")
    with supervisor(workplace) as process:
        bring_in_step(workplace, project)
        if sys.stdin.isatty():
            say("It goes on keeping this worktree in step until you press Ctrl-C.")
            wait_for_interrupt(process)
        stop(process)
    say("Stopped. To go on with it: harnesssync-orchestrator serve. To forget it: harnesssync ctl remove.")


def target_options(targets: Sequence[str]) -> list[str]:
    return [option for target in targets for option in ("--target", target)]


def bring_in_step(workplace: Workplace, project: Path) -> None:
    workplace.harnesssync("ctl", "--project", str(project), "sync", "--wait")
    # Of this worktree alone: how others of theirs stand is no failure of this one.
    command("harnesssync", "ctl", "status", "--project", str(project))
    quote(workplace.harnesssync("ctl", "status", "--project", str(project)))


def require_agreement(question: str) -> None:
    if os.environ.get("YES") == "1":
        return
    if not sys.stdin.isatty():
        raise NotAgreedError("Nobody can be asked here, so nothing was written. YES=1 agrees in advance.")
    try:
        answer = input(f"\n{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in {"y", "yes"}:
        raise NotAgreedError("Nothing was written.")


def wait_for_interrupt(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait()
    except KeyboardInterrupt:
        print()
        return
    raise DemoError(f"the supervisor ended by itself with exit code {process.returncode}")


# --- the supervisor ---------------------------------------------------------------------------------------------------


@contextmanager
def supervisor(workplace: Workplace) -> Generator[subprocess.Popen[bytes], None, None]:
    """A supervisor that answers, for as long as the block lasts. Its log is shown when something fails."""
    with tempfile.TemporaryFile() as log:
        # In a process group of its own: Ctrl-C is for us, and we stop it in order.
        process = subprocess.Popen(
            [PROGRAMS / "harnesssync-orchestrator", "serve"],
            cwd=workplace.folder,
            env=dict(workplace.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_until(
                lambda: process.poll() is not None or workplace.answers(), "the supervisor's answer to `ctl ping`"
            )
            require(process.poll() is None, f"the supervisor ended at once, with exit code {process.returncode}")
            yield process
        except DemoError as error:
            log.seek(0)
            lines = log.read().decode("utf-8", "replace").splitlines()
            raise DemoError("\n".join([str(error), "The last that the supervisor logged:", *lines[-15:]])) from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the supervisor to end, as systemd or Ctrl-C would, and insist that it does so in order."""
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise DemoError(f"the supervisor did not stop within {PATIENCE:.0f} s of SIGTERM") from None
    require(code == 0, f"the supervisor ended with exit code {code} after SIGTERM")


# --- telling and waiting ----------------------------------------------------------------------------------------------


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise DemoError(f"waited {PATIENCE:.0f} s in vain for {what}")
        time.sleep(0.005)


def require(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as the sentence that it is
    if not condition:
        raise DemoError(otherwise)


def since(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def title(text: str) -> None:
    print(f"\n{styled('1', text)}", flush=True)


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def command(*words: str) -> None:
    print(styled("2", f"  $ {' '.join(words)}"), flush=True)


def quote(text: str) -> None:
    for line in text.rstrip("\n").splitlines():
        print(f"    {line}", flush=True)


def styled(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


if __name__ == "__main__":
    sys.exit(main())
