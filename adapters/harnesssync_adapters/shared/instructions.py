"""Rules as `AGENTS.md`, in every folder that has some: a link where that says the same, else rendered.

All targets that want the file want the very same bytes, so that it exists once. Codex, OpenCode and, when its
settings name the file, Gemini CLI follow a link and load it once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harnesssync_adapters.shared.conditional import because, set_apart
from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import FileOutput, LinkOutput, Loss, Output, short_hash
from harnesssync_orchestrator.core.items import Kind, Rule, Scope
from harnesssync_orchestrator.core.targets import View

AGENTS = "AGENTS.md"
UNSHARED = "imports: then AGENTS.md is rendered; conditions of rules, where a harness that has none shares it"
"""What is lost of the rules of a project where rules of certain files have a place of their own."""
ALL_RULES = frozenset({Kind.RULE})
"""What an output gathers that has the text of all rules of a folder, or of all of a person's own."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The rules of one folder (below the root, `""` for the root): those for all, and a person's own. Those that are
    set `apart` are for all as well, each in a file of the target's own, for the files that it names."""

    directory: str
    public: tuple[Rule, ...]
    private: tuple[Rule, ...]
    apart: tuple[Rule, ...] = ()

    def path(self, name: str) -> str:
        """The path of a file in this folder, below the root."""
        return posixpath.join(self.directory, name)

    @property
    def is_plain(self) -> bool:
        """Is the whole of it one file whose bytes are the whole rule?"""
        return len(self.public) == 1 and self.public[0].plain and not self.public[0].globs


def folders(view: View, rules: Sequence[Rule]) -> list[Folder]:
    """The rules by the folder that they speak for, in the order in which Claude Code reads them."""
    directories = dict.fromkeys(rule.directory for rule in rules)
    found = []
    for directory in directories:
        here = [rule for rule in rules if rule.directory == directory]
        own = tuple(rule for rule in here if rule.origin.private and view.scope is Scope.PROJECT)
        whole = Folder(directory, tuple(rule for rule in here if rule not in own), own)
        leading = [rule for rule in whole.public if _leads_to_agents_md(view, whole, rule)]
        others = [rule for rule in whole.public if rule not in leading]
        apart = {rule.id: rule for rule in set_apart(view, others, by_hand=bool(leading))}
        public = tuple(rule for rule in whole.public if rule.id not in apart)
        found.append(replace(whole, public=public, apart=tuple(apart.values())))
    return found


def agents_md(view: View, folder: Folder, path: str) -> Iterator[Output | Loss]:
    """`AGENTS.md` (or another file at `path`) for the public rules of a folder."""
    if not folder.public:
        return
    if (written := written_by_hand(view, folder)) is not None:
        yield from written
        return
    yield from document(view, folder, path)


def unless_hidden(view: View, folder: Folder, path: str, hiding: Iterable[str]) -> Iterator[Output | Loss]:
    """The same, for a harness that reads `CLAUDE.md` itself until something stands at one of the paths `hiding`."""
    for result in agents_md(view, folder, path):
        yield result if isinstance(result, Loss) else replace(result, only_beside=frozenset(hiding))


def all_hiding(some: Sequence[Folder]) -> frozenset[str]:
    """Where an `AGENTS.md` hides a `CLAUDE.md`, if it does so from every folder that is the same or below."""
    found = {""} if some else set()
    for folder in some:
        parts = folder.directory.split("/")
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return frozenset(posixpath.join(directory, AGENTS) for directory in found)


def document(view: View, folder: Folder, path: str) -> Iterator[Output | Loss]:
    """The public rules of a folder as the file at `path`: a link to the one that says it all, else rendered."""
    items = tuple(rule.id for rule in folder.public)
    if folder.is_plain:
        rule = folder.public[0]
        digest = short_hash(rule.text.encode("utf-8", "surrogateescape"))
        yield LinkOutput(path=path, items=items, source=rule.source, directory=False, digest=digest, gathers=ALL_RULES)
        return
    yield FileOutput(path=path, items=items, content=rendered(folder.public), gathers=ALL_RULES)
    yield from conditional_losses(view, folder.public)


def private_file(view: View, rules: Sequence[Rule], path: str, *, header: bytes = b"") -> Iterator[Output | Loss]:
    """A person's own rules, in a file that is read besides `AGENTS.md` and that git does not see."""
    items = tuple(rule.id for rule in rules)
    yield FileOutput(path=path, items=items, content=header + rendered(rules), private=True, gathers=ALL_RULES)
    yield from conditional_losses(view, rules)


def one_private_file(view: View, rules: Sequence[Rule], path: str, *, header: bytes = b"") -> Iterator[Output | Loss]:
    """A person's own rules of all folders in one file, for harnesses that have none for a folder."""
    own = [rule for rule in rules if rule.origin.private and view.scope is Scope.PROJECT]
    if own:
        yield from private_file(view, own, path, header=header)
        for rule in own:
            if rule.directory:
                yield loss(view, rule, rule.name, "it is always loaded, not only for its folder")


def root_only(view: View, rules: Sequence[Rule], harness: str) -> Iterator[Output | Loss]:
    """`AGENTS.md` in the root of a project, for harnesses that read no other; what speaks for a folder is lost."""
    for folder in folders(view, rules):
        if not folder.directory:
            yield from agents_md(view, folder, AGENTS)
            continue
        for rule in folder.public:
            yield loss(view, rule, rule.name, f"{harness} reads no {AGENTS} below the root of a project")


def is_claude_md(view: View, folder: Folder, *, imports: bool = False) -> bool:
    """Is `CLAUDE.md` itself, with nothing besides, all that the folder says to everybody? Then a harness that reads
    that file needs no other. With `imports`, for one that follows them too."""
    if len(folder.public) != 1 or folder.public[0].globs:
        return False
    (rule,) = folder.public
    return rule.source == _claude_md(view, folder) and (rule.plain or (imports and bool(rule.imports)))


def told_twice(view: View, folder: Folder, harness: str) -> Iterator[Loss]:
    """That a harness which reads `CLAUDE.md` besides a rendered `AGENTS.md` is told its text twice."""
    for rule in folder.public:
        if rule.source == _claude_md(view, folder):
            yield loss(view, rule, "told once", f"{harness} reads CLAUDE.md besides AGENTS.md: its text is there twice")


def told_twice_beside(
    view: View, folder: Folder, harness: str, *, reads: Container[str] | None = None
) -> Iterator[Loss]:
    """The same, of a harness for which no `AGENTS.md` is written: only beside one that is rendered for another. It
    reads rules of these names itself, or all of them."""
    path = folder.path(AGENTS)
    why = f"{harness} reads {path} too, which is rendered for another harness: its text is there twice"
    for rule in folder.public:
        if reads is None or rule.name in reads:
            yield replace(loss(view, rule, "told once", why), beside=path)


def _claude_md(view: View, folder: Folder) -> str:
    return posixpath.join(view.root, folder.path("CLAUDE.md") if view.scope is Scope.PROJECT else ".claude/CLAUDE.md")


def written_by_hand(view: View, folder: Folder) -> list[Loss] | None:
    """Is `AGENTS.md` itself what `CLAUDE.md` leads to? Then it is the source, nothing is written, and what
    Claude Code is told besides is lost. None if it isn't."""
    if not any(_leads_to_agents_md(view, folder, rule) for rule in folder.public):
        return None
    name = folder.path(AGENTS)
    own = posixpath.join(view.root, name)
    why = (
        f"{name} is written by hand, and CLAUDE.md leads to it: move its text into CLAUDE.md itself and delete it, and "
        "one of all rules is written in its place"
    )
    return [
        replace(loss(view, rule, rule.name, why), left_out=True)
        for rule in folder.public
        if rule.source != own and (own not in rule.imports or not _only_imports(rule))
    ]


def _leads_to_agents_md(view: View, folder: Folder, rule: Rule) -> bool:
    own = posixpath.join(view.root, folder.path(AGENTS))
    return rule.source == own or own in rule.imports


def _only_imports(rule: Rule) -> bool:
    return all(line.strip() in ("", "@AGENTS.md", "@./AGENTS.md") for line in rule.text.splitlines())


def besides_claude_md(view: View, rules: Sequence[Rule], harness: str) -> Iterator[Output | Loss]:
    """`AGENTS.md` in the root, for harnesses that read `CLAUDE.md` there too: only where that does not say it all."""
    root = next((folder for folder in folders(view, rules) if not folder.directory), None)
    is_native = root is not None and is_claude_md(view, root)
    for result in root_only(view, rules, harness):
        if isinstance(result, Loss) or not is_native:
            yield result
    if root is not None and not is_native:
        yield from told_twice(view, root, harness)


def conditional_losses(view: View, rules: Sequence[Rule]) -> Iterator[Loss]:
    """Rules for certain files become advice: they are always in view. Who could do better is told why."""
    for rule in rules:
        if rule.globs:
            why = f"the rule is always loaded, under a heading that names the files{because(view, rule)}"
            yield loss(view, rule, f"paths: {', '.join(rule.globs)}", why)


def rendered(rules: Sequence[Rule]) -> bytes:
    """Several rules as one text: imports expanded, conditional rules under a heading that says when they hold."""
    names = ", ".join(dict.fromkeys(_comment_safe(rule.name) for rule in rules))
    parts = [f"<!-- Generated by harnesssync from {names}. Edit there: changes made here are not kept. -->"]
    for rule in rules:
        text = rule.expanded.replace("\r\n", "\n").strip()
        if rule.globs:
            globs = ", ".join(f"`{glob}`" for glob in rule.globs)
            parts.append(f"# Only for files that match {globs}\n\n{text}")
        elif text:
            parts.append(text)
    return ("\n\n".join(parts) + "\n").encode("utf-8", "surrogateescape")


def _comment_safe(name: str) -> str:
    """A name inside an HTML comment: two hyphens would end it in some readers."""
    return " ".join(name.replace("--", "&#45;&#45;").replace(">", "&gt;").split())
