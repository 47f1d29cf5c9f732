"""The sweep `hostile`: the real `sync`, for all targets, over trees that somebody made to harm.

Home and a second project are full of precious files with a canary in each. After every case: all of that is byte for
byte as it was, no canary is in anything that was written, told or kept, nothing took longer than five seconds, what
nobody trusted is nowhere, credentials are only where git does not see them, and the good items came all the same.

    PYTHONPATH=. python tests/reliability/hostile.py [--case NAME] [--every N] [--list]
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tests.reliability import injection
from tests.reliability.hostile_cases import EVIL, GOOD, SECRET, Case, Ground, cases
from tests.reliability.injection import Ran, Runner
from tests.reliability.sweeping import record

CANARY = "3f9c-canary"
LONGEST_S = 5.0
LEAST = 120
_LONGEST_PATH = 3500
_READ_WHOLE = 8 * 1024 * 1024
_MERGED = frozenset({".codex/config.toml", ".codex/hooks.json", ".gemini/settings.json", ".opencode/opencode.json"})
_TARGETS = ("--target=codex", "--target=gemini", "--target=opencode")
_COMMANDS = (
    ("sync", "--json", *_TARGETS),
    ("sync", "--verbose", *_TARGETS),
    ("diff", "--verbose"),
    ("status", "--json"),
)

PRECIOUS: Mapping[str, str] = {
    ".ssh/id_rsa": "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n",
    ".ssh/SKILL.md": "---\nname: x\ndescription: {}\n---\n{}\n",
    ".aws/credentials": "[default]\naws_secret_access_key = {}\n",
    ".netrc": "machine example.invalid password {}\n",
    ".bashrc": "# {}\n",
    ".gitconfig": "# {}\n",
    ".claude.json": '{{"history": "{}"}}',
    ".claude/settings.json": '{{"apiKeyHelper": "{}"}}',
    ".claude/CLAUDE.md": "{}\n",
    ".codex/config.toml": "# {}\n",
    ".codex/auth.json": '{{"key": "{}"}}',
    ".gemini/settings.json": '{{"theme": "{}"}}',
    ".config/opencode/opencode.json": '{{"theme": "{}"}}',
    "notes/SKILL.md": "---\nname: x\ndescription: {}\n---\n{}\n",
    "notes/CLAUDE.md": "{}\n",
    "notes/settings.json": '{{"env": {{"A": "{}"}}, "permissions": {{"deny": ["Read({})"]}}}}',
    "notes/mcp.json": '{{"mcpServers": {{"s": {{"command": "{}"}}}}}}',
}
SIBLING: Mapping[str, str] = {
    ".env": "TOKEN={}\n",
    ".claude/SKILL.md": "---\nname: x\ndescription: {}\n---\n{}\n",
    ".claude/settings.local.json": '{{"env": {{"A": "{}"}}}}',
    ".claude/skills/theirs/SKILL.md": "---\nname: theirs\ndescription: {}\n---\n{}\n",
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/worktrees/linked/HEAD": "ref: refs/heads/linked\n",
    ".git/worktrees/linked/commondir": "../..\n",
    ".git/worktrees/linked/gitdir": "/nowhere/.git\n",
}
ORDINARY: Mapping[str, str] = {
    "CLAUDE.md": "# Rules\n\nBe kind.\n",
    ".claude/skills/good/SKILL.md": "---\nname: good\ndescription: Good\n---\nGood.\n",
    ".claude/agents/good.md": "---\nname: good\ndescription: Good\n---\nGood.\n",
    ".claude/commands/fine.md": "---\ndescription: Good\n---\nGood.\n",
}


@dataclass(frozen=True)
class Seen:
    """One path: what it is, and, unless it is huge, its bytes or what a link says."""

    kind: str
    mode: int
    content: bytes


def look(folder: Path, *, without: Sequence[str] = ()) -> dict[str, Seen]:
    """Everything below a folder, links not followed; what is huge by its size alone."""
    found: dict[str, Seen] = {}
    waiting = [folder]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            path = Path(entry.path)
            relative = path.relative_to(folder).as_posix()
            if relative in without or len(entry.path) > _LONGEST_PATH:
                continue
            status = entry.stat(follow_symlinks=False)
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                found[relative] = Seen("link", 0, os.fsencode(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                found[relative] = Seen("folder", mode, b"")
                waiting.append(path)
            elif stat.S_ISREG(status.st_mode):
                huge = status.st_size > _READ_WHOLE
                found[relative] = Seen("file", mode, str(status.st_size).encode() if huge else path.read_bytes())
            else:
                found[relative] = Seen("special", mode, b"")
    return found


def play(case: Case, runner: Runner) -> list[str]:
    """Set a case up, run the commands over it, and say what was wrong. Too slow is only what is so twice."""
    wrong, slow = _play(case, runner)
    if slow and not wrong:
        wrong, slow = _play(case, runner)
    return wrong + slow


def _play(case: Case, runner: Runner) -> tuple[list[str], list[str]]:
    folder = tempfile.mkdtemp(prefix="hostile-")
    try:
        return _played(case, runner, Path(folder).resolve())
    finally:
        subprocess.run(["rm", "-rf", folder], check=False)  # Python can't remove paths that are too long


def _played(case: Case, runner: Runner, root: Path) -> tuple[list[str], list[str]]:
    ground = _ground(root)
    case.set_up(ground)
    environ = {
        "HOME": str(ground.home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(injection.REPOSITORY / part) for part in ("orchestrator", "adapters")),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "TOKEN": f"{CANARY}-environment",
    }
    around, before = look(root, without=("project", "home/.harnesssync")), look(ground.project)
    commands: list[Sequence[str]] = list(_COMMANDS)
    if case.name.startswith("secret:"):
        commands.insert(0, ("ctl", "add", str(ground.project), *_TARGETS))
    ran: list[Ran] = []
    slow: list[str] = []
    for command in commands:
        began, worked = time.monotonic(), _worked(runner)
        ran.append(runner.run(command, cwd=ground.project, environ=environ))
        took, worked = time.monotonic() - began, _worked(runner) - worked
        # On a busy machine a run waits for its turn as long as it works, or longer: that is not its own doing.
        if worked > LONGEST_S or took > LONGEST_S + 3 * worked:
            slow.append(f"{command[0]} took {took:.1f} s, of which it worked {worked:.1f} s")
    after = look(ground.project)
    wrong = [
        *_endings(commands, ran),
        *_differences(around, look(root, without=("project", "home/.harnesssync"))),
        *_differences(before, {path: after[path] for path in before.keys() & after.keys()}, without=_MERGED),
        *_leaks(case, ground, ran, before, after),
        *_outputs(case, ground, before, after),
    ]
    return wrong, slow


def _worked(runner: Runner) -> float:
    """Seconds of processor time of all runs so far (proc(5): `cutime` and `cstime`)."""
    fields = Path(f"/proc/{runner.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _ground(root: Path) -> Ground:
    ground = Ground(project=root / "project", home=root / "home", sibling=root / "sibling")
    for folder, files in ((ground.home, PRECIOUS), (ground.sibling, SIBLING), (ground.project, ORDINARY)):
        for number, (name, text) in enumerate(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(*[f"{CANARY}-{number}"] * 2) if folder != ground.project else text)
    subprocess.run(
        ["git", "init", "-q", str(ground.project)], check=True, env={"PATH": os.environ["PATH"], "HOME": "/"}
    )
    return ground


def _endings(commands: Sequence[Sequence[str]], ran: Sequence[Ran]) -> Iterator[str]:
    for command, one in zip(commands, ran, strict=True):
        if one.code not in (0, 1, 2, 4) or "fault of" in one.err or "Traceback" in one.err:
            yield f"{' '.join(command)} ended with {one.code}: {one.err[-500:]}"


def _differences(
    before: Mapping[str, Seen], after: Mapping[str, Seen], *, without: frozenset[str] = frozenset()
) -> Iterator[str]:
    without |= {".git/info/exclude"}
    yield from (f"gone: {path}" for path in before.keys() - after.keys() - without if not path.startswith(".git/"))
    yield from (f"new: {path}" for path in after.keys() - before.keys())
    for path in before.keys() & after.keys() - without:
        if before[path] != after[path] and before[path].kind != "folder":
            yield f"changed: {path}: {str(before[path])[:200]} -> {str(after[path])[:200]}"


def _leaks(
    case: Case, ground: Ground, ran: Sequence[Ran], before: Mapping[str, Seen], after: Mapping[str, Seen]
) -> Iterator[str]:
    """Canaries anywhere; credentials in what is told or kept, or where git or others could see them."""
    kept = look(ground.home / ".harnesssync") if (ground.home / ".harnesssync").exists() else {}
    told = "".join(one.out + one.err for one in ran)
    written = {path: seen for path, seen in after.items() if before.get(path) != seen and seen.kind == "file"}
    for what in (CANARY, SECRET):
        if what in told:
            yield f"{what} was told: …{told[max(0, told.index(what) - 100) :][:200]}…"
        yield from (f"{what} was kept in {path}" for path, seen in kept.items() if what.encode() in seen.content)
    yield from (f"a canary is in {path}" for path, seen in written.items() if CANARY.encode() in seen.content)
    for path, seen in written.items():
        if (SECRET.encode() in seen.content and before.get(path, seen) != seen) or (
            SECRET.encode() in seen.content and path not in before
        ):
            ignored = subprocess.run(["git", "check-ignore", "-q", path], cwd=ground.project, check=False).returncode
            if ignored != 0:
                yield f"a credential is in {path}, which git sees"
            if seen.mode & 0o077:
                yield f"a credential is in {path}, which others may read"
    if not case.name.startswith(("text:", "yaml:tags", "secret:")):
        yield from (
            f"untrusted: {EVIL} is in {path}" for path, seen in written.items() if EVIL.encode() in seen.content
        )


def _outputs(case: Case, ground: Ground, before: Mapping[str, Seen], after: Mapping[str, Seen]) -> Iterator[str]:
    """The good ones are there, links stay inside, and documents say what they should."""
    yield from (f"missing: {path}" for path in sorted(GOOD - case.without - after.keys()))
    root = ground.project
    for path, seen in after.items():
        if seen.kind == "link" and path not in before and not (root / path).resolve().is_relative_to(root):
            yield f"{path} leads out: {seen.content!r}"
        if seen.kind == "file" and path not in before:
            try:
                if path.endswith(".toml"):
                    document = tomlkit.parse(seen.content.decode())
                    if "mcp_servers" in document and path != ".codex/config.toml":
                        yield f"{path} was broken out of"
                elif path.endswith(".json"):
                    json.loads(seen.content)
            except ValueError as error:
                yield f"{path} does not parse: {error}"


def sweep(*, every: int = 1, part: tuple[int, int] = (0, 1)) -> dict[str, list[str]]:
    """Each case that was played with what was wrong in it. `part` is this one's number, and of how many."""
    chosen = cases()[::every][part[0] :: part[1]]
    with Runner() as runner:
        return {case.name: _told(case, play(case, runner)) for case in chosen}


def _told(case: Case, wrong: list[str]) -> list[str]:
    if wrong:
        print(f"\n{case.name}\n" + "\n".join(f"    {line[:1000]}" for line in wrong[:6]), flush=True)
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The sweep 'hostile': see docs/reliability.md.")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="play each N-th case only")
    parser.add_argument("--case", action="append", metavar="NAME", help="play this case alone")
    parser.add_argument("--list", action="store_true", help="list the cases")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(case.name for case in cases()))
        return 0
    if reason := injection.missing():
        print(f"sweep hostile: not here: {reason}")
        return 1
    began = time.monotonic()
    if options.case:
        with Runner() as runner:
            found = {case.name: _told(case, play(case, runner)) for case in cases() if case.name in options.case}
    else:
        found = sweep(every=options.every)
    wrong = {name: lines for name, lines in found.items() if lines}
    if wrong:
        some = next(iter(wrong))
        print(f"\nOne of them alone: PYTHONPATH=. python tests/reliability/hostile.py --case '{some}'")
    seconds = time.monotonic() - began
    print(f"sweep hostile: {len(found)} runs, {len(wrong)} wrong, {seconds:.0f} s")
    complete = not options.case and options.every == 1
    if complete:
        counts = {"runs": len(found), "wrong": len(wrong), "seconds": round(seconds, 1), "cases": wrong}
        record("hostile", counts)
    return 1 if wrong or (complete and len(found) < LEAST) else 0


if __name__ == "__main__":
    raise SystemExit(main())
