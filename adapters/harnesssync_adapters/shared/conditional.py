"""Rules for certain files: who finds one in the `AGENTS.md` that several share, and who in a file of its own.

`AGENTS.md` has no conditions. A rule that has one stays out of it where all targets of the project that read it can do
without, and one of them can say for which files it holds. Otherwise it is there, for all of them, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harnesssync_orchestrator.core.items import Rule, Scope
from harnesssync_orchestrator.core.targets import Apart, Target, View

_NAMED = 3
"""Harnesses that a loss names; of more, how many there are."""


def needing(company: Sequence[Target], rule: Rule) -> list[Target]:
    """The targets for which a rule has to be in the `AGENTS.md` of its folder; none if it stays out of that."""
    found = [(one, apart) for one in company if (apart := _apart(one, rule)) is not None]
    if all(apart is not Apart.CONDITIONAL for _, apart in found):
        return [one for one, _ in found]
    return [one for one, apart in found if apart is Apart.NOT]


def _apart(target: Target, rule: Rule) -> Apart | None:
    """How a target can be told a rule elsewhere, None if it does not read the `AGENTS.md` that would have it."""
    if target.shared is None or (rule.directory and not target.shared.below):
        return None
    return target.shared.apart(rule)


def set_apart(view: View, rules: Sequence[Rule], *, by_hand: bool) -> Iterator[Rule]:
    """Which of the public `rules` of a folder this target finds in files of its own. Where its `AGENTS.md` is written
    `by_hand`, none of them is in that for anybody."""
    for rule in rules:
        if rule.globs and view.scope is Scope.PROJECT and (own := _own(view)) is not None:
            able = _apart(own, rule) in (Apart.ALWAYS, Apart.CONDITIONAL)
            if able and (by_hand or not needing(view.company, rule)):
                yield rule


def because(view: View, rule: Rule) -> str:
    """For whose sake a rule is in `AGENTS.md`, as the end of a sentence, for a target that could do better."""
    own = _own(view)
    if view.scope is not Scope.PROJECT or own is None or _apart(own, rule) is not Apart.CONDITIONAL:
        return ""
    names = [one.name for one in needing(view.company, rule)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    told = f": AGENTS.md is shared with {', '.join(names[:_NAMED])}{more}, which can't be told it for these alone"
    return told if names else ""


def _own(view: View) -> Target | None:
    return next((one for one in view.company if one.id == view.target), None)
