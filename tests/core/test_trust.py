"""Approval by content: what changes it, what does not, and what is held back without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnesssync_orchestrator.core.fingerprints import canonical, fingerprint, lines
from harnesssync_orchestrator.core.items import (
    Action,
    Agent,
    Command,
    EnvironmentVariable,
    Hook,
    Item,
    Layer,
    McpServer,
    Origin,
    PermissionRule,
    Permissions,
    Rule,
    Scope,
    Skill,
    Transport,
)
from harnesssync_orchestrator.core.references import parse_template
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.trust import OWN, Approval, Standing, Trust, Why

ROOT = "/w/project"
SHARED = Origin(layer=Layer.PROJECT, file=f"{ROOT}/.claude/settings.json")
LOCAL = Origin(layer=Layer.LOCAL, file=f"{ROOT}/.claude/settings.local.json", private=True)
MINE = Origin(layer=Layer.USER, file="/home/dev/.claude/settings.json", private=True)

SERVER = McpServer(
    name="files",
    origin=SHARED,
    transport=Transport.STDIO,
    command=parse_template("files-server"),
    args=(parse_template("--root"), parse_template(".")),
    env={"TOKEN": parse_template("${TOKEN}"), "MODE": parse_template("fast")},
    timeout_ms=1000,
    extra={"cwd": "/x"},
)
REMOTE = McpServer(name="docs", origin=SHARED, transport=Transport.HTTP, url=parse_template("https://docs.example/mcp"))
HOOK = Hook(
    name="Stop[]#1",
    origin=SHARED,
    event="Stop",
    matcher="Edit",
    type="command",
    command="fmt",
    timeout_s=3.0,
    extra={"async": False},
)
HOOK_WITH_ARGS = replace(HOOK, command="sh", extra={"args": ["-x", "guard.sh"]})
VARIABLE = EnvironmentVariable(name="EDITOR_MODE", origin=SHARED, value="fast")


def rule(text: str, action: Action = Action.ALLOW, origin: Origin = SHARED) -> PermissionRule:
    return PermissionRule(action=action, tool="Bash", specifier=None, text=text, origin=origin)


ALLOWING = Permissions(
    name="permissions",
    origin=SHARED,
    rules=(rule("Bash(ls)"), rule("Bash(rm:*)", Action.DENY), rule("Bash(git:*)", Action.ASK)),
)
COMMAND = Command(name="run", origin=SHARED, path=("run",), prompt="State: !`git status`\nFix it.", source="/x")
EXECUTABLE: tuple[Item, ...] = (SERVER, HOOK, VARIABLE, ALLOWING, COMMAND)
TEXT: tuple[Item, ...] = (
    Rule(name="CLAUDE.md", origin=SHARED, source="/x", text="", expanded=""),
    Skill(name="pdf", origin=SHARED, folder="pdf", description="", source="/x", digest="0" * 16),
    Agent(name="a", origin=SHARED, description="", prompt="", source="/x"),
    Command(name="c", origin=SHARED, path=("c",), prompt="Fix it! See `a`, in $ARGUMENTS.", source="/x"),
    REMOTE,
)


def trusting(*items: Item) -> Trust:
    """What a person has approved of a project that holds just these."""
    marks = frozenset(mark for item in items if (mark := fingerprint(item)))
    return Trust(standing=Standing.APPROVED, approved=marks, root=ROOT)


def changed(item: Any, **fields: object) -> Item:
    return replace(item, **fields)  # type: ignore[no-any-return]


@pytest.mark.parametrize("item", EXECUTABLE, ids=lambda item: str(item.id))
def test_what_would_be_executed_has_a_fingerprint_of_64_digits(item: Item) -> None:
    """SHA-256, cut nowhere: whoever wrote the item may look for another with the same one."""
    mark = fingerprint(item)
    assert mark is not None
    assert len(mark) == 64
    assert int(mark, 16)


@pytest.mark.parametrize("item", TEXT, ids=lambda item: str(item.id))
def test_text_needs_no_approval(item: Item) -> None:
    """Rules, skills, agents, commands, and servers elsewhere that are handed nothing."""
    assert fingerprint(item) is None
    assert Trust(root=ROOT).why_held(item) is None


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        (SERVER, {"name": "other"}),
        (SERVER, {"command": parse_template("./files-server")}),
        (SERVER, {"args": (parse_template("."), parse_template("--root"))}),
        (SERVER, {"args": (parse_template("--root ."),)}),
        (SERVER, {"env": {**SERVER.env, "PATH": parse_template("/evil")}}),
        (SERVER, {"env": {"TOKEN": parse_template("${OTHER}"), "MODE": parse_template("fast")}}),
        (SERVER, {"timeout_ms": 2000}),
        (SERVER, {"extra": {"cwd": "/y"}}),
        (HOOK, {"event": "PreToolUse"}),
        (HOOK, {"matcher": ""}),
        (HOOK, {"command": "fmt "}),
        (COMMAND, {"prompt": "State: !`git stash`\nFix it."}),
        (COMMAND, {"prompt": "State: !`git status`\nFix it.\n"}),
        (COMMAND, {"name": "stop"}),
        (HOOK, {"type": "prompt", "command": None, "extra": {"prompt": "fmt"}}),
        (HOOK, {"timeout_s": None}),
        (HOOK, {"extra": {"async": True}}),
        (HOOK, {"extra": {**HOOK.extra, "args": []}}),
        (HOOK_WITH_ARGS, {"extra": {"args": ["guard.sh", "-x"]}}),
        (HOOK_WITH_ARGS, {"extra": {"args": ["-x guard.sh"]}}),
        (HOOK_WITH_ARGS, {"extra": {}}),
        (VARIABLE, {"name": "PATH"}),
        (VARIABLE, {"value": "slow"}),
        (ALLOWING, {"rules": (*ALLOWING.rules, rule("Bash(curl:*)"))}),
        (ALLOWING, {"rules": ALLOWING.rules[:1]}),
        (ALLOWING, {"rules": (rule("Bash(ls)"), rule("Bash(rm:*)", Action.ASK), ALLOWING.rules[2])}),
        (ALLOWING, {"default_mode": "bypassPermissions"}),
        (ALLOWING, {"additional_directories": ("/",)}),
    ],
    ids=lambda value: str(value.id) if hasattr(value, "id") else ",".join(value),
)
def test_whatever_decides_what_runs_or_is_allowed_needs_approval_anew(item: Item, fields: dict[str, object]) -> None:
    """A single character will do; a denial that goes lets an allowance reach further."""
    other = changed(item, **fields)
    assert trusting(item).why_held(item) is None
    assert trusting(item).why_held(other) is Why.CHANGED


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        (SERVER, {"origin": LOCAL}),
        (SERVER, {"env": dict(reversed(SERVER.env.items()))}),
        (SERVER, {"extra": {"cwd": "/x", "description": "Reads files"}}),
        (HOOK, {"name": "Stop[]#7"}),
        (HOOK, {"extra": {"async": False, "statusMessage": "Formatting"}}),
        (ALLOWING, {"rules": tuple(reversed(ALLOWING.rules))}),
        (ALLOWING, {"rules": (*ALLOWING.rules, rule("Bash(x)", origin=MINE))}),
        (ALLOWING, {"rules": tuple(replace(rule, origin=LOCAL) for rule in ALLOWING.rules)}),
    ],
    ids=lambda value: str(value.id) if hasattr(value, "id") else ",".join(value),
)
def test_what_decides_nothing_needs_no_approval_anew(item: Item, fields: dict[str, object]) -> None:
    """Words for people, an order that means nothing, where it stands, and a person's own rules beside."""
    assert fingerprint(changed(item, **fields)) == fingerprint(item)


def test_permissions_that_only_forbid_need_no_approval() -> None:
    """A repository may always ask for less; what a person allows by themselves is theirs."""
    forbids = changed(ALLOWING, rules=(rule("Bash(rm:*)", Action.DENY), rule("Bash(ls)", origin=MINE)))
    assert fingerprint(forbids) is None


@pytest.mark.parametrize("field", ["url", "headers"])
def test_a_server_that_is_handed_a_variable_needs_approval(field: str) -> None:
    """It may stand anywhere, and what the variable holds goes there."""
    token = parse_template("https://evil.example/${GITHUB_TOKEN}")
    server = changed(REMOTE, **{field: token if field == "url" else {"Authorization": token}})
    assert Trust(root=ROOT).why_held(server) is Why.UNAPPROVED
    assert trusting(server).why_held(server) is None


def test_a_persons_own_configuration_needs_no_approval() -> None:
    """In a project's layers as in the home directory: what no repository can write."""
    for item in EXECUTABLE[:3]:
        for layer in (Layer.USER, Layer.MANAGED):
            assert (
                Trust(root=ROOT).why_held(changed(item, origin=Origin(layer=layer, file="/home/dev/.claude.json")))
                is None
            )
        assert OWN.why_held(item) is None
    kept_at_home = Origin(layer=Layer.LOCAL, file="/home/dev/.claude.json", private=True)
    assert Trust(root=ROOT).why_held(changed(SERVER, origin=kept_at_home)) is None
    assert Trust(root=ROOT).why_held(changed(SERVER, origin=LOCAL)) is not None
    assert Trust(root="/").why_held(changed(SERVER, origin=kept_at_home)) is not None


@pytest.mark.parametrize("layer", [Layer.PROJECT, Layer.LOCAL, Layer.INHERITED, Layer.PLUGIN])
def test_what_a_repository_controls_needs_approval(layer: Layer) -> None:
    """Its files, local ones too, since it may bring them along, and plugins that it enables."""
    for item in EXECUTABLE[:3]:
        origin = Origin(layer=layer, file=f"{ROOT}/.claude/x.json")
        assert Trust(root=ROOT).why_held(changed(item, origin=origin)) is Why.UNAPPROVED


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        (Standing.APPROVED, Why.CHANGED),
        (Standing.UNAPPROVED, Why.UNAPPROVED),
        (Standing.OUTDATED, Why.OUTDATED),
        (Standing.FORGOTTEN, Why.FORGOTTEN),
        (Standing.REMOUNTED, Why.CHANGED),
        (Standing.REPLACED, Why.REPLACED),
        (Standing.OTHER_OWNER, Why.OTHER_OWNER),
    ],
)
def test_a_fingerprint_counts_only_while_the_approval_holds(standing: Standing, why: Why) -> None:
    """Each standing tells its own reason."""
    marks = frozenset({fingerprint(HOOK) or ""}) if standing is not Standing.APPROVED else frozenset[str]()
    assert Trust(standing=standing, approved=marks, root=ROOT).why_held(HOOK) is why


APPROVAL = Approval(folder=ROOT, device=1, inode=2, owner=3, filesystem=4, fingerprints=frozenset({"a"}))


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ({}, True),
        ({"device": 9}, True),
        ({"inode": 9}, False),
        ({"device": 9, "inode": 9}, False),
        ({"filesystem": 9}, None),
        ({"device": 9, "filesystem": 9}, None),
        ({"filesystem": 0}, True),
        ({"filesystem": 0, "inode": 9}, False),
        ({"filesystem": 0, "device": 9}, None),
        ({"filesystem": 0, "device": 9, "inode": 9}, None),
    ],
    ids=str,
)
def test_a_folder_is_known_by_its_file_system_and_its_inode(now: dict[str, int], same: bool | None) -> None:
    """The device number decides only where the file system has no id; inodes of two file systems say nothing."""
    assert replace(APPROVAL, **now).is_of(APPROVAL) is same  # type: ignore[arg-type]
    assert APPROVAL.is_of(replace(APPROVAL, **now)) is same  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "now", "same"), [("", "", True), ("", "a", True), ("a", "a", True), ("a", "b", False), ("a", "", False)]
)
def test_the_next_folder_with_the_inode_is_another(known: str, now: str, same: bool) -> None:
    """Where a mark was noted; and on what is perhaps another file system nothing can be told by it."""
    before, after = replace(APPROVAL, mark=known), replace(APPROVAL, mark=now)
    assert after.is_of(before) is same
    assert (after.added_to(replace(before, fingerprints=frozenset({"b"}))).fingerprints == {"a", "b"}) is same
    assert replace(after, filesystem=9).is_of(before) is None


def test_what_was_approved_before_stays_so_for_the_same_folder_and_in_doubt_where_that_can_not_be_told() -> None:
    """Of another folder, or of another user's, nothing is left."""
    known = replace(APPROVAL, doubted=frozenset({"old"}))
    more = replace(APPROVAL, device=9, fingerprints=frozenset({"b", "old"}))
    given = more.added_to(known)
    assert given == replace(more, fingerprints=frozenset({"a", "b", "old"}))
    elsewhere = replace(more, filesystem=9, fingerprints=frozenset({"b"})).added_to(known)
    assert elsewhere == replace(more, filesystem=9, fingerprints=frozenset({"b"}), doubted=frozenset({"a", "old"}))
    for field in ({"inode": 9}, {"owner": 9}, {"owner": 9, "filesystem": 9}):
        other = replace(more, **field)  # type: ignore[arg-type]
        assert other.added_to(known) == other


def test_what_may_have_been_approved_is_held_back_for_that_reason() -> None:
    """Just that, or, where nobody knows what was, everything; another approval leaves the doubt as it is."""
    marks = frozenset({fingerprint(HOOK) or ""})
    remounted = Trust(standing=Standing.REMOUNTED, doubted=marks, root=ROOT)
    assert (remounted.why_held(HOOK), remounted.why_held(SERVER)) == (Why.REMOUNTED, Why.CHANGED)
    assert remounted.why_held(changed(HOOK, command="evil")) is Why.CHANGED
    for trust in (replace(trusting(SERVER), doubted=marks), replace(trusting(SERVER), forgotten=True)):
        assert trust.why_held(SERVER) is None
        assert trust.why_held(HOOK) in (Why.REMOUNTED, Why.FORGOTTEN)
    assert replace(trusting(SERVER), forgotten=True).why_held(VARIABLE) is Why.FORGOTTEN
    assert [why for why in Why if why.is_doubt] == [Why.OUTDATED, Why.FORGOTTEN, Why.REMOUNTED]


def test_what_is_known_not_to_be_approved_goes_before_what_is_in_doubt() -> None:
    """An output of both is not left as it is; nor one of an item that shares its name with another."""
    trust = Trust(standing=Standing.REMOUNTED, doubted=frozenset({fingerprint(HOOK) or ""}), root=ROOT)
    verdicts = trust.verdicts(Source(scope=Scope.PROJECT, root=ROOT, items=(HOOK, VARIABLE)))
    assert trust.why_output_held((HOOK.id, VARIABLE.id), verdicts) is Why.CHANGED
    for items in ((HOOK, changed(HOOK, command="x")), (changed(HOOK, command="x"), HOOK)):
        verdicts = trust.verdicts(Source(scope=Scope.PROJECT, root=ROOT, items=items))
        assert verdicts == {HOOK.id: Why.CHANGED}


def test_whatever_decides_is_in_the_key_of_a_trust() -> None:
    """Else a sync would believe that nothing has changed since the last one."""
    one = frozenset({"a"})
    kinds = [Trust(standing=standing) for standing in Standing]
    kinds += [Trust(approved=one), Trust(doubted=one), Trust(forgotten=True), Trust(approved=one, doubted=one)]
    assert len({trust.key() for trust in kinds}) == len(kinds)


def test_what_other_users_may_change_is_held_back_though_it_is_approved() -> None:
    """They could change it again right after the look."""
    trust = trusting(HOOK, VARIABLE).despite(frozenset({SHARED.file}))
    assert trust.why_held(HOOK) is Why.WRITABLE
    assert trust.why_held(changed(HOOK, origin=LOCAL)) is None


def test_an_output_is_held_back_if_any_of_its_items_is() -> None:
    """Also one that comes from no item that there is."""
    source = Source(scope=Scope.PROJECT, root=ROOT, items=(HOOK, VARIABLE))
    trust = trusting(HOOK)
    verdicts = trust.verdicts(source)
    assert trust.why_output_held((HOOK.id,), verdicts) is None
    assert trust.why_output_held((HOOK.id, VARIABLE.id), verdicts) is Why.CHANGED
    assert trust.why_output_held((SERVER.id,), verdicts) is Why.UNAPPROVED
    assert OWN.why_output_held((SERVER.id,), {}) is None


def test_of_two_items_with_one_name_the_one_that_is_not_approved_counts() -> None:
    """An output names its items, and can't say which of them it means."""
    other = changed(HOOK, command="evil")
    for items in ((HOOK, other), (other, HOOK)):
        source = Source(scope=Scope.PROJECT, root=ROOT, items=items)
        assert trusting(HOOK).verdicts(source) == {HOOK.id: Why.CHANGED}


def test_what_is_nested_too_deeply_to_tell_is_never_approved() -> None:
    """Not even by approving all that is there."""
    deep: object = None
    for _ in range(100_000):
        deep = [deep]
    hook = changed(HOOK, extra={"more": deep})
    assert fingerprint(hook) == ""
    assert Trust(standing=Standing.APPROVED, approved=frozenset({""}), root=ROOT).why_held(hook) is Why.CHANGED
    while isinstance(deep, list):  # taken apart from outside: the garbage collector would do it from inside
        deep = deep.pop()


def test_the_lines_of_an_item_say_all_that_its_fingerprint_is_of() -> None:
    """A setting a line, in an order for people; of a text of several lines each."""
    assert lines(canonical(COMMAND) or {}) == ("name: run", "text: State: !`git status`", "    Fix it.")
    assert lines(canonical(SERVER) or {}) == (
        "name: files",
        "transport: stdio",
        "command: files-server",
        "args: --root",
        "args: .",
        "env.MODE: fast",
        "env.TOKEN: ${TOKEN}",
        "timeout_ms: 1000",
        "extra.cwd: /x",
    )
    assert lines(canonical(changed(HOOK, command="a\nb", timeout_s=None)) or {})[3:5] == ("command: a", "    b")
    assert lines(canonical(VARIABLE) or {}) == ("EDITOR_MODE: fast",)
    assert lines(canonical(ALLOWING) or {}) == ("allow: Bash(ls)", "ask: Bash(git:*)", "deny: Bash(rm:*)")


TEXTS = st.text(st.characters(), max_size=8)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3))


@given(
    st.lists(TEXTS, min_size=2, max_size=2, unique=True),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS, JSON, max_size=3),
)
def test_two_commands_never_share_a_fingerprint(commands: list[str], args: list[str], extra: dict[str, object]) -> None:
    """Whatever is in them: quotes, line breaks, lone surrogates, text that looks like another field."""
    args = [*args]
    one, other = (
        changed(SERVER, command=parse_template(command), args=tuple(map(parse_template, args)), extra=extra)
        for command in commands
    )
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(changed(HOOK, command=commands[0], extra=extra)) != fingerprint(
        changed(HOOK, command=commands[1], extra=extra)
    )
