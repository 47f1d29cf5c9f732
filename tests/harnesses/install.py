"""Installs the programs of the harnesses from npm and PyPI, at the versions that the tests were written against.

    python tests/harnesses/install.py [NAME…]

They go to `.cache/harnesses`, a folder each that says its versions, so a second run installs nothing, and another
version of one program leaves the others alone. `HARNESSSYNC_HARNESSES` names another folder, which is used as it is.
No script of any package is run: the programs lie ready in their packages, and so does the Node that they need.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

VARIABLE = "HARNESSSYNC_HARNESSES"
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "harnesses"
_CPU = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x64")
_NODE = f"node-linux-{_CPU}"
_PYTHON = (3, 12)
"""The one version that all programs from PyPI take."""

_NODE_PACKAGES = {
    "node22": (f"{_NODE}@22.23.3",),
    "claude-code": (f"@anthropic-ai/claude-code-linux-{_CPU}@2.1.330",),
    "codex": ("@openai/codex@0.169.0",),
    "gemini": ("@google/gemini-cli@0.61.0",),
    "opencode": ("opencode-ai@1.18.33", f"opencode-linux-{_CPU}@1.18.33"),
    "kimi": ("@moonshot-ai/kimi-code@2.1.0",),
    "qwen": ("@qwen-code/qwen-code@0.24.4",),
    "droid": (f"@factory/cli-linux-{_CPU}@0.225.2",),
    "kilo": ("@kilocode/cli@7.7.7", f"@kilocode/cli-linux-{_CPU}@7.7.7"),
    "pi": ("@mariozechner/pi-coding-agent@0.73.1",),
    "copilot": ("@github/copilot@1.0.102",),
    "cline": ("cline@3.0.65",),
    "continue": ("@continuedev/cli@1.5.47",),
    "auggie": ("@augmentcode/auggie@0.36.0",),
    "amp": (f"@ampcode/cli-linux-{_CPU}@0.0.1790142911-g7618fb",),
}
_PYTHON_PACKAGES: dict[str, tuple[str, ...]] = {
    "vibe": ("mistral-vibe==3.0.2",),
    "openhands": ("openhands==1.16.0",),
    "aider": ("aider-chat==0.86.2",),
}
_WITHOUT_WHEELS = ("func-timeout",)
PACKAGES = {**_NODE_PACKAGES, **_PYTHON_PACKAGES}
"""What is installed, a folder each."""

_PROGRAMS = {
    "claude-code": f"npm/claude-code/node_modules/@anthropic-ai/claude-code-linux-{_CPU}/claude",
    "codex": "npm/codex/node_modules/.bin/codex",
    "gemini": "npm/gemini/node_modules/.bin/gemini",
    "opencode": f"npm/opencode/node_modules/opencode-linux-{_CPU}/bin/opencode",
    "kimi": "npm/kimi/node_modules/.bin/kimi",
    "qwen": "npm/qwen/node_modules/.bin/qwen",
    "droid": f"npm/droid/node_modules/@factory/cli-linux-{_CPU}/bin/droid",
    "kilo": f"npm/kilo/node_modules/@kilocode/cli-linux-{_CPU}/bin/kilo",
    "pi": "npm/pi/node_modules/.bin/pi",
    "copilot": "npm/copilot/node_modules/.bin/copilot",
    "cline": f"npm/cline/node_modules/@cline/cli-linux-{_CPU}/bin/cline",
    "continue": "npm/continue/node_modules/.bin/cn",
    "vibe": "py/vibe/bin/vibe",
    "openhands": "py/openhands/bin/openhands",
    "aider": "py/aider/bin/aider",
    "auggie": "npm/auggie/node_modules/.bin/auggie",
    "amp": f"npm/amp/node_modules/@ampcode/cli-linux-{_CPU}/amp",
}

_COMPLETE = "complete"
"""The file that is written last, with the versions: a folder without it is of an installation that was interrupted."""


def prefix() -> Path:
    """The folder in which the programs are, or are to be."""
    named = os.environ.get(VARIABLE)
    return Path(named).resolve() if named else _CACHE


def program(folder: Path, harness: str) -> Path:
    """The program of a harness in the prefix `folder`."""
    return folder / _PROGRAMS[harness]


def node_folder(folder: Path) -> Path:
    """The folder with `node` in the prefix `folder`."""
    return folder / "npm" / "node22" / "node_modules" / _NODE / "bin"


def version(folder: Path, harness: str) -> str:
    """The version of a harness in the prefix `folder`, as its package says."""
    if harness in _PYTHON_PACKAGES:
        name = _PYTHON_PACKAGES[harness][0].partition("==")[0].replace("-", "_")
        (found,) = (folder / "py" / harness).glob(f"lib/python*/site-packages/{name}-*.dist-info")
        return found.name.removesuffix(".dist-info").rpartition("-")[2]
    name = _NODE_PACKAGES[harness][0].rpartition("@")[0]
    manifest = folder / "npm" / harness / "node_modules" / name / "package.json"
    return str(json.loads(manifest.read_text())["version"])


def missing(folder: Path, names: Collection[str] = _PROGRAMS) -> list[str]:
    """The programs among `names` that are not in the prefix `folder`."""
    wanted = [node_folder(folder) / "node", *(program(folder, name) for name in _PROGRAMS if name in names)]
    return [str(path) for path in wanted if not path.exists()]


def install(folder: Path, names: Collection[str] = PACKAGES) -> str | None:
    """Install what is missing of `names` in the prefix `folder`; why that is not possible, or None."""
    if not sys.platform.startswith("linux"):
        return "The programs are installed for Linux: their packages for other systems have other names."
    npm = shutil.which("npm")
    if npm is None:
        return f"npm is needed to install the programs, and is not on PATH. Install Node, or set {VARIABLE}."
    python = next(_pythons(), None)
    if python is None and set(names) & set(_PYTHON_PACKAGES):
        wanted = ".".join(map(str, _PYTHON))
        return f"Python {wanted} is needed to install some of the programs, and is not on PATH. Or set {VARIABLE}."

    def from_npm(place: Path, packages: Sequence[str]) -> Iterator[list[str]]:
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        yield [npm, "install", "--prefix", str(place), *options, *packages]

    def from_pypi(place: Path, packages: Sequence[str]) -> Iterator[list[str]]:
        yield [str(python), "-m", "venv", str(place)]
        # Wheels alone: to build one is to run a script of its package. Of these there are none.
        options = ["--quiet", "--only-binary=:all:", f"--no-binary={','.join(_WITHOUT_WHEELS)}"]
        yield [str(place / "bin" / "pip"), "install", *options, *packages]

    for kind, table, commands in (("npm", _NODE_PACKAGES, from_npm), ("py", _PYTHON_PACKAGES, from_pypi)):
        for name, packages in table.items():
            if (name in names or name == "node22") and not _install(folder / kind / name, packages, commands):
                return f"{', '.join(packages)} could not be installed: see above. It needs its registry, or a cache."
    return None


def _install(
    place: Path, packages: Sequence[str], commands: Callable[[Path, Sequence[str]], Iterator[list[str]]]
) -> bool:
    """Run the commands, unless the folder says that these very packages are there; whether they are there now."""
    complete = place / _COMPLETE
    if complete.exists() and complete.read_text() == " ".join(packages):
        return True
    sys.stderr.write(f"Installing {', '.join(packages)} …\n")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for command in commands(place, packages):
        if subprocess.run(command, check=False).returncode != 0:
            return False
    complete.write_text(" ".join(packages))
    return True


def _pythons() -> Iterator[str]:
    """Interpreters of the version that is needed; a shim of a version manager may be there and refuse to run."""
    wanted = ".".join(map(str, _PYTHON))
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in (sys.executable, shutil.which(f"python{wanted}"), *managed.glob(f"{wanted}.*/bin/python")):
        if python is not None:
            asked = [python, "-c", f"import sys, venv; sys.exit(sys.version_info[:2] != {_PYTHON})"]
            if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
                yield str(python)


def main() -> int:
    folder = prefix()
    names = sys.argv[1:] or [*PACKAGES]
    problem = None if os.environ.get(VARIABLE) else install(folder, set(names))
    if problem is None and (absent := missing(folder, names)):
        problem = f"These programs are missing: {', '.join(absent)}"
    if problem is not None:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
