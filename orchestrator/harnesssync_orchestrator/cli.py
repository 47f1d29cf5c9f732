"""The composition root of both installed commands: the one module that knows adapters, files, service and client.

Everything is imported where it is used: `harnesssync ctl status` must not pay for what `serve` needs.
"""

# ruff: noqa: PLC0415 - see the docstring

from __future__ import annotations

import gc
import os
import sys

from harnesssync_orchestrator import __version__, faults

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harnesssync_orchestrator.config import Config
    from harnesssync_orchestrator.core.targets import Target
    from harnesssync_orchestrator.ctl.context import OfflineRegistry
    from harnesssync_orchestrator.files.approving import Approving
    from harnesssync_orchestrator.files.discovery.places import Places
    from harnesssync_orchestrator.files.layout import Layout
    from harnesssync_orchestrator.files.registry import Registry
    from harnesssync_orchestrator.service.engine import Engine, Log

_targets: list[Target] = []
"""What `all_targets` has found."""


def run(program: str, arguments: Sequence[str]) -> int:
    """Run one command line of `harnesssync` or `harnesssync-orchestrator`; the exit code.

    The one place where errors end, whatever they are: a traceback would read as `out of step`, which also ends with 1.
    """
    collect_seldom()
    faults.open_closed_streams()
    try:
        code = _dispatch(program, arguments)
        faults.flush_output()
    except BaseException as raised:  # noqa: BLE001 - the boundary; what is no error is raised again
        return faults.end(program, arguments, raised)
    return code


def collect_seldom() -> None:
    """Let garbage collection look at what is new, in small portions, and hardly ever at all that there is.

    A sync of thousands of outputs makes many objects that stay, and next to no cycles. By default, all of them are gone
    through again whenever there are a quarter more, a tenth of the time of a first sync, and each time nobody else gets
    the interpreter for up to 60 ms.
    """
    gc.set_threshold(5_000, 10, 1_000)


def _dispatch(program: str, arguments: Sequence[str]) -> int:
    if arguments[:1] == ["ctl"]:
        from harnesssync_orchestrator.ctl import main
        from harnesssync_orchestrator.ctl.context import Context

        context = Context(program=program, environ=os.environ, known_targets=known_targets, offline=offline_registry)
        return main.run(arguments[1:], context)
    if arguments[:1] in (["--version"], ["-V"]):
        print(f"{program} {__version__}")
        return 0
    from harnesssync_orchestrator.oneshot import main as oneshot

    return oneshot.run(program, arguments, Ground(os.environ))


def known_targets() -> tuple[str, ...]:
    """The ids of all targets, in the order of the adapters."""
    return tuple(target.id for target in all_targets())


def all_targets() -> tuple[Target, ...]:
    """Ours, then those of other packages. What can't be used is told once, on standard error."""
    if not _targets:
        from harnesssync_adapters import TARGETS
        from harnesssync_orchestrator.outside_offers import may_be_there

        _targets.extend((*TARGETS, *(_outside_targets(TARGETS) if may_be_there(sys.path) else ())))
    return tuple(_targets)


def _outside_targets(known: Sequence[Target]) -> tuple[Target, ...]:
    from harnesssync_orchestrator.console import Console, visible
    from harnesssync_orchestrator.outside_targets import load

    outside = load(known)
    for warning in outside.warnings:
        Console().warn(visible(warning))
    return outside.targets


def offline_registry() -> OfflineRegistry:
    """The registry itself, for the commands of the client that change it when no supervisor runs."""
    from harnesssync_orchestrator.oneshot.registering import Registering

    return Registering(Ground(os.environ).approving())


class Ground:
    """What every command that works by itself stands on: the adapters, and where everything is.

    Each part is made when it is asked for.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    @property
    def home(self) -> Path:
        from pathlib import Path

        from harnesssync_orchestrator.ctl.places import home

        return Path(home(self.environ))

    def targets(self) -> tuple[Target, ...]:
        return all_targets()

    def layout(self) -> Layout:
        from harnesssync_orchestrator.files.layout import Layout

        return Layout.from_environment(self.environ, self.home)

    def places(self) -> Places:
        from harnesssync_orchestrator.files.discovery.places import Places

        return Places.from_environment(self.environ, self.home.resolve())

    def registry(self) -> Registry:
        from harnesssync_orchestrator.files.registry import Registry

        layout = self.layout()
        return Registry(layout.registry_file, layout.registry_lock)

    def approving(self) -> Approving:
        from harnesssync_orchestrator.files.approving import Approving

        return Approving(registry=self.registry(), layout=self.layout(), places=self.places())

    def config(self) -> Config:
        """The settings. Raises ConfigError."""
        from harnesssync_orchestrator import config

        return config.load(self.layout().config_file, targets=known_targets())

    def engine(self, config: Config, log: Log) -> Engine:
        """Everything that a sync needs."""
        from dataclasses import replace

        from harnesssync_adapters.formats import FORMATS
        from harnesssync_orchestrator.service.engine import Engine

        return Engine(
            targets=self.targets(),
            formats=FORMATS,
            places=replace(self.places(), inherits=config.worktrees.inherits),
            layout=self.layout(),
            limiting=config.limits,
            environ=self.environ,
            log=log,
            configured=config.targets,
            exclude=config.git.excludes,
            history=config.history,
            policies=config.policies(self.home),
        )
