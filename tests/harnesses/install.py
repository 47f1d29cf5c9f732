"""Installs the programs of the harnesses from npm, at the versions that the tests were written against.

    python tests/harnesses/install.py

They go to `.cache/harnesses`, into a folder of which the name says the versions, so a second run installs nothing.
`HARNESSSYNC_HARNESSES` names another folder, which is used as it is. No script of any package is run: the programs
lie ready in their packages, and so does the Node that they need.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "HARNESSSYNC_HARNESSES"
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "harnesses"
_CPU = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x64")
_NODE = f"node-linux-{_CPU}"

PACKAGES = {
    "node22": (f"{_NODE}@22.23.3",),
    "codex": ("@openai/codex@0.169.0",),
    "gemini": ("@google/gemini-cli@0.61.0",),
    "opencode": ("opencode-ai@1.18.33", f"opencode-linux-{_CPU}@1.18.33"),
    "kimi": ("@moonshot-ai/kimi-code@2.1.0",),
    "qwen": ("@qwen-code/qwen-code@0.24.4",),
    "droid": (f"@factory/cli-linux-{_CPU}@0.225.2",),
}
"""What is installed, a folder each."""

_PROGRAMS = {
    "codex": "codex/node_modules/.bin/codex",
    "gemini": "gemini/node_modules/.bin/gemini",
    "opencode": f"opencode/node_modules/opencode-linux-{_CPU}/bin/opencode",
    "kimi": "kimi/node_modules/.bin/kimi",
    "qwen": "qwen/node_modules/.bin/qwen",
    "droid": f"droid/node_modules/@factory/cli-linux-{_CPU}/bin/droid",
}

_COMPLETE = "complete"
"""The file that is written last: a folder without it is of an installation that was interrupted."""


def prefix() -> Path:
    """The folder in which the programs are, or are to be."""
    if named := os.environ.get(VARIABLE):
        return Path(named).resolve()
    return _CACHE / hashlib.sha256(json.dumps(PACKAGES).encode()).hexdigest()[:12]


def program(folder: Path, harness: str) -> Path:
    """The program of a harness in the prefix `folder`."""
    return folder / "npm" / _PROGRAMS[harness]


def node_folder(folder: Path) -> Path:
    """The folder with `node` in the prefix `folder`."""
    return folder / "npm" / "node22" / "node_modules" / _NODE / "bin"


def version(folder: Path, harness: str) -> str:
    """The version of a harness in the prefix `folder`, as its package says."""
    name = PACKAGES[harness][0].rpartition("@")[0]
    manifest = folder / "npm" / harness / "node_modules" / name / "package.json"
    return str(json.loads(manifest.read_text())["version"])


def missing(folder: Path) -> list[str]:
    """The programs that are not in the prefix `folder`."""
    wanted = [node_folder(folder) / "node", *(program(folder, harness) for harness in _PROGRAMS)]
    return [str(path) for path in wanted if not path.exists()]


def install(folder: Path) -> str | None:
    """Install what is missing in the prefix `folder`; why that is not possible, or None."""
    if not sys.platform.startswith("linux"):
        return "The programs are installed for Linux: their packages for other systems have other names."
    npm = shutil.which("npm")
    if npm is None:
        return f"npm is needed to install the programs, and is not on PATH. Install Node, or set {VARIABLE}."
    for name, packages in PACKAGES.items():
        place = folder / "npm" / name
        if (place / _COMPLETE).exists():
            continue
        sys.stderr.write(f"Installing {', '.join(packages)} …\n")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        if subprocess.run([npm, "install", "--prefix", str(place), *options, *packages], check=False).returncode != 0:
            return f"npm could not install {', '.join(packages)}: see above. It needs its registry, or a filled cache."
        (place / _COMPLETE).touch()
    return None


def main() -> int:
    folder = prefix()
    problem = None if os.environ.get(VARIABLE) else install(folder)
    if problem is None and (absent := missing(folder)):
        problem = f"These programs are missing: {', '.join(absent)}"
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
