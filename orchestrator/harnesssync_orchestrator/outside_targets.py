"""Targets of other packages: each names a `Target` as an entry point of the group `harnesssync.targets`.

A package that is installed beside this program may run what it likes, as any dependency may. What it can't do is end a
command: whatever is wrong with it is told, with the name of the package and what to do about it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any

from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Kind
from harnesssync_orchestrator.core.targets import Renderer, Support, Target, Unsupported, View
from harnesssync_orchestrator.errors import TargetError
from harnesssync_orchestrator.outside_offers import GROUP


@dataclass(frozen=True, slots=True)
class Outside:
    """The targets that can be used, by package and name, and a sentence about each that can't."""

    targets: tuple[Target, ...] = ()
    warnings: tuple[str, ...] = ()


def load(known: Sequence[Target]) -> Outside:
    """What the installed packages offer besides the `known` targets, whose ids are taken."""
    owners = dict.fromkeys((target.id for target in known), "harnesssync itself")
    targets: list[Target] = []
    warnings: list[str] = []
    for package, point in _offers(warnings):
        offer = f"target {point.name} of {package}"
        remedy = "Update that package, or uninstall it"
        try:
            target = _loaded(point, package)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - their code, which may raise anything
            what = str(error) if isinstance(error, _RefusedError) else f"{type(error).__name__}: {error}"
            warnings.append(f"{offer} can't be used: {what}. {remedy}")
            continue
        if target.id in owners:
            why = f"there is a target `{target.id}` already, of {owners[target.id]}"
            warnings.append(f"{offer} is not used: {why}. {remedy}")
            continue
        targets.append(target)
        owners[target.id] = package
    return Outside(tuple(targets), tuple(warnings))


class _RefusedError(Exception):
    """What an entry point names is nothing that we could use."""


def _offers(warnings: list[str]) -> list[tuple[str, EntryPoint]]:
    """The entry points with the names of their packages, in an order that does not depend on the search path."""
    offers: dict[tuple[str, str], tuple[str, EntryPoint]] = {}
    for distribution in distributions():
        try:
            points = distribution.entry_points.select(group=GROUP)
        except Exception as error:  # noqa: BLE001 - what is in the file of another package
            warnings.append(
                f"{_name_of(distribution)} has entry points that can't be read: {error}. Update it, or uninstall it"
            )
            continue
        for point in points:
            package = _name_of(distribution)
            offers.setdefault((re.sub(r"[-_.]+", "-", package).lower(), point.name), (package, point))
    return [offers[key] for key in sorted(offers)]


def _name_of(distribution: Distribution) -> str:
    try:
        name: str | None = distribution.metadata["Name"]
    except Exception:  # noqa: BLE001 - as above
        name = None
    return f"the package {name}" if name else f"a package without a name in {distribution.locate_file('')}"


def _loaded(point: EntryPoint, package: str) -> Target:
    with redirect_stdout(sys.stderr):  # a result that is printed as JSON must stay JSON
        target = point.load()
    if not isinstance(target, Target):
        raise _RefusedError(f"`{point.value}` is no Target but of type {type(target).__name__}")
    if not re.fullmatch("[a-z][a-z0-9-]{0,39}", str(target.id)):
        raise _RefusedError(f"its id {target.id!r} is not made of small letters, digits and hyphens")
    return replace(
        target,
        project=_supports(target, "project", target.project, package),
        user=_supports(target, "user", target.user, package),
    )


def _supports(target: Target, scope: str, supports: Mapping[Kind, Support], package: str) -> Mapping[Kind, Support]:
    found: dict[Kind, Support] = {}
    for kind in Kind:
        support = supports[kind]
        if not isinstance(support, Support):
            raise _RefusedError(f"what its {scope} scope declares for {kind.value} is of type {type(support).__name__}")
        if isinstance(support, Unsupported) or support.render is None:
            found[kind] = support
        else:
            found[kind] = replace(support, render=_guarded(support.render, target.id, package))
    return found


def _guarded(render: Renderer, target: str, package: str) -> Renderer:
    """The renderer, whose faults name the package. To leave out its outputs instead would remove them."""

    def guarded(view: View, items: tuple[Any, ...]) -> Iterator[Output | Loss]:
        try:
            results: Iterable[Output | Loss] = render(view, items)
            yield from results
        except Exception as error:
            message = f"{package} can't render for {target}: {type(error).__name__}: {error}"
            raise TargetError(message, hint="Update that package, or uninstall it") from error

    return guarded
