"""The wheel and the sdist, built once from this repository without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that pyproject.toml stands in."""
    return REPOSITORY


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree."""
    return build("--wheel", REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, built from the working tree."""
    return build("--sdist", REPOSITORY, tmp_path_factory.mktemp("sdist"))


def build(kind: str, source: Path, destination: Path) -> Path:
    """Build one distribution with the backend that is installed here, and return its path."""
    command = [sys.executable, "-m", "build", kind, "--no-isolation", "--outdir", str(destination), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        pytest.fail(result.stdout + result.stderr)
    [built] = destination.iterdir()
    return built
