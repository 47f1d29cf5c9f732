"""The steps of a person in one project: at the sources, at the outputs, in merged files; their choices; and git."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.reliability.model import Model
from tests.reliability.model_source import DOCUMENTS, TARGETS, File, Link, Source, wishes
from tests.reliability.model_values import ABSENT, Document
from tests.reliability.model_world import Rig, document

NAMES: dict[str, tuple[str, ...]] = {
    "rules": ("CLAUDE.md", ".claude/rules/extra.md", "CLAUDE.local.md"),
    "skills": ("alpha", "beta"),
    "agents": ("gamma", "delta"),
    "commands": ("fix", "go"),
    "servers": ("docs", "wiki"),
    "programs": ("files", "shell"),
    "hooks": ("PostToolUse", "PreToolUse"),
    "env": ("MODE", "LEVEL"),
    "denied": ("WebFetch", "WebSearch"),
}
KINDS = st.sampled_from(sorted(NAMES))
WHICH = st.integers(0, 11)
STRANGERS = (".codex/own.toml", ".agents/skills/own/SKILL.md", ".gemini/own.md", ".opencode/agents/own.md")
TABLES = {".codex/config.toml": "mcp_servers", ".gemini/settings.json": "mcpServers", ".opencode/opencode.json": "mcp"}
GARBAGE = b"\n<<<<<<< mine-9999\n"


Step = TypeVar("Step", bound=Callable[..., None])


def when(condition: Callable[[Any], object]) -> Callable[[Step], Step]:
    """A step that does nothing unless something holds. Unlike a precondition it leaves the choice of steps to chance
    alone: what has become of a killed sync may hang on the clock."""

    def decorate(step: Step) -> Step:
        @functools.wraps(step)
        def maybe(self: Any, **named: Any) -> None:
            if condition(self):
                step(self, **named)

        return cast("Step", maybe)

    return decorate


class Person(RuleBasedStateMachine):
    """Each step changes the project and the model alike. A step that would do nothing is left out.

    `killed` says that a process was killed, and that none has put things right since.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()
        self.model = Model()
        self.strangers: dict[str, bytes] = {}
        self.branches: dict[str, Source] = {}
        self.branch = "main"
        self.words = 0
        self.killed = False

    def teardown(self) -> None:
        self.rig.close()

    @initialize(kinds=st.sets(KINDS, min_size=3))
    def begin(self, kinds: set[str]) -> None:
        """A person has a few things already."""
        for kind in sorted(kinds):
            getattr(self.model.source, kind)[NAMES[kind][0]] = self.word("from")
        self.rig.write_all({}, self.model.source.files())
        self.approve()

    def word(self, kind: str = "mine") -> str:
        """A word that occurs nowhere else: `mine-…` in outputs, `from-…` in sources."""
        self.words += 1
        return f"{kind}-{self.words:04d}"

    # --- a person at the sources

    def change(self, change: Callable[[Source], object]) -> None:
        before = self.model.source.files()
        change(self.model.source)
        self.rig.write_all(before, self.model.source.files())

    @rule(kind=KINDS, second=st.booleans())
    def edit_or_add_an_item(self, kind: str, second: bool) -> None:
        name = NAMES[kind][second]
        self.change(lambda source: getattr(source, kind).update({name: self.word("from")}))

    @rule(kind=KINDS, which=WHICH)
    def delete_an_item(self, kind: str, which: int) -> None:
        items = getattr(self.model.source, kind)
        if items:
            name = sorted(items)[which % len(items)]
            self.change(lambda source: getattr(source, kind).pop(name))

    @rule(kind=KINDS, which=WHICH)
    def rename_an_item(self, kind: str, which: int) -> None:
        items = getattr(self.model.source, kind)
        free = [name for name in NAMES[kind] if name not in items]
        if items and free:
            name = sorted(items)[which % len(items)]
            self.change(lambda source: getattr(source, kind).update({free[0]: getattr(source, kind).pop(name)}))

    @rule(kinds=st.sets(KINDS, min_size=4))
    def delete_much(self, kinds: set[str]) -> None:
        """By mistake, or because a disk is not there."""
        self.change(lambda source: [getattr(source, kind).clear() for kind in sorted(kinds)])

    @rule(kind=st.sampled_from(["programs", "hooks", "env"]))
    def change_what_runs(self, kind: str) -> None:
        """After a person approved it, perhaps."""
        for name in sorted(getattr(self.model.source, kind)):
            self.edit_or_add_an_item(kind, bool(NAMES[kind].index(name)))

    @rule(settings=st.booleans())
    def break_or_mend_a_source(self, settings: bool) -> None:
        file = ".claude/settings.json" if settings else ".mcp.json"
        self.change(lambda source: source.broken.symmetric_difference_update({file}))

    @rule()
    def switch_the_branch(self) -> None:
        """Commit what there is, and go to the other branch; a new one begins with what this one has."""
        there = [name for name in ("CLAUDE.md", ".claude", ".mcp.json") if (self.rig.root / name).exists()]
        self.rig.git("add", "-u")  # nothing but sources is tracked
        if there:
            self.rig.git("add", "--", *there)
        self.rig.git("commit", "-q", "--allow-empty", "-m", "all")
        self.branches[self.branch] = self.model.source.copy()
        self.branch = "other" if self.branch == "main" else "main"
        if self.branch not in self.branches:
            self.rig.git("checkout", "-q", "-b", self.branch)
            return
        self.rig.git("checkout", "-q", self.branch)
        local = self.model.source.rules.get("CLAUDE.local.md")
        self.model.source = self.branches[self.branch].copy()
        self.model.source.rules.pop("CLAUDE.local.md", None)
        if local is not None:  # which is never committed
            self.model.source.rules["CLAUDE.local.md"] = local

    # --- a person at the outputs

    def output(self, which: int) -> str | None:
        """The path of one of the wholes that are wanted now, or were."""
        paths = {at.path for at in wishes(self.model.source, frozenset(TARGETS)) if not at.pointer}
        paths |= self.model.wholes.keys()
        return sorted(paths)[which % len(paths)] if paths else None

    @rule(which=WHICH)
    def edit_an_output(self, which: int) -> None:
        """Or put something there before we do."""
        path = self.output(which)
        if path is not None:
            content = f"{self.word()}\n".encode()
            if isinstance(self.model.wholes.get(path), Link):
                self.rig.delete(path)
            self.rig.write(path, content)
            self.model.wholes[path] = File(content)

    @rule(which=WHICH)
    def link_an_output_elsewhere(self, which: int) -> None:
        path = self.output(which)
        if path is not None:
            text = f"elsewhere/{self.word()}"
            self.rig.link(path, text)
            self.model.wholes[path] = Link(text)

    @rule(which=WHICH)
    @when(lambda self: self.model.wholes)
    def delete_an_output(self, which: int) -> None:
        path = sorted(self.model.wholes)[which % len(self.model.wholes)]
        self.rig.delete(path)
        del self.model.wholes[path]

    @rule(which=WHICH)
    @when(lambda self: not self.killed)
    def write_by_hand_what_we_would_write(self, which: int) -> None:
        """It is theirs then, if it was not ours before."""
        wanted = {at.path: wish for at, wish in self.model.permitted()[0].items() if not at.pointer}
        if wanted:
            path = sorted(wanted)[which % len(wanted)]
            value = wanted[path].value
            if isinstance(self.model.wholes.get(path), Link):
                self.rig.delete(path)
            if isinstance(value, Link):
                self.rig.link(path, value.text)
            else:
                self.rig.write(path, value.content)
            self.model.wholes[path] = value

    @rule(which=WHICH)
    def put_a_file_among_ours(self, which: int) -> None:
        path = STRANGERS[which % len(STRANGERS)]
        content = f"{self.word()}\n".encode()
        self.rig.write(path, content)
        self.strangers[path] = content

    @rule(which=WHICH)
    @when(lambda self: self.strangers)
    def take_a_file_of_theirs_away(self, which: int) -> None:
        path = sorted(self.strangers)[which % len(self.strangers)]
        self.rig.delete(path)
        del self.strangers[path]

    # --- a person in merged files

    @rule(path=st.sampled_from(sorted(DOCUMENTS)), form=st.integers(0, 5))
    def put_a_document_of_their_own(self, path: str, form: int) -> None:
        """In place of what is there. Some hold a key of the name of ours, or a value where we need a table."""
        content = self.document(path, form)
        self.rig.write(path, content)
        self.model.documents[path] = document(path, content, content)

    def document(self, path: str, form: int) -> bytes:
        one, two, three = self.word(), self.word(), self.word()
        table = TABLES.get(path, "hooks")
        if DOCUMENTS[path] == "toml":
            forms = (
                f'# {one}\nmodel = "{two}"\n\n[mcp_servers.own]\ncommand = "{three}"  # mine\n',
                f'model = "{one}"\r\n# {two}\r\n[{table}.own]\r\ncommand = "{three}"',
                f'[{table}.docs]\nurl = "{one}"\n# {two}\n',
                f'{table} = "{one}"\n',
                f'{table}.own = {{ command = "{one}" }} # {two}\n',
                f'# {one}\n[shell_environment_policy.set]\nMODE = "{two}" # {three}\n',
            )
        else:
            forms = (
                f'{{\n    "theme": "{one}", // {two}\n    "{table}": {{"own": {{"command": "{three}"}}}}\n}}\n',
                f'{{\r\n\t"theme": "{one}" /* {two} */\r\n}}',
                f'{{"{table}": {{"docs": {{"url": "{one}"}} /* {two} */}}}}\n',
                f'{{"{table}": "{one}"}}\n',
                f'{{"context": {{"fileName": ["{one}"]}}, "instructions": ["{two}", "{three}"]}}\n',
                f'// {one}\n{{"hooks": {{"PostToolUse": ["{three}"], "AfterTool": [{{"matcher": "{two}"}}]}}}}\n',
            )
        return forms[form].encode()

    def edit(self, path: str, change: Callable[[bytes], bytes], *, exact: bool = True) -> None:
        """Edit the text around our keys. What would be left without them is edited likewise, if that is sure."""
        base = self.model.documents[path].base
        content = change(self.rig.read(path))
        self.rig.write(path, content)
        known = exact and isinstance(base, bytes)
        self.model.documents[path] = document(path, content, change(base) if known else ABSENT)

    def some_document(self, which: int) -> tuple[str, Document]:
        path = sorted(self.model.documents)[which % len(self.model.documents)]
        return path, self.model.documents[path]

    @rule(which=WHICH, word=WHICH)
    @when(lambda self: self.model.documents)
    def edit_a_word_in_a_document(self, which: int, word: int) -> None:
        path, found = self.some_document(which)
        if found.tokens and found.values is not None:
            old = found.tokens[word % len(found.tokens)].encode()
            new = self.word().encode()
            self.edit(path, lambda content: content.replace(old, new))

    @rule(which=WHICH)
    @when(lambda self: self.model.documents)
    def put_a_comment_before_a_document(self, which: int) -> None:
        path, found = self.some_document(which)
        if found.values is not None:
            mark = "#" if DOCUMENTS[path] == "toml" else "//"
            comment = f"{mark} {self.word()}\n".encode()
            self.edit(path, lambda content: comment + content)

    @rule(which=WHICH, entry=WHICH)
    @when(lambda self: self.model.documents)
    def edit_a_key_of_ours(self, which: int, entry: int) -> None:
        """It is theirs then, and a conflict."""
        path, found = self.some_document(which)
        words = sorted({word for word in self.rig.read(path).split(b'"') if b"from-" in word})
        if words and found.values is not None:
            old, new = words[entry % len(words)], self.word().encode()
            self.edit(path, lambda content: content.replace(b'"' + old + b'"', b'"' + new + b'"'), exact=False)

    @rule(which=WHICH)
    @when(lambda self: self.model.documents and not self.model.unrecorded)
    def break_or_mend_a_document(self, which: int) -> None:
        path, found = self.some_document(which)
        now = self.rig.read(path)
        if now.endswith(GARBAGE):
            self.edit(path, lambda content: content.removesuffix(GARBAGE))
        else:
            # Where ours stands behind a line that had no end, that is what ends it, and not what is appended here.
            exact = now == found.base or (isinstance(found.base, bytes) and found.base.endswith(b"\n"))
            self.edit(path, lambda content: content + GARBAGE, exact=exact)

    @rule(which=WHICH)
    @when(lambda self: self.model.documents)
    def delete_a_document(self, which: int) -> None:
        path, _ = self.some_document(which)
        self.rig.delete(path)
        del self.model.documents[path]

    # --- choices

    @rule(harness=st.sampled_from(TARGETS))
    def turn_a_target_on_or_off(self, harness: str) -> None:
        self.model.targets ^= {harness}

    @rule()
    def approve(self) -> None:
        """All that is there now; what comes later waits."""
        self.model.approve()
        self.rig.approve()

    @rule()
    def withdraw_approval(self) -> None:
        self.model.approved, self.model.doubted = frozenset(), frozenset()
        self.model.is_elsewhere = False
        self.rig.withdraw()

    @rule()
    def mount_anew(self) -> None:
        """What was approved may have been approved elsewhere; nobody knows."""
        if self.model.doubted is not None:
            self.model.doubted |= self.model.approved
        self.model.approved, self.model.is_elsewhere = frozenset(), bool(self.rig.approvals)
        self.rig.mount_anew()

    @rule()
    def lose_the_registry(self) -> None:
        """Whatever is there may have been approved."""
        self.model.approved, self.model.doubted, self.model.is_elsewhere = frozenset(), None, False
        self.rig.lose_the_registry()
