"""A person, git, several targets and a process that may die, in any order, on one real project; and after each step a
look at every byte of it, against what the model says.

What must hold after every step:

- every file and link of a person is there as they left it, or where their own step put it;
- nothing is on disk that the model does not know, and nothing is missing;
- state, exit code, conflicts, held outputs and counts of the report are those of the model;
- what needed no change has its inode and time still, so a second sync writes nothing;
- git hides our outputs and nothing of a person's, and the rest of `info/exclude` is untouched;
- after unlinking everything the tree is the person's own, byte for byte, without an empty folder.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.reliability.model import ABSENT, Document, Entry, Model, Said
from tests.reliability.model_source import DOCUMENTS, TARGETS, At, File, Link, Source, wishes
from tests.reliability.model_world import TEMPORARY, Rig, Thing, address, digest, document, said, withdrawn

from harnesssync_orchestrator.core.desired import Address
from harnesssync_orchestrator.core.drift import Choice
from harnesssync_orchestrator.files.hashing import RACY_NS

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
TABLES = {".codex/config.toml": "mcp_servers", ".gemini/settings.json": "mcpServers", "opencode.json": "mcp"}
GARBAGE = b"\n<<<<<<< mine-9999\n"


Step = TypeVar("Step", bound=Callable[..., None])


def when(condition: Callable[[Any], object]) -> Callable[[Step], Step]:
    """A step that does nothing unless something holds. Unlike a precondition it leaves the choice of steps to chance
    alone: what has become of a killed sync may hang on the clock."""

    def decorate(step: Step) -> Step:
        @functools.wraps(step)
        def maybe(self: Machine, **named: Any) -> None:
            if condition(self):
                step(self, **named)

        return cast("Step", maybe)

    return decorate


@dataclass
class Transaction:
    """A change of the product that was done: the model before, the paths that it changed, and what stood there."""

    before: Model
    changed: frozenset[str]
    found_before: dict[str, Thing]
    found_after: dict[str, Thing]
    undone: bool = False


class Machine(RuleBasedStateMachine):
    """Steps of a person and of the product. A step that would do nothing is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()
        self.model = Model()
        self.strangers: dict[str, bytes] = {}
        self.branches: dict[str, Source] = {}
        self.branch = "main"
        self.words = 0
        self.killed = False
        self.history: list[Transaction] = []
        self.kills = 0

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
                f'// {one}\n{{"hooks": {{"PostToolUse": [], "AfterTool": [{{"matcher": "{two}"}}]}}}}\n',
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
        path, _ = self.some_document(which)
        if self.rig.read(path).endswith(GARBAGE):
            self.edit(path, lambda content: content.removesuffix(GARBAGE))
        else:
            self.edit(path, lambda content: content + GARBAGE)

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
        self.model.approved = frozenset()
        self.rig.approvals = ()

    # --- the product

    @rule(confirmed=st.booleans())
    def sync(self, confirmed: bool) -> None:
        """A sync of what the person did."""
        self.step(lambda model: model.sync(confirmed=confirmed), lambda: self.synced(confirmed=confirmed))

    @rule()
    def sync_twice(self) -> None:
        """The second has nothing left to do."""
        self.sync(confirmed=True)
        assert not self.step(lambda model: model.sync(confirmed=True), lambda: self.synced(confirmed=True))

    @rule()
    def look_without_writing(self) -> None:
        """A dry run says what a sync would, and writes nothing."""
        expected = self.model.copy().sync()
        before = self.rig.look()
        report = said(self.rig.sync(self.model, dry_run=True))
        told = (expected.conflicts, expected.held, expected.kept, expected.halt)
        equal((report.conflicts, report.held, report.kept, report.halt), told)
        self.look(before, changed=frozenset())

    @rule(which=WHICH, choice=st.sampled_from(["restore", "keep"]))
    def resolve_a_conflict(self, which: int, choice: str) -> None:
        """What a person lets us replace is in the history."""
        expected = self.model.copy().sync(confirmed=True)
        places = sorted({(path, pointer) for _, path, pointer in expected.conflicts} | expected.kept)
        known = {*self.model.ledger, *self.model.permitted()[0]}
        there = sorted(at for at in known if (at.path, at.pointer) in places)
        if not there:
            return
        at = there[which % len(there)]
        before = self.rig.look().get(at.path)
        choices = ((Address.parse(address(at)), Choice(choice)),)
        self.step(
            lambda model: model.sync(confirmed=True, choice=(at, choice)),
            lambda: said(self.rig.sync(self.model, confirmed=True, choices=choices)),
        )
        if before is not None and isinstance(before.what, File) and self.rig.look().get(at.path) != before:
            assert before.what.content in self.rig.kept()

    @rule(calls=st.integers(0, 80), confirmed=st.booleans())
    def sync_and_die(self, calls: int, confirmed: bool) -> None:
        self.dying(calls, lambda model: model.sync(confirmed=confirmed), lambda: self.synced(confirmed=confirmed))

    @rule(calls=st.integers(0, 80))
    def unlink_and_die(self, calls: int) -> None:
        self.dying(calls, lambda model: model.unlink(), lambda: withdrawn(self.rig.unlink(self.model)))

    @rule()
    def wait_a_moment(self) -> None:
        """Until what was written is old enough for a sync to remember that it has seen it."""
        ends = time.time_ns() + 2 * RACY_NS
        while time.time_ns() < ends:
            self.rig.root.stat()

    @rule()
    def restart(self) -> None:
        """Another process goes on, with what the last one kept on disk."""
        self.rig.engine = None

    @rule()
    def unlink_everything(self) -> None:
        """The tree is the person's own then."""
        self.step(lambda model: model.unlink(), lambda: withdrawn(self.rig.unlink(self.model)))
        equal(self.rig.empty_folders(), [])

    @rule()
    @when(lambda self: self.to_undo() is not None)
    def undo(self) -> None:
        """Byte for byte, and what was edited since stays."""
        self.undo_until(None)

    @rule(calls=st.integers(0, 80))
    @when(lambda self: self.to_undo() is not None)
    def undo_and_die(self, calls: int) -> None:
        self.undo_until(calls)

    def undo_until(self, calls: int | None) -> None:
        """Undo, and die after so many calls that change something."""
        done = self.to_undo()
        assert done is not None
        after, conflicts = self.undone(done)
        before = self.rig.look()

        def do() -> Said:
            return withdrawn(self.rig.undo(self.model))

        found = do() if calls is None else self.killed_on_the_way(calls, after, before, do)
        if found is not None:
            equal(found, Said(state="undone", exit_code=1 if conflicts else 0, conflicts=conflicts))
            self.model = after
            done.undone = not conflicts
            self.look(before, changed=frozenset(done.changed))

    def to_undo(self) -> Transaction | None:
        """The last transaction that can be taken back; None if there is none, or if nobody knows which it is."""
        if self.killed or self.model.unrecorded:
            return None
        for transaction in reversed(self.history):
            if transaction.undone:
                continue
            after, conflicts = self.undone(transaction)
            if conflicts or after.ledger != self.model.ledger or after.wholes != self.model.wholes:
                return transaction
            if after.documents != self.model.documents:
                return transaction
        return None

    def undone(self, done: Transaction) -> tuple[Model, frozenset[tuple[str, str, tuple[str, ...]]]]:
        """What is left when a transaction is taken back, path by path."""
        after, conflicts, found = self.model.copy(), set(), self.rig.look()
        for path in done.changed:
            now = found.get(path)
            if now == done.found_before.get(path):
                after.take_over(done.before, path, entries_only=True)
            elif now == done.found_after.get(path):
                after.take_over(done.before, path, entries_only=False)
            elif after.entries(path) != done.before.entries(path):
                conflicts.add(("drift", path, ()))
        return after, frozenset(conflicts)

    # --- one step of the product, and what is to be seen of it

    def synced(self, **options: Any) -> Said:
        return said(self.rig.sync(self.model, **options))

    def step(self, expect: Callable[[Model], Said], do: Callable[[], Said]) -> bool:
        """Let model and product do the same; True if anything changed."""
        after, before = self.model.copy(), self.rig.look()
        expected = expect(after)
        return self.settle(after, before, expected, do())

    def dying(self, calls: int, expect: Callable[[Model], Said], do: Callable[[], Said]) -> None:
        """Let the product do it and die on the way, or be done before."""
        after = self.model.copy()
        expected = expect(after)
        before = self.rig.look()
        if (found := self.killed_on_the_way(calls, after, before, do)) is not None:
            self.settle(after, before, expected, found)

    def killed_on_the_way(
        self, calls: int, after: Model, before: dict[str, Thing], do: Callable[[], Said]
    ) -> Said | None:
        """What was said, if it was done before; else the model is as the product left things."""
        ledger = self.rig.ledger()
        found = self.rig.killed(calls, do)
        if found is None:
            self.killed, self.history = True, []
            self.kills += 1
            self.model = self.as_found(after, ledger)
            self.look(before, changed=None)
        return found

    def settle(self, after: Model, before: dict[str, Thing], expected: Said, found: Said) -> bool:
        """Hold what was said against the model, and then the disk."""
        if self.killed:  # what an earlier process had done may count as done now, or as found
            counts = {"synced": 0, "skipped": 0, "cleaned": 0}
            found, expected = replace(found, **counts), replace(expected, **counts)
        equal(found, expected)
        changed = frozenset(
            path
            for path in {*after.wholes, *self.model.wholes, *after.documents, *self.model.documents}
            if after.wholes.get(path) != self.model.wholes.get(path)
            or _values(after, path) != _values(self.model, path)
        )
        former, self.model = self.model.copy(), after
        former.recover()
        stops = expected.halt is not None and expected.halt != "source-unparsable"
        if not stops:
            self.killed = False
        there = self.look(before, changed=changed)
        if changed:
            self.history.append(Transaction(former, changed, before, there))
        if expected.state == "unlinked":
            equal(self.rig.excluded(), frozenset())
        elif not stops:
            equal(self.rig.excluded(), self.model.excluded())
        return bool(changed)

    # --- what is there

    def look(self, before: dict[str, Thing], *, changed: frozenset[str] | None) -> dict[str, Thing]:
        """Compare every byte with the model. Only the paths in `changed` may have been written; None for any."""
        found = self.rig.look()
        temporaries = [path for path in found if TEMPORARY.search(path)]
        assert self.killed or not temporaries, temporaries
        expected: dict[str, File | Link] = {path: File(content) for path, content in self.files().items()}
        expected.update(self.model.wholes)
        documents = self.model.documents
        there = {path: thing.what for path, thing in found.items() if path not in {*documents, *temporaries}}
        equal(there, expected)
        for path, wanted in documents.items():
            assert path in found, path
            thing = found[path].what
            assert isinstance(thing, File)
            now = document(path, thing.content)
            equal((path, now.values, _words(now, wanted)), (path, wanted.values, _words(wanted, wanted)))
            if isinstance(wanted.base, bytes) and DOCUMENTS[path] == "toml":
                equal(_lines_of(wanted.base, thing.content), wanted.base.split(b"\n")[:-1])
            if isinstance(wanted.base, bytes) and not self.killed and not self.holds_ours(path):
                equal((path, thing.content), (path, wanted.base))
        if changed is not None:
            self.untouched(before, found, changed)
        return found

    def files(self) -> dict[str, bytes]:
        """What is the person's alone."""
        return {**self.model.source.files(), **self.strangers}

    def holds_ours(self, path: str) -> bool:
        return any(at.path == path and entry.ours for at, entry in self.model.ledger.items())

    def untouched(self, before: dict[str, Thing], found: dict[str, Thing], changed: frozenset[str]) -> None:
        """What had no need to change was not written anew."""
        for path, thing in found.items():
            former = before.get(path)
            if former is not None and former == thing and path not in changed:
                assert former.stamp == thing.stamp, path

    def as_found(self, after: Model, ledger: dict[str, Any]) -> Model:
        """The model after a process was killed: each output is as before or as after, and so is the ledger."""
        found, before = self.rig.look(), self.model
        result = before.copy()
        for path in {*before.wholes, *after.wholes}:
            what = found[path].what if path in found else None
            assert what in (before.wholes.get(path), after.wholes.get(path)), path
            result.wholes.pop(path, None)
            if what is not None:
                result.wholes[path] = what
        for path in {*before.documents, *after.documents}:
            now = document(path, found[path].what.content) if path in found else None
            for model in (before, after):
                if _same_document(now, model.documents.get(path)):
                    result.take_over(model.copy(), path, entries_only=False)
                    break
            else:
                raise AssertionError(path, now)
        result.ledger = dict(before.ledger)
        if self.rig.ledger() == ledger:
            equal((result.wholes, result.documents), (before.wholes, before.documents))
        else:
            self.read_ledger(before, after, result)
        return result

    def read_ledger(self, before: Model, after: Model, result: Model) -> None:
        """Which entries were recorded, and which changes were about to be."""
        raw, before = before, before.copy()
        before.recover()
        kept = self.rig.ledger()
        rows: dict[str, dict[str, Any]] = {}
        for owner, owned in kept.get("targets", {}).items():
            for text, row in owned.items():
                rows.setdefault(text, {**row, "owners": set()})["owners"].add(owner)
        result.unrecorded = {}
        for at in {*before.ledger, *after.ledger, *raw.ledger}:
            row = rows.pop(address(at), None)
            result.ledger.pop(at, None)
            for model in (after, before, raw):  # raw: of a key in a file that was edited since nobody can know
                entry = model.ledger.get(at)
                if _same_entry(at, row, entry):
                    if entry is not None:
                        result.ledger[at] = entry
                    break
            else:
                raise AssertionError(at, row)
            if model is not after and kept.get("transaction") and before.reads(at) != after.reads(at):
                result.unrecorded[at] = (model.ledger.get(at), after.ledger.get(at), after.reads(at))
        assert not rows, rows


def equal(found: Any, expected: Any) -> None:
    """Raise AssertionError, with nothing but the difference in it."""
    if isinstance(found, dict):
        found, expected = set(found.items()), set(expected.items())
    if isinstance(found, Said):
        found, expected = set(_facts(found)), set(_facts(expected))
    if isinstance(found, (set, frozenset)):
        found, expected = found - expected, expected - found
    assert found == expected, f"found {found}; the model has {expected}"


def _facts(one: Said) -> Iterator[tuple[str, Any]]:
    for name in Said.__dataclass_fields__:
        value = getattr(one, name)
        yield from ((name, each) for each in (value if isinstance(value, frozenset) else [value]))


def _lines_of(base: bytes, content: bytes) -> list[bytes]:
    """The whole lines of a person's text that are in a file, in order, with the ends that they had."""
    lines = iter(content.split(b"\n"))
    return [line for line in base.split(b"\n")[:-1] if line in lines]


def _values(model: Model, path: str) -> Any:
    found = model.documents.get(path)
    return None if found is None else (found.values, found.tokens)


def _same_document(now: Document | None, there: Document | None) -> bool:
    if now is None or there is None:
        return now is there
    return (now.values, _words(now, there)) == (there.values, _words(there, there))


def _words(found: Document, there: Document) -> list[str]:
    """A person's words in a document, in order where that is sure."""
    return sorted(found.tokens) if there.base is ABSENT else found.tokens


def _same_entry(at: At, row: dict[str, Any] | None, entry: Entry | None) -> bool:
    if row is None or entry is None:
        return row is None and entry is None
    ours = row.get("created", True)
    return (row["hash"], row["owners"], ours) == (digest(at, entry.value), set(entry.owners), entry.ours)


__all__ = ["Machine"]
