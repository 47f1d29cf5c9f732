"""What people get when they install this: the wheel, the sdist, and the two commands."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import harnesssync_orchestrator

PACKAGES = {"harnesssync_orchestrator", "harnesssync_adapters"}
VERSION = harnesssync_orchestrator.__version__

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_brings_no_name_that_others_could_bring(wheel: Path) -> None:
    """At the top of site-packages stand our two packages and the metadata, and nothing with a generic name."""
    assert {name.split("/")[0] for name in names(wheel)} == PACKAGES | {f"harnesssync_orchestrator-{VERSION}.dist-info"}


def test_the_wheel_says_that_both_packages_are_typed(wheel: Path) -> None:
    """Type checkers believe annotations only where py.typed lies."""
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names(wheel))


def test_the_wheel_holds_every_module_of_the_source(wheel: Path, repository: Path) -> None:
    """No module is forgotten, and nothing else than modules and py.typed slips in."""
    roots = (repository / "orchestrator", repository / "adapters")
    sources = {str(path.relative_to(root)) for root in roots for path in root.rglob("*.py")}
    assert {name for name in names(wheel) if ".dist-info/" not in name} == sources | {
        f"{package}/py.typed" for package in PACKAGES
    }


def test_the_metadata_names_version_license_and_oldest_python(wheel: Path) -> None:
    """What an installer reads before it installs."""
    info = f"harnesssync_orchestrator-{VERSION}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        license_text = archive.read(f"{info}/licenses/LICENSE").decode()
    assert (metadata["Version"], metadata["License-Expression"], metadata["Requires-Python"]) == (
        VERSION,
        "MIT",
        ">=3.10",
    )
    assert license_text.startswith("MIT License")


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """Whoever builds from the sdist gets, byte for byte, what we publish."""
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(tmp_path)], check=True)
    source = tmp_path / f"harnesssync_orchestrator-{VERSION}"
    outcome = tmp_path / "built"
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(outcome), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    assert (outcome / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_sdist_can_be_tested_and_holds_no_leftovers(sdist: Path) -> None:
    """Tests, documents and the Makefile are there; caches and environments are not."""
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "constraints.txt", "LICENSE", "tests/conftest.py", "demo/run.py"} <= inside
    assert not [name for name in inside if {".venv", ".cache", "__pycache__", ".git"} & set(name.split("/"))]


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Run:
    """Run a program of an environment that holds the wheel and nothing of this working tree."""
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    # The dependencies come from the environment that runs the tests. Listed in a path file, that folder's own path
    # files are not read, and so the editable installation of the working tree stays out.
    [site_packages] = environment.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [environment / "bin" / program, *arguments],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_both_commands_run_from_the_installed_wheel(installed: Run, tmp_path: Path) -> None:
    """Each command starts, from the wheel and not from the working tree, and tells its version."""
    where = installed("python", "-c", "import harnesssync_orchestrator as it; print(it.__file__)")
    assert Path(where.stdout).is_relative_to(tmp_path), where.stderr
    for program in ("harnesssync", "harnesssync-orchestrator"):
        told = installed(program, "--version")
        assert (told.returncode, told.stderr) == (0, "")
        assert VERSION in told.stdout


def test_an_installed_command_works_on_a_project(installed: Run, tmp_path: Path) -> None:
    """What only a real run needs (the adapters, the formats) is in the wheel as well."""
    project = tmp_path / "project"
    project.mkdir()
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    (project / "CLAUDE.md").write_text("# Rules\n")
    synced = installed("harnesssync", "--project", str(project), "sync", "--target", "codex")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    assert (project / "AGENTS.md").read_text() == "# Rules\n"
