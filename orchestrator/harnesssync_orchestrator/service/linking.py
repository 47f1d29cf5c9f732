"""The writing half of a sync: the linkers of a project's targets, at work at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

import anyio
import anyio.from_thread

from harnesssync_orchestrator.core.changes import with_origins
from harnesssync_orchestrator.core.desired import Address, short_hash
from harnesssync_orchestrator.core.ledger import Ledger, Method
from harnesssync_orchestrator.core.plan import MakeLink, Operation, Plan, Remove, WriteFile
from harnesssync_orchestrator.core.report import Counts, Failure, counted
from harnesssync_orchestrator.core.targets import DocumentFormat
from harnesssync_orchestrator.errors import ApplyError, HarnessSyncError
from harnesssync_orchestrator.files.below import Below
from harnesssync_orchestrator.files.echo import FOLDER
from harnesssync_orchestrator.files.linker import Applied, History, apply
from harnesssync_orchestrator.service import threads
from harnesssync_orchestrator.service.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One operation that a linker performed, for a target."""

    target: str
    operation: Operation
    applied: Applied


@dataclass
class Outcome:
    """What the linkers of a project did, gathered while they work: it stands also when they are cancelled."""

    done: list[Done] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def fail(self, error: HarnessSyncError, *, path: str, target: str = "") -> None:
        """Note what failed; the rest goes on."""
        self.failures.append(
            Failure(code=error.code, message=error.message, hint=error.hint, path=error.path or path, target=target)
        )

    def recorded_in(self, ledger: Ledger, transaction: str) -> Ledger:
        """The ledger with everything that was done. No two operations of a plan concern the same address."""
        applied = [one.applied for one in self.done]
        records = (
            with_origins(one.operation, one.applied.record, ledger.entries, transaction).items() for one in self.done
        )
        return ledger.changed(
            record=dict(chain.from_iterable(records)),
            forget=chain.from_iterable(each.forget for each in applied),
            made=chain.from_iterable(each.made for each in applied),
            unmade=chain.from_iterable(each.unmade for each in applied),
        )

    def counts(self, plan: Plan) -> Counts:
        """What became of the outputs of a plan."""
        made = counted(plan, (one.operation for one in self.done))
        return replace(made, skipped=plan.unchanged, errors=len(self.failures))

    def paths(self, root: Path) -> tuple[str, ...]:
        """Where something came, went or was exchanged, the folders that were made for it included."""
        changed = (one.operation.path for one in self.done)
        made = (address.path.rstrip("/") for one in self.done for address in one.applied.made)
        return tuple(f"{root}/{path}" for path in dict.fromkeys((*changed, *made)))

    def written(self, root: Path, history: History) -> dict[str, str | None]:
        """What now stands where something was done, for `files.echo`: absolute paths and digests. What is copied or
        restored, and what was adopted into a source, is not among it."""
        found: dict[str, str | None] = {}
        for one in self.done:
            operation, path = one.operation, f"{root}/{one.operation.path}"
            if operation.path in history.edited:
                edited = history.edited[operation.path]
                found[path] = None if edited is None else short_hash(edited)
            elif isinstance(operation, Remove):
                found[path] = None
            elif isinstance(operation, (MakeLink, WriteFile)):
                entry = one.applied.record[Address(operation.path)]
                if entry.method is not Method.COPY:
                    found[path] = entry.digest
            found.update(
                (f"{root}/{made.path}".rstrip("/"), FOLDER) for made in one.applied.made if made.path[-1] == "/"
            )
        return found

    @property
    def removed_documents(self) -> frozenset[str]:
        """The paths of merged files that we had made, and that went with their last key."""
        unmade = (address for one in self.done for address in one.applied.unmade)
        return frozenset(address.path for address in unmade if not address.pointer)

    def methods(self) -> dict[str, int]:
        return dict(Counter(one.applied.method for one in self.done if one.applied.method))

    def copies_for_links(self) -> int:
        """How many links were to be made, and are copies since none could be."""
        links = (one for one in self.done if isinstance(one.operation, MakeLink) and not one.operation.copied)
        return sum(one.applied.method == Method.COPY.value for one in links)


async def link(
    plan: Plan,
    root: Path,
    formats: Mapping[str, DocumentFormat],
    timestamp: str,
    limits: Limits,
    outcome: Outcome,
    history: History,
) -> None:
    """Run one linker for each target that has something to do. An operation that fails is noted in `outcome`; the
    others go on. On cancellation each linker finishes the operation in hand."""
    targets = dict.fromkeys(operation.owners[0] for operation in plan.operations)
    async with anyio.create_task_group() as group:
        for target in targets:
            work = partial(_perform, plan.for_target(target), root, formats, timestamp, outcome, history)
            group.start_soon(partial(threads.run_sync, work, limiter=limits.linking))


def link_at_once(
    plan: Plan,
    root: Path,
    formats: Mapping[str, DocumentFormat],
    timestamp: str,
    outcome: Outcome,
    history: History,
) -> None:
    """The same, for all targets in this thread. Blocking.

    What was done is made to last together: a file system that keeps a journal then writes it once.
    """
    targets = dict.fromkeys(operation.owners[0] for operation in plan.operations)
    operations = [operation for target in targets for operation in plan.for_target(target)]
    _perform(operations, root, formats, timestamp, outcome, history)


def _perform(
    operations: Sequence[Operation],
    root: Path,
    formats: Mapping[str, DocumentFormat],
    timestamp: str,
    outcome: Outcome,
    history: History,
) -> None:
    path, target = "", ""
    done: list[Done] = []
    try:
        with Below(root) as below:
            for operation in operations:
                anyio.from_thread.check_cancelled()
                path, target = operation.path, operation.owners[0]
                try:
                    applied = apply(
                        operation, root=root, formats=formats, timestamp=timestamp, below=below, history=history
                    )
                except ApplyError as error:
                    outcome.fail(error, path=path, target=target)
                else:
                    done.append(Done(target=target, operation=operation, applied=applied))
                    outcome.done.append(done[-1])
    except ApplyError as error:  # the root can't be opened, or what was done could not be made to last
        outcome.fail(error, path=path, target=target)
        for one in done:
            outcome.done.remove(one)  # it may be there, or gone with the power: the next sync sees to it
