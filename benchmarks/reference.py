"""`python reference.py STATE PROJECT…`: the floor of the job, as a bare script would do it.

It looks at every source file (`os.scandir` and a stat), hashes those whose size or time has changed, links each skill
once, copies each agent and command for three harnesses, and keeps what it saw as JSON. It parses nothing, checks
nothing, keeps nothing of what it replaces, and syncs nothing to the disk: what we are measured against is not a
rival but the least that has to be done.
"""

# ruff: noqa: PTH103, PTH105, PTH110, PTH119, PTH123, PTH208, PTH211 - pathlib would take longer than what is measured

from __future__ import annotations

import hashlib
import json
import os
import sys

COPIES = (".codex", ".gemini", ".opencode")
Seen = dict[str, tuple[int, int, str]]
"""Of each file its size, its time in ns, and its digest."""


def look(folder: str, known: Seen, seen: Seen) -> None:
    """All files below a folder, those that have changed hashed anew."""
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                look(entry.path, known, seen)
                continue
            former = known.get(entry.path)
            if former is not None and (former[0], former[1]) == (status.st_size, status.st_mtime_ns):
                seen[entry.path] = former
            else:
                seen[entry.path] = (status.st_size, status.st_mtime_ns, digest(entry.path, status.st_size))


def digest(path: str, size: int) -> str:
    found = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        while piece := os.read(descriptor, min(size + 1, 1 << 16)):
            found.update(piece)
    finally:
        os.close(descriptor)
    return found.hexdigest()


def write(project: str, changed: set[str]) -> None:
    """Link the skills that have no link yet, and copy the agents and commands that have changed."""
    os.makedirs(f"{project}/.agents/skills", exist_ok=True)
    for name in os.listdir(f"{project}/.claude/skills"):
        if not os.path.lexists(f"{project}/.agents/skills/{name}"):
            os.symlink(f"../../.claude/skills/{name}", f"{project}/.agents/skills/{name}")
    for kind in ("agents", "commands"):
        for path in sorted(each for each in changed if each.startswith(f"{project}/.claude/{kind}/")):
            with open(path, "rb") as file:
                content = file.read()
            for target in COPIES:
                os.makedirs(f"{project}/{target}/{kind}", exist_ok=True)
                with open(f"{project}/{target}/{kind}/{os.path.basename(path)}", "wb") as file:
                    file.write(content)


def main(state: str, projects: list[str]) -> None:
    known: Seen = {}
    if os.path.exists(state):
        with open(state, encoding="utf-8") as file:
            known = {path: (size, time, text) for path, (size, time, text) in json.load(file).items()}
    seen: Seen = {}
    for project in projects:
        look(f"{project}/.claude", known, seen)
    changed = {path for path, what in seen.items() if known.get(path) != what}
    if changed or known.keys() - seen.keys():
        for project in projects:
            write(project, changed)
        with open(f"{state}.new", "w", encoding="utf-8") as file:
            json.dump(seen, file)
        os.replace(f"{state}.new", state)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
