"""Skills: folders with a `SKILL.md`, right below a `skills` folder.

Observed with Claude Code 2.1.330: the folder's name is what the skill is called by, and the front matter's `name`
what is shown; all other harnesses go by the latter. A skill without `description` is described by its first words.
Folders in folders are not searched, and a name that is no text is not used. The skills of a `.claude` further down in
the project load only when Claude Code works there, which no other harness does: they are not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from harnesssync_orchestrator.core.items import Skill
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.core.prompts import placeholders
from harnesssync_orchestrator.files.discovery.frontmatter import FrontMatter
from harnesssync_orchestrator.files.discovery.reader import Ground, Reader
from harnesssync_orchestrator.files.opened import is_within

SKILL_FILE = "SKILL.md"

_ARGUMENTS = frozenset({"argument-hint", "arguments"})
"""What the front matter of a skill says if people are to type something behind its name."""

MAX_DESCRIPTION = 1024
"""Characters of a description that is taken from the text: what the Agent Skills format allows for one."""


def read_skills(
    folder: str, ground: Ground, reader: Reader, *, namespace: str = "", switched_off: Collection[str] = ()
) -> Iterator[Skill]:
    """Every skill of a `skills` folder. In a plugin, `namespace` (`plugin:`) stands before the name of each."""
    for entry in reader.entries(folder, ground):
        if entry.kind == "file" or entry.name in switched_off or reader.kind_of(entry, ground) != "dir":
            continue
        if entry.kind == "link" and ground.plugin is None:
            _report_circle(entry.path, folder, reader)
        skill = read_skill(entry.path, entry.name, ground, reader, namespace=namespace)
        if skill is not None:
            yield skill


def _report_circle(link: str, folder: str, reader: Reader) -> None:
    """Tell of a link by which whoever searches the folder comes back to it: Claude Code looks no further, as we do."""
    if is_within(reader.looked.real(folder), reader.looked.real(link)):
        reader.report(
            "link_loop",
            "it links to a folder around it: OpenCode and Kilo Code may search for skills there without an end, and "
            "others find skills twice",
            link,
            "Remove the link.",
            hides=False,
        )


def read_skill(path: str, folder: str, ground: Ground, reader: Reader, *, namespace: str = "") -> Skill | None:
    """The skill in the folder `path`, called `folder`; None if there is none, or it can't be used."""
    file = f"{path}/{SKILL_FILE}"
    front_matter = reader.front_matter(file, ground, below_checked=True)
    if front_matter is None or not reader.safe(folder, "skill", file) or not reader.tree(path, ground):
        return None
    is_half = front_matter.is_broken or not front_matter.present  # its name may be another one than is found now
    reader.report_flaw(front_matter.flaw, file, hides=is_half and ground.plugin is None)
    return Skill(
        name=namespace + _name(front_matter, folder, file, reader),
        origin=ground.origin(file),
        folder=folder,
        description=described(front_matter),
        source=path,
        digest="",
        metadata=front_matter.metadata,
        placeholders=placeholders(front_matter.body, takes_arguments=not _ARGUMENTS.isdisjoint(front_matter.metadata)),
    )


def _name(front_matter: FrontMatter, folder: str, file: str, reader: Reader) -> str:
    name = front_matter.metadata.get("name")
    if not isinstance(name, str) or not name:
        return folder
    reason = why_unsafe(name)
    if reason is None:
        return name
    reader.report(
        "name_unsafe",
        f"the name in the front matter can't be used as a file name ({reason}); the folder's name is used instead",
        file,
        f"Write `name: {folder}`.",
        line=2,
        hides=False,
    )
    return folder


def described(front_matter: FrontMatter) -> str:
    """The `description`, or else the first line of the text that says something."""
    description = front_matter.metadata.get("description")
    if isinstance(description, str) and description.strip():
        return description
    if isinstance(description, int | float) and not isinstance(description, bool):
        return str(description)
    for line in front_matter.body.splitlines():
        words = line.strip().lstrip("#").strip()
        if words:
            return words[:MAX_DESCRIPTION]
    return ""


def has_kind_folder(base: str, kind: str) -> bool:
    """Has the checkout `base` a folder `.claude/<kind>`? A linked worktree without one uses its main checkout's."""
    return Path(base, ".claude", kind).is_dir()
