"""Copies of a project and a home for one program to work in, with marks by which loaded files are known again.

A program may write into what it works on, and two at a time would see each other's files, so each gets copies.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = frozenset({".harnesssync", ".cache", "node_modules"})
_NOT_INSTRUCTIONS = frozenset({".git", "skills", "skill", "agents", "agent", "commands", "command", "prompts"})
_MARK = re.compile(r"\n*loaded-from-[0-9a-f]{12}\b")


class Scratch:
    """`project` and `home`: copies below `folder`, in which every file of instructions ends with a mark of its own."""

    def __init__(self, project: Path, home: Path, folder: Path) -> None:
        # The project keeps its name: some programs show it, and keep their memory by it.
        self.project = folder / "work" / project.name
        self.home = folder / "home"
        self._moved = ((project.resolve(), self.project), (home.resolve(), self.home))
        for original, copy in self._moved:
            self._copy(original, copy)
        self._marked = dict(self._mark(root) for root in self._instructions())

    def loaded(self, text: str) -> dict[str, int]:
        """The files whose mark is in `text`, each with how often it is there."""
        found: dict[str, int] = {}
        for mark, path in self._marked.items():
            times = len(re.findall(rf"{mark}\b", text))
            if times:
                found[self.shown(path)] = times
        return found

    def shown(self, path: str | Path) -> str:
        """A path of the copies as people know it: below the project, or `~/…`. Links in it are followed."""
        real = os.path.realpath(path)
        for root, prefix in ((self.project, ""), (self.home, "~/")):
            if real.startswith(f"{os.path.realpath(root)}/"):
                return prefix + os.path.relpath(real, os.path.realpath(root))
        return str(path)

    def told(self, text: str) -> str:
        """What a program prints, without marks, and with the paths of the original."""
        for original, copy in self._moved:
            text = text.replace(str(copy), str(original))
        return _MARK.sub("", text)

    def configuration_texts(self) -> Iterator[str]:
        """The text of every JSON and TOML file in both copies."""
        for root in (self.project, self.home):
            for path in sorted(root.rglob("*")):
                if path.suffix in {".json", ".jsonc", ".toml"} and path.is_file():
                    yield path.read_text(encoding="utf-8", errors="replace")

    def _copy(self, original: Path, copy: Path) -> None:
        copy.mkdir(parents=True)
        for entry in sorted(original.iterdir()):
            here = copy / entry.name
            if entry.name in _LEFT_OUT:
                continue
            if entry.is_symlink():
                here.symlink_to(self._lead(entry, here))
            elif entry.is_dir():
                self._copy(entry, here)
            elif entry.is_file():
                shutil.copy2(entry, here)

    def _lead(self, link: Path, copy: Path) -> str:
        """Where the copy of a link leads: a link between project and home leads from copy to copy."""
        written = os.readlink(link)  # noqa: PTH115 - as it is written, also where it leads nowhere
        absolute = os.path.normpath(link.parent / written)
        for original, moved in self._moved:
            if absolute == str(original) or absolute.startswith(f"{original}/"):
                target = moved / os.path.relpath(absolute, original)
                return str(target) if Path(written).is_absolute() else os.path.relpath(target, copy.parent)
        return written

    def _instructions(self) -> Iterator[Path]:
        for root in (self.project, self.home):
            for folder, folders, names in os.walk(root):
                folders[:] = [name for name in folders if name not in _NOT_INSTRUCTIONS]
                for name in sorted(names):
                    path = Path(folder, name)
                    if name.endswith(".md") and not path.is_symlink():
                        yield path

    def _mark(self, path: Path) -> tuple[str, Path]:
        mark = f"loaded-from-{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
        content = path.read_bytes().rstrip(b"\n")
        path.write_bytes(content + f"\n\n{mark}\n".encode())
        return mark, path
