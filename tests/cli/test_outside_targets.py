"""Targets of other packages, installed in a folder of their own: what works is used, what does not is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.outside_offers import may_be_there
from harnesssync_orchestrator.outside_targets import Outside, load

Install = Callable[..., None]
Command = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
[HERON] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the search path in which packages get installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return folder


@pytest.fixture
def install(site: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package as an installer leaves it: its module, and a `.dist-info` that names its entry points."""

    def install(package: str, code: str, *points: str) -> None:
        module = package.replace("-", "_")
        monkeypatch.delitem(sys.modules, module, raising=False)
        (site / f"{module}.py").write_text(code, encoding="utf-8")
        about = site / f"{module}-1.0.dist-info"
        about.mkdir(exist_ok=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        lines = points or (f"heron = {module}:TARGET",)
        (about / "entry_points.txt").write_text("\n".join(["[harnesssync.targets]", *lines, ""]), encoding="utf-8")

    return install


@pytest.fixture
def command(start: Start) -> Command:
    """Run `harnesssync` to its end, in a process of its own that finds what is installed."""

    def command(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        with start(*arguments, stderr=subprocess.PIPE, cwd=cwd) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return command


def ids(command: Command) -> list[str]:
    """What `targets` lists besides ours, without a word on standard error."""
    listed = command("targets", "--json")
    assert (listed.stderr, listed.returncode) == ("", 0)
    return [target["id"] for target in json.loads(listed.stdout)["targets"]][len(TARGETS) :]


def test_packages_without_a_target_are_passed_over_at_a_glance(install: Install, site: Path, tmp_path: Path) -> None:
    """What may offer one is loaded: also what can't be looked into, such as an archive."""
    install("another", "", "[console_scripts]", "another = another:main")
    (site / "another-1.0.dist-info/entry_points.txt").write_text("[console_scripts]\nanother = another:main\n")
    assert not may_be_there([str(site), str(tmp_path / "missing")])
    install("harnesssync-heron", HERON)
    assert may_be_there([str(site)])
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"")
    assert may_be_there([str(archive)])


def the_warning(outside: Outside) -> str:
    """The only one, where nothing could be used."""
    assert outside.targets == ()
    (warning,) = outside.warnings
    return warning


def test_a_target_of_another_package_is_used_like_ours(install: Install, command: Command, worktree: Path) -> None:
    """It is listed after ours, synced, and known to the client and to the settings."""
    install("harnesssync-heron", HERON)
    assert ids(command) == ["heron"]
    synced = command("sync", "--target", "heron", cwd=worktree)
    assert synced.returncode == 0
    assert (worktree / ".agents" / "skills" / "pdf" / "SKILL.md").is_file()
    assert command("ctl", "add", str(worktree), "--target", "heron").returncode == 0


def test_what_its_package_left_behind_stays_while_the_package_is_broken(
    install: Install, command: Command, worktree: Path
) -> None:
    """A package that does not load for a while is no reason to take its outputs away, and no crash."""
    install("harnesssync-heron", HERON)
    assert command("sync", "--target", "heron", cwd=worktree).returncode == 0
    link = worktree / ".agents" / "skills" / "pdf"
    assert link.is_symlink()
    install("harnesssync-heron", "import nothing_of_this_name\n")
    for _ in range(2):
        synced = command("sync", cwd=worktree)
        assert (synced.returncode, synced.stderr.count("package harnesssync-heron can't be used")) == (0, 1)
        assert link.is_symlink()
    install("harnesssync-heron", HERON)
    assert command("check", cwd=worktree).returncode == 0


def test_a_renderer_that_fails_names_its_package(install: Install, command: Command, worktree: Path) -> None:
    """The sync of that project ends with what to do, and not with a fault of ours."""
    install("harnesssync-heron", HERON.replace("for command in commands:", "for command in [commands[7]]:"))
    (worktree / ".claude" / "commands").mkdir()
    (worktree / ".claude" / "commands" / "go.md").write_text("Go.\n")
    ran = command("sync", "--target", "heron", cwd=worktree)
    assert ran.returncode != 0
    assert "the package harnesssync-heron can't render for heron: IndexError" in ran.stdout + ran.stderr
    assert "fault of harnesssync" not in ran.stdout + ran.stderr
    assert not (worktree / ".agents").exists()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            "print('not for the result')\nimport nothing_of_this_name",
            "ModuleNotFoundError: No module named 'nothing_of_this_name'",
        ),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("TARGET =", "SyntaxError: "),
        ("", "AttributeError: "),
        ("TARGET = 'heron'", "`harnesssync_heron:TARGET` is no Target but of type str"),
        (HERON.replace('id="heron"', 'id="../heron"'), "its id '../heron' is not made of small letters"),
        (
            HERON.replace("    Kind.HOOK: ", "    # "),
            "ValueError: target heron: the project scope declares nothing for",
        ),
        (HERON.replace('Unsupported("Heron has no hooks")', '"no"'), "declares for hook is of type str"),
    ],
    ids=["import", "exit", "syntax", "nothing", "type", "id", "gap", "support"],
)
def test_a_broken_package_is_a_warning_with_its_name_and_a_remedy(code: str, why: str, install: Install) -> None:
    """Whatever is wrong with it, and whoever wrote it."""
    install("harnesssync-heron", code)
    warning = the_warning(load(TARGETS))
    assert warning.startswith("target heron of the package harnesssync-heron can't be used: ")
    assert why in warning
    assert warning.endswith("Update that package, or uninstall it")


def test_a_broken_package_ends_no_command_and_spoils_no_result(install: Install, command: Command) -> None:
    """It is told on standard error, and so is what it prints itself."""
    install("harnesssync-heron", "print('loading')\nimport nothing_of_this_name\n")
    ran = command("targets", "--json")
    assert [target["id"] for target in json.loads(ran.stdout)["targets"]] == [target.id for target in TARGETS]
    assert ran.returncode == 0
    printed, warning = ran.stderr.splitlines()
    assert (printed, warning[:4]) == ("loading", "  ⚠ ")


def test_an_id_of_ours_is_refused(install: Install) -> None:
    """Nobody else writes for Codex in our name."""
    install("my-codex", HERON.replace('id="heron"', 'id="codex"'), "codex = my_codex:TARGET")
    assert (
        "target codex of the package my-codex is not used: there is a target `codex` already, of harnesssync itself"
    ) in the_warning(load(TARGETS))


def test_an_id_that_two_packages_want_goes_to_the_first_by_name(install: Install) -> None:
    """Whatever order they were installed in, and wherever they are found."""
    install("b-heron", HERON)
    install("a-heron", HERON.replace('name="Heron"', 'name="First"'))
    outside = load(TARGETS)
    assert [target.name for target in outside.targets] == ["First"]
    (warning,) = outside.warnings
    assert "of the package b-heron is not used: there is a target `heron` already, of the package a-heron" in warning


def test_a_broken_package_does_not_stand_in_the_way_of_another(install: Install, site: Path) -> None:
    """Neither one whose module fails, nor one whose list of entry points is no text."""
    install("a-broken", "raise ValueError('no')", "crane = a_broken:TARGET")
    install("c-broken", "")
    (site / "c_broken-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe")
    install("heron", HERON)
    outside = load(TARGETS)
    assert [target.id for target in outside.targets] == ["heron"]
    unreadable, unloadable = outside.warnings
    assert "the package c-broken has entry points that can't be read" in unreadable
    assert "target crane of the package a-broken can't be used: ValueError: no" in unloadable


def test_what_is_left_of_a_package_is_told_with_its_place(site: Path) -> None:
    """Half an uninstallation has no name any more."""
    (site / "gone-1.0.dist-info").mkdir()
    (site / "gone-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe")
    assert the_warning(load(TARGETS)).startswith(f"a package without a name in {site} has entry points that can't be")


def test_nothing_is_loaded_of_packages_that_offer_no_target(install: Install, site: Path) -> None:
    """Their modules are not even imported."""
    install("bystander", "raise ValueError('imported')")
    (site / "bystander-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\nstand = bystander:stand\n")
    assert load(TARGETS) == Outside()
