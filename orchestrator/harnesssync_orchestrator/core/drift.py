"""Drift, told by three hashes: of what is wanted, of what is there, and of what we last wrote; and what to do about it.

| wanted | there              | wrote              | state            |
|--------|--------------------|--------------------|------------------|
| A      | A                  | anything           | `in-step`        |
| B      | A                  | A                  | `source-changed` |
| A      | nothing            | nothing            | `source-changed` |
| A      | nothing            | anything           | `missing`        |
| A      | B                  | A                  | `output-edited`  |
| C      | B                  | A                  | `both`           |
| A      | B                  | nothing            | `foreign`        |
| nothing| A or B             | A                  | `orphan`         |

An output that a person decided to keep is `kept`, whatever the hashes say.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import Address


class Drift(enum.Enum):
    """How an output stands, mildest first. The words are stable: scripts read them (docs/json.md)."""

    IN_STEP = "in-step"
    KEPT = "kept"
    SOURCE_CHANGED = "source-changed"
    MISSING = "missing"
    ORPHAN = "orphan"
    FOREIGN = "foreign"
    OUTPUT_EDITED = "output-edited"
    BOTH = "both"


UNKNOWN = "?"
"""In place of the digest of what can't be looked at, or has no digest: it is nobody's."""

_SEVERITY = {state: number for number, state in enumerate(Drift)}


class Choice(enum.Enum):
    """What a person decides about one output that is not as we left it."""

    RESTORE = "restore"
    KEEP = "keep"
    ADOPT = "adopt"


class Policy(enum.Enum):
    """What is done about an edited output without asking: nothing, ours again, or the edit into the source."""

    ASK = "ask"
    RESTORE = "restore"
    ADOPT = "adopt"


def classify(*, wanted: str | None, there: str | None, wrote: str | None) -> Drift:
    """The state by three digests; None is for nothing (not wanted, not there, not written by us)."""
    if there == wanted:
        return Drift.IN_STEP
    if there is None:
        return Drift.SOURCE_CHANGED if wrote is None else Drift.MISSING
    if wrote is None:
        return Drift.FOREIGN
    if wanted is None:
        return Drift.ORPHAN
    if there == wrote:
        return Drift.SOURCE_CHANGED
    return Drift.OUTPUT_EDITED if wanted == wrote else Drift.BOTH


def worst(states: Sequence[Drift]) -> Drift:
    """The one that matters most; in step if there are none."""
    return max(states, key=_SEVERITY.__getitem__, default=Drift.IN_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPolicies:
    """What one project has of its own. `policy` is None where it follows the general one."""

    policy: Policy | None = None
    targets: Mapping[str, Policy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies of a person's own settings, which no repository can change. `projects` go by resolved path.

    What is said about a project beats what is said in general, and what is said about a target beats the rest.
    """

    policy: Policy = Policy.ASK
    targets: Mapping[str, Policy] = field(default_factory=dict)
    projects: Mapping[str, ProjectPolicies] = field(default_factory=dict)

    def of(self, project: str, target: str) -> Policy:
        """What holds for the outputs of one target in one project."""
        own = self.projects.get(project, _NOTHING_OF_ITS_OWN)
        if target in own.targets:
            return own.targets[target]
        return own.policy or self.targets.get(target, self.policy)

    def key(self, project: str, targets: Sequence[str]) -> str:
        """Stands for all that is said about one project: another key, another sync."""
        return ",".join(self.of(project, target).value for target in targets)


_NOTHING_OF_ITS_OWN = ProjectPolicies()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What is to be done about the drift of one project: a person's `choices` for this one sync, and policies."""

    project: str = ""
    policies: Policies = field(default_factory=Policies)
    choices: Mapping[Address, Choice] = field(default_factory=dict)

    def restoring(self, addresses: Collection[Address]) -> Resolution:
        """With the choice to restore these too."""
        return replace(self, choices={**self.choices, **dict.fromkeys(addresses, Choice.RESTORE)})

    def of(
        self, address: Address, owners: Sequence[str], state: Drift | None, *, tracked: bool = False
    ) -> Choice | None:
        """The choice that holds for one output; None leaves it alone.

        Policies are about edits of what we wrote, never about what is not ours, nor about what is `tracked`: a link or
        file that git has there came with a branch, and nobody edited ours. Targets that share an output and disagree
        leave it alone.
        """
        if address in self.choices:
            return self.choices[address]
        if tracked or state not in (Drift.OUTPUT_EDITED, Drift.BOTH):
            return None
        policies = {self.policies.of(self.project, owner) for owner in owners}
        return _CHOICES[policies.pop()] if len(policies) == 1 else None


_CHOICES = {Policy.ASK: None, Policy.RESTORE: Choice.RESTORE, Policy.ADOPT: Choice.ADOPT}
