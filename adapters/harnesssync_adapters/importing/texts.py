"""Rules, skills, agents and commands of other harnesses as files of Claude Code's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from harnesssync_adapters.formats.front_matter import markdown
from harnesssync_adapters.shared.commands import NUMBERS
from harnesssync_orchestrator.core.desired import JsonValue
from harnesssync_orchestrator.core.importing import Documents, Lost, New, NewFile, NewFolder, Readable, fits
from harnesssync_orchestrator.core.items import Kind, Scope
from harnesssync_orchestrator.core.names import why_unsafe

AGENTS = "AGENTS.md"
MAX_FRONT_MATTER = 64 * 1024
"""Characters: what is longer takes too long to be read as YAML."""


class Parted(NamedTuple):
    """A Markdown file: its front matter, and the text behind that. `flaw` says what is wrong with it."""

    front: Mapping[str, Any]
    body: str
    flaw: str = ""


TextReader = Callable[[str, Parted], Iterable[New | Lost]]
"""What becomes of one Markdown file, by its path and its parts."""


def part(file: Readable) -> Parted:
    """Take a Markdown file apart. What is no YAML is read line by line, as `globs: *.ts` is meant."""
    try:
        text = file.text
    except UnicodeDecodeError:
        return Parted({}, "", "it is not UTF-8")
    if not text.startswith("---\n"):
        return Parted({}, text)
    block, fence, body = text[3:].partition("\n---")
    if not fence:
        return Parted({}, text)
    if len(block) > MAX_FRONT_MATTER:
        return Parted({}, "", "its front matter is too long")
    try:
        front = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        pairs = (line.partition(":") for line in block.split("\n") if ":" in line and not line.startswith((" ", "-")))
        front = {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}
    _, _, body = body.partition("\n")
    return Parted(front if isinstance(front, dict) else {}, body)


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas, as several."""
    if isinstance(value, str):
        return tuple(one for one in (each.strip() for each in value.split(",")) if one)
    return tuple(str(one) for one in value if one) if isinstance(value, (list, tuple)) else ()


def unsaid(source: str, front: Mapping[str, Any], known: Iterable[str], why: str) -> Iterator[Lost]:
    """A loss for each setting of a file's front matter that says something and is not `known`."""
    left = set(known)
    for key, value in front.items():
        if str(key) not in left and value not in (None, "", [], {}, False):
            yield Lost(source=source, key=str(key), why=why)


# --- rules


def instructions(documents: Documents, path: str, to: str) -> Iterator[New]:
    """Instructions for everything in a folder, as text of their own."""
    content = documents.files[path].content
    if content.strip():
        yield NewFile(kind=Kind.RULE, source=path, path=to, content=content)


def agents_md(documents: Documents) -> Iterator[New]:
    """Each `AGENTS.md` of a project by a `CLAUDE.md` beside it that imports it: so there is one text, not two."""
    for path, file in documents.matching(f"**/{AGENTS}"):
        if file.content.strip():
            yield NewFile(
                kind=Kind.RULE,
                source=path,
                path=posixpath.join(posixpath.dirname(path), "CLAUDE.md"),
                content=f"@{AGENTS}\n".encode(),
                alike=(file.content, f"@./{AGENTS}\n".encode()),
                line=f"@{AGENTS}",
            )


def beside_agents_md(documents: Documents, name: str, *, both: bool) -> Iterator[New]:
    """Each file of this name as a `CLAUDE.md` beside it. A copy, not an import: what is imported would be read twice by
    its harness for ever. `AGENTS.md` counts where the harness reads `both`, or where such a name leads to it."""
    linked = {real for path, real in documents.links.items() if posixpath.basename(path) == name}
    shared = {new.path: new for new in agents_md(documents) if both or new.source in linked}
    for path, file in documents.matching(f"**/{name}"):
        to = posixpath.join(posixpath.dirname(path), "CLAUDE.md")
        if not file.content.strip():
            continue
        if isinstance(agents := shared.get(to), NewFile):  # both are read there
            content = agents.content + b"\n" + file.content
            shared[to] = NewFile(kind=Kind.RULE, source=path, path=to, content=content)
        else:
            yield NewFile(kind=Kind.RULE, source=path, path=to, content=file.content)
    yield from shared.values()


def rule(path: str, stem: str, globs: Sequence[str], body: str) -> NewFile:
    """A rule of its own, for some files alone if there are `globs`."""
    everywhere = not globs or any(glob in ("**", "**/*", "*") for glob in globs)
    text = body.strip() + "\n"
    content = text.encode("utf-8") if everywhere else markdown({"paths": list(globs)}, text)
    return NewFile(kind=Kind.RULE, source=path, path=f".claude/rules/{stem}.md", content=content)


# --- skills


def skills(documents: Documents, *folders: str) -> Iterator[New | Lost]:
    """Every skill below these folders, whole: a folder that has a `SKILL.md`."""
    for folder in folders:
        roots = [posixpath.dirname(path) for path in documents.files if fits(path, f"{folder}/*/SKILL.md")]
        for root in sorted(roots):
            name = posixpath.basename(root)
            if (reason := why_unsafe(name)) is not None:
                yield Lost(source=root, key="", why=f"{name!r} can't be the name of a skill: {reason}")
                continue
            files = {path[len(root) + 1 :]: file for path, file in documents.files.items() if _below(path, root)}
            yield NewFolder(kind=Kind.SKILL, source=root, path=f".claude/skills/{name}", files=files)


def _below(path: str, root: str) -> bool:
    return path.startswith(f"{root}/")


def skill_patterns(*folders: str) -> tuple[str, ...]:
    return tuple(f"{folder}/*/**/*" for folder in folders)


# --- agents and commands


def agent(path: str, name: str, front: Mapping[str, JsonValue], prompt: str) -> New | Lost:
    """A sub-agent. Claude Code loads none without a description."""
    if (reason := why_unsafe(name)) is not None:
        return Lost(source=path, key="name", why=f"{name!r} can't be the name of an agent: {reason}")
    told = {"name": name, "description": str(front.get("description") or name)}
    rest = {key: value for key, value in front.items() if key not in told and value not in (None, "", [], ())}
    content = markdown({**told, **rest}, prompt)
    return NewFile(kind=Kind.AGENT, source=path, path=f".claude/agents/{name}.md", content=content)


def command(path: str, parts: Sequence[str], front: Mapping[str, JsonValue], prompt: str) -> New | Lost:
    """A slash command; `parts` are the folders that it is in, and its name."""
    for each in parts:
        if (reason := why_unsafe(each)) is not None:
            return Lost(source=path, key="", why=f"{each!r} can't be the name of a command: {reason}")
    given = {key: value for key, value in front.items() if value not in (None, "", [], ())}
    text = prompt.strip() + "\n"
    content = markdown(given, text) if given else text.encode("utf-8")
    return NewFile(kind=Kind.COMMAND, source=path, path=f".claude/commands/{'/'.join(parts)}.md", content=content)


_NUMBERED = re.compile(r"\$([1-9])(?!\w)")
_SHELL = re.compile(r"(?<!\S)!(?=`)|^```(?=!$)", re.MULTILINE)


def counted_from_nothing(prompt: str) -> str:
    """The text of a command whose first argument is `$1`: Claude Code's is `$0`. What it takes for amounts of money
    stays."""
    numbers = {int(number) for number in _NUMBERED.findall(prompt)}

    def counted(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"${number - 1}" if number < 3 or number - 1 in numbers else match[0]

    return _NUMBERED.sub(counted, prompt)


def without_arguments(prompt: str) -> str:
    """The text of a command in which nothing is meant for Claude Code: a backslash keeps arguments as text, and a space
    what it would run."""
    return _SHELL.sub(r"\g<0> ", NUMBERS.sub(r"\\$", prompt))


def stems(path: str, folder: str, *endings: str) -> list[str]:
    """The names of a file below a folder, without its ending."""
    for ending in endings:
        if path.endswith(ending):
            path = path[: -len(ending)]
            break
    return path[len(folder) + 1 :].split("/")


def each_text(documents: Documents, patterns: Sequence[str], read: TextReader) -> Iterator[New | Lost]:
    """What `read` makes of every Markdown file that a pattern fits; a loss for one that is no text."""
    for path, file in documents.matching(*patterns):
        parted = part(file)
        if parted.flaw:
            yield Lost(source=path, key="", why=parted.flaw)
        else:
            yield from read(path, parted)


def in_scope(documents: Documents, project: str, user: str) -> str:
    return project if documents.scope is Scope.PROJECT else user
