"""What of an import can be done: what is there already, what is in the way, and what git must not see.

Nothing that stands anywhere is ever replaced. A file that people also edit gets the keys and elements that it lacks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harnesssync_orchestrator.core.desired import JsonValue, short_hash, value_hash
from harnesssync_orchestrator.core.documents import Gap, position, value_at
from harnesssync_orchestrator.core.drift import Drift
from harnesssync_orchestrator.core.import_credentials import exposed_loss, places_of_credentials
from harnesssync_orchestrator.core.importing import Lost, New, NewElement, NewFile, NewFolder, NewKey, Readable
from harnesssync_orchestrator.core.items import (
    ItemId,
)
from harnesssync_orchestrator.core.plan import UpdateSource
from harnesssync_orchestrator.core.targets import AddElement, DocumentError, DocumentFormat, Edit, SetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What stands at a destination: a file's `content`, a folder's `files`, or what `blocked` says; else nothing.

    `leads_to` has the paths (below the root) of the other harness's files that it really is, by a link.
    """

    content: bytes | None = None
    files: Mapping[str, bytes] | None = None
    blocked: str = ""
    leads_to: str = ""


NOTHING = Stands()


@dataclass(frozen=True, slots=True)
class Refused:
    """What is left alone, since something else stands where it would go."""

    new: New
    message: str
    hint: str


@dataclass(kw_only=True)
class ImportPlan:
    """What is to be done. `new` is what the operations bring, `there` what is there already."""

    operations: list[UpdateSource] = field(default_factory=list)
    new: list[New] = field(default_factory=list)
    there: list[New] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


_HINT = "Bring over by hand what you need of it, or take away what is there, then import again"


def plan_import(
    results: Iterable[New | Lost],
    standing: Mapping[str, Stands],
    exposed: Mapping[str, str],
    formats: Mapping[str, DocumentFormat],
    *,
    target: str,
) -> ImportPlan:
    """Decide about everything that an adapter gives.

    `standing` has every destination; `exposed` says, of those that git could see, why. `target` is the harness.
    """
    plan = ImportPlan()
    merged: dict[str, list[NewKey | NewElement]] = defaultdict(list)
    claimed: dict[str, New] = {}
    for result in results:
        if isinstance(result, Lost):
            plan.lost.append(result)
        elif (lost := exposed_loss(result, exposed.get(result.path, ""))) is not None:
            plan.lost.append(lost)
        elif isinstance(result, (NewKey, NewElement)):
            merged[result.path].append(result)
        elif (other := claimed.get(result.path)) is not None and not _says_the_same(result, other):
            message = f"{other.source} goes to {result.path} as well, and says something else"
            plan.refused.append(Refused(result, message, "Decide which of the two counts"))
        elif other is not None:
            plan.there.append(result)
        else:
            claimed[result.path] = result
            _whole(plan, result, standing.get(result.path, NOTHING), target)
    for path, keys in merged.items():
        _document(plan, path, keys, standing.get(path, NOTHING), formats["json"], target)
    return plan


def _says_the_same(one: NewFile | NewFolder, other: New) -> bool:
    if isinstance(one, NewFolder):
        return isinstance(other, NewFolder) and one.files == other.files
    return isinstance(other, NewFile) and one.content == other.content


# --- files and folders


def _whole(plan: ImportPlan, new: NewFile | NewFolder, stands: Stands, target: str) -> None:
    missing = _missing(new, stands)
    if stands.leads_to and stands.leads_to == new.source:
        plan.there.append(new)
    elif stands.blocked:
        plan.refused.append(Refused(new, f"{new.path}: {stands.blocked}", _HINT))
    elif missing is None:
        line = new.line if isinstance(new, NewFile) else ""
        hint = f"Add the line {line} to it, or bring over by hand what you need" if line else _HINT
        plan.refused.append(Refused(new, f"{new.path} is there already, and says something else", hint))
    elif not missing:
        plan.there.append(new)
    else:
        secret = bool(places_of_credentials(new))
        plan.new.append(new)
        for path, file in missing:
            operation = _operation(new, target, path, file.content, secret=secret)
            plan.operations.append(replace(operation, executable=file.executable))


def _missing(new: NewFile | NewFolder, stands: Stands) -> list[tuple[str, Readable]] | None:
    """The files that have to be made, by path; None if something else stands there.

    Of a folder some may be there: an import may have been killed before it had brought all of it.
    """
    if isinstance(new, NewFolder):
        there = {} if stands == NOTHING else stands.files
        if there is None or any(name not in new.files or new.files[name].content != there[name] for name in there):
            return None
        return [(f"{new.path}/{name}", file) for name, file in sorted(new.files.items()) if name not in there]
    if stands == NOTHING:
        return [(new.path, Readable(new.content))]
    if stands.content is None:
        return None
    lines = {line.strip() for line in _plain(stands.content).split(b"\n")}
    known = {_plain(content) for content in (new.content, *new.alike)}
    return [] if _plain(stands.content) in known or (new.line and new.line.encode() in lines) else None


def _plain(content: bytes) -> bytes:
    """Without what makes no difference: line endings, and white space at the end."""
    return content.replace(b"\r\n", b"\n").rstrip()


def _operation(
    new: New, target: str, path: str, content: bytes, *, expected: bytes | None = None, secret: bool = False
) -> UpdateSource:
    return UpdateSource(
        path=path,
        owners=(target,),
        items=(ItemId(new.kind.value, path),),
        expected=None if expected is None else short_hash(expected),
        state=Drift.SOURCE_CHANGED,
        content=content,
        addresses=(),
        secret=secret,
    )


# --- keys and elements


def _document(
    plan: ImportPlan,
    path: str,
    keys: list[NewKey | NewElement],
    stands: Stands,
    document_format: DocumentFormat,
    target: str,
) -> None:
    """Decide about what goes into one JSON file, and edit it once."""
    content = document_format.empty if stands.content is None else stands.content
    edits: list[Edit] = []
    new: list[NewKey | NewElement] = []
    try:
        values = _values(stands, content, document_format)
        taken: dict[tuple[str, ...], JsonValue] = {}
        for each in keys:
            found = taken.get(each.pointer, value_at(values, each.pointer))
            if isinstance(each, NewElement):
                _element(plan, each, found, edits, new, taken)
            elif found is Gap.ABSENT:
                edits.append(SetKey(each.pointer, each.value))
                new.append(each)
                taken[each.pointer] = each.value
            elif not isinstance(found, Gap) and _same_value(found, each.value):
                plan.there.append(each)
            else:
                message = f"{path} has another {each.pointer[-1]} already"
                plan.refused.append(Refused(each, message, "Rename one of the two, then import again"))
        edited = document_format.edit(content, edits) if edits else content
    except DocumentError as error:
        left = [each for each in keys if each not in plan.there and all(each is not one.new for one in plan.refused)]
        plan.refused.extend(Refused(each, f"{path}: {error.message}", "Mend it, then import again") for each in left)
        return
    if edits:
        plan.new.extend(new)
        secret = any(places_of_credentials(each) for each in new)
        plan.operations.append(_operation(new[0], target, path, edited, expected=stands.content, secret=secret))


def _values(stands: Stands, content: bytes, document_format: DocumentFormat) -> Mapping[str, JsonValue]:
    """Raises DocumentError for what is no table of keys."""
    if stands.blocked or stands.files is not None:
        raise DocumentError(stands.blocked or "a folder stands there")
    values = document_format.parse(content)
    if not isinstance(values, Mapping):
        raise DocumentError("it holds no table of keys at its top")
    return values


def _element(
    plan: ImportPlan,
    new: NewElement,
    found: JsonValue | Gap,
    edits: list[Edit],
    added: list[NewKey | NewElement],
    taken: dict[tuple[str, ...], JsonValue],
) -> None:
    if found is Gap.ABSENT:
        found = []
    if not isinstance(found, list):
        plan.refused.append(Refused(new, f"{new.path}: {'/'.join(new.pointer)} is no list", _HINT))
    elif position(found, value_hash(new.value)) is not None:
        plan.there.append(new)
    else:
        edits.append(AddElement(new.pointer, new.value))
        added.append(new)
        taken[new.pointer] = [*found, new.value]


def _same_value(found: JsonValue, value: JsonValue) -> bool:
    return value_hash(_settled(found)) == value_hash(_settled(value))


def _settled(value: JsonValue) -> JsonValue:
    """A server without what says nothing: the type of what has a command, and what is empty."""
    if not isinstance(value, Mapping):
        return value
    left = {key: inner for key, inner in value.items() if inner not in ([], {}) and (key, inner) != ("type", "stdio")}
    if left.get("type") == "streamable-http":
        left["type"] = "http"
    return {
        key: dict(sorted(inner.items())) if isinstance(inner, Mapping) else inner for key, inner in sorted(left.items())
    }
