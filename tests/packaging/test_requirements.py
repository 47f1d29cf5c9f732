"""What the code imports, what pyproject.toml declares and what constraints.txt pins are the same story."""

from __future__ import annotations

import sys
from importlib.metadata import files, requires
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

OURS = ("harnesssync_orchestrator", "harnesssync_adapters")

LATER_STANDARD_LIBRARY = {"tomllib"}
"""What is in the standard library from 3.11 on, and imported there alone."""


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Which module imports which, read from the source without running it."""
    return grimp.build_graph(*OURS, include_external_packages=True, cache_dir=None)


def outside(imports: grimp.ImportGraph, *roots: str) -> set[str]:
    """What the modules below some packages import that is neither ours nor in the standard library."""
    modules = [module for module in imports.modules if module.startswith(roots)]
    imported = {name.split(".")[0] for module in modules for name in imports.find_modules_directly_imported_by(module)}
    return imported - set(OURS) - sys.stdlib_module_names - LATER_STANDARD_LIBRARY


def declared(extra: str = "") -> dict[NormalizedName, Requirement]:
    """The requirements of the installed distribution, by name: those of everybody, or those that one extra adds."""
    found = (Requirement(line) for line in requires("harnesssync-orchestrator") or ())
    return {
        canonicalize_name(requirement.name): requirement
        for requirement in found
        if (requirement.marker is None) == (not extra)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    }


def test_every_import_is_declared_and_every_declared_dependency_is_imported(imports: grimp.ImportGraph) -> None:
    """Nothing works by luck because another package brought it, and nobody installs what is not used."""
    imported = outside(imports, *OURS)
    provided = {name: {path.parts[0].removesuffix(".py") for path in files(name) or ()} for name in declared()}
    assert imported - set().union(*provided.values()) == set()
    assert {name for name, modules in provided.items() if not modules & imported} == set()


@pytest.mark.parametrize("package", ["core", "ctl", "protocol"])
def test_the_parts_that_must_start_quickly_need_the_standard_library_alone(
    imports: grimp.ImportGraph, package: str
) -> None:
    """A client that imported a library would start several times slower; core would no longer be pure."""
    assert outside(imports, f"harnesssync_orchestrator.{package}") == set()


def test_every_requirement_is_pinned_at_a_release_that_it_allows(repository: Path) -> None:
    """constraints.txt pins exactly, and what it pins satisfies the lower bounds of pyproject.toml."""
    lines = (repository / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    wanted = declared() | declared("test") | declared("dev")
    assert {name for name, requirement in wanted.items() if pinned.get(name) not in requirement.specifier} == set()


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    """An application that is installed beside others must not forbid them newer releases."""
    bounds = {name: str(requirement.specifier) for name, requirement in declared().items()}
    assert {name: bound for name, bound in bounds.items() if not bound.startswith(">=") or "," in bound} == {}
