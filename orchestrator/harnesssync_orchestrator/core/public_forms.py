"""What is written in the place of an agent's private file where git would show that: one without private servers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harnesssync_orchestrator.core.desired import FileOutput, Loss, Output, Public, Wanted
from harnesssync_orchestrator.core.exposure import WhollyOurs, why_exposed
from harnesssync_orchestrator.core.items import Agent, Item, Kind
from harnesssync_orchestrator.core.observed import Observed
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target, View


def with_public_forms(
    results: Sequence[Output | Loss],
    items: tuple[Item, ...],
    source: Source,
    render: Callable[[View, tuple[Item, ...]], Iterable[Output | Loss]],
    *,
    target: str,
    company: Sequence[Target],
) -> tuple[Output | Loss, ...]:
    """The results of rendering agents, with what they are without the private servers whose names they gather."""
    if not any(_gathers_private(one) for one in results):
        return tuple(results)
    others = tuple(item for item in source.items if item.id.kind != Kind.MCP_SERVER.value or not item.origin.private)
    shown = {
        one.path: one.content
        for one in render(View(target=target, source=replace(source, items=others), company=company), items)
        if isinstance(one, FileOutput) and not one.private
    }
    listed = {item.id for item in items if isinstance(item, Agent) and item.tools is not None}
    return tuple(
        replace(one, public=Public(content=shown[one.path], security=not listed.isdisjoint(one.items)))
        if isinstance(one, FileOutput) and _gathers_private(one) and one.path in shown
        else one
        for one in results
    )


def permitted_form(
    wish: Wanted[Output], observed: Observed, whole: WhollyOurs
) -> tuple[Wanted[Output], str, tuple[Loss, ...]]:
    """What of an output may be written where it is wanted: in its public form, if git would show its private one, with
    what is lost by that; and why nothing of it may, since the public form has a credential as well, say, or ""."""
    why = why_exposed(wish.output, observed, whole)
    if not why or (shown := _public_form(wish, why)) is None:
        return wish, why, ()
    public, losses = shown
    still = why_exposed(public.output, observed, whole)
    return (wish, still, ()) if still else (public, "", losses)


def _public_form(wish: Wanted[Output], why: str) -> tuple[Wanted[Output], tuple[Loss, ...]] | None:
    """What is written where its private form may not be, for the reason `why`, and what is lost by that; None if
    nothing is."""
    output = wish.output
    if not isinstance(output, FileOutput) or output.public is None:
        return None
    told = f"what it says of private servers is left out: {why}"
    losses = tuple(
        Loss(target=owner, item=item, what=str(item), why=told, security=output.public.security)
        for owner in wish.owners
        for item in output.items
    )
    return Wanted(replace(output, content=output.public.content, private=False, public=None), wish.owners), losses


def _gathers_private(one: Output | Loss) -> bool:
    return isinstance(one, FileOutput) and one.private and Kind.MCP_SERVER in one.gathers
