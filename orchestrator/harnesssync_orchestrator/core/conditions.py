"""What a merged file must be like for anything of ours to go into it."""

from __future__ import annotations

from harnesssync_orchestrator.core.desired import Condition, ElementOutput, KeyOutput, Output
from harnesssync_orchestrator.core.documents import Gap, value_at
from harnesssync_orchestrator.core.observed import Document, Missing, Observed


def unmet(output: Output, observed: Observed) -> Condition | None:
    """The condition of an output that its file does not fulfil, None if there is none.

    What can't be looked into fulfils it: that is another matter, and a conflict anyway.
    """
    if not isinstance(output, (KeyOutput, ElementOutput)) or (condition := output.condition) is None:
        return None
    if condition.there and isinstance(observed.paths.get(output.path), Missing):
        return condition
    document = observed.documents.get(output.path)
    if isinstance(document, Document):
        found = (value_at(document.values, pointer) for pointer in condition.without)
        if any(not isinstance(value, Gap) for value in found):
            return condition
    return None
