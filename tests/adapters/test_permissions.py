"""Permissions in each harness's language, read the way that harness reads them."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import shlex
from collections.abc import Callable

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.conftest import permission, permissions, source

from harnesssync_adapters import TARGETS
from harnesssync_adapters.permissions.commands import Shape, command_pattern
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, KeyOutput
from harnesssync_orchestrator.core.items import Action, Layer, PermissionRule, Scope
from harnesssync_orchestrator.core.rendering import desired_state

Decide = Callable[[str], "str | None"]
BY_ID = {target.id: target for target in TARGETS}


def claude(rules: list[PermissionRule], command: str) -> str | None:
    """What Claude Code says to a simple command: a denial beats a question, and a question an allowance."""
    for action in ("deny", "ask", "allow"):
        if any(rule.action.value == action and _matches(str(rule.specifier), command) for rule in rules):
            return action
    return None


def _matches(specifier: str, command: str) -> bool:
    text = re.sub(r":\*$", " *", specifier)
    pattern = ".*".join(map(re.escape, text.split("*")))
    bare = text.endswith(" *") and "*" not in text[:-2] and command == text[:-2]
    return bare or re.fullmatch(pattern, command) is not None


def codex(rules: list[PermissionRule], scope: Scope = Scope.PROJECT) -> Decide:
    """Rules over first words; the strictest that matches counts."""
    found = []
    for wish in desired_state([BY_ID["codex"]], source(scope, permissions(scope, *rules))).wanted.values():
        assert isinstance(wish.output, FileOutput)
        for line in wish.output.content.decode().splitlines():
            call = ast.parse(line, mode="eval").body
            assert isinstance(call, ast.Call)
            found.append({word.arg: ast.literal_eval(word.value) for word in call.keywords})

    def decide(command: str) -> str | None:
        words = shlex.split(command)
        hits = {rule["decision"] for rule in found if words[: len(rule["pattern"])] == rule["pattern"]}
        names = {"forbidden": "deny", "prompt": "ask", "allow": "allow"}
        return next((name for decision, name in names.items() if decision in hits), None)

    return decide


def gemini(rules: list[PermissionRule]) -> Decide:
    """Policies over the arguments as JSON; the highest priority that matches counts."""
    found = []
    target = source(Scope.USER, permissions(Scope.USER, *rules))
    for wish in desired_state([BY_ID["gemini"]], target).wanted.values():
        assert isinstance(wish.output, FileOutput)
        found += tomlkit.parse(wish.output.content.decode()).unwrap()["rule"]

    def matches(rule: dict[str, str], arguments: str) -> bool:
        if "commandPrefix" in rule:
            prefix = re.escape('"command":' + json.dumps(rule["commandPrefix"], ensure_ascii=False)[:-1])
            return re.search(prefix + r'(?:[\s"]|\\")', arguments) is not None
        if "commandRegex" in rule:
            return re.search('"command":"' + rule["commandRegex"], arguments) is not None
        return True

    def decide(command: str) -> str | None:
        arguments = json.dumps({"command": command}, ensure_ascii=False, separators=(",", ":"))
        hits = [rule for rule in found if matches(rule, arguments)]
        decision = max(hits, key=lambda rule: rule["priority"])["decision"] if hits else None
        return {"deny": "deny", "ask_user": "ask", "allow": "allow", None: None}[decision]

    return decide


def opencode(rules: list[PermissionRule], *scopes: Scope) -> Decide:
    """Files merged key by key, in the order in which they are read; a key that is there keeps its place, and the last
    pattern that matches counts, of those for tools and of those for commands."""
    order = ["opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"]
    merged: dict[str, dict[str, str]] = {}
    for scope in scopes or (Scope.PROJECT,):
        here = [rule for rule in rules if scope is Scope.PROJECT or rule.origin.layer is Layer.USER]
        desired = desired_state([BY_ID["opencode"]], source(scope, permissions(scope, *here)))
        outputs = [wish.output for wish in desired.wanted.values()]
        for output in sorted(outputs, key=lambda one: order.index(one.path.removeprefix(".config/opencode/"))):
            assert isinstance(output, KeyOutput)
            merged.setdefault(output.pointer[1], {}).update(output.value)  # type: ignore[arg-type]

    def decide(command: str) -> str | None:
        said = [
            action
            for tool, patterns in merged.items()
            for pattern, action in patterns.items()
            if _wildcard(tool, "bash") and _wildcard(pattern, command)
        ]
        return said[-1] if said else None

    return decide


def zed(rules: list[PermissionRule]) -> Decide:
    """Lists of regular expressions for the terminal; a denial beats a question, and that an allowance."""
    desired = desired_state([BY_ID["zed"]], source(Scope.USER, permissions(Scope.USER, *rules)))
    found: dict[str, list[str]] = {"always_deny": [], "always_confirm": [], "always_allow": []}
    for wish in desired.wanted.values():
        assert isinstance(wish.output, ElementOutput)
        assert wish.output.pointer[:4] == ("agent", "tool_permissions", "tools", "terminal")
        found[wish.output.pointer[4]].append(wish.output.value["pattern"])  # type: ignore[index, call-overload]
    names = {"always_deny": "deny", "always_confirm": "ask", "always_allow": "allow"}
    hits = [(name, pattern) for name, patterns in found.items() for pattern in patterns]
    return lambda command: next((names[name] for name, pattern in hits if re.search(pattern, command)), None)


def qwen(rules: list[PermissionRule]) -> Decide:
    """Lists of Claude Code's rules, read Qwen Code's way: a star behind a space may stand for nothing, space and all,
    and a pattern without a star takes arguments."""
    found: list[tuple[str, str]] = []
    target = source(Scope.PROJECT, permissions(Scope.PROJECT, *rules))
    for wish in desired_state([BY_ID["qwen"]], target).wanted.values():
        assert isinstance(wish.output, ElementOutput)
        found.append((wish.output.pointer[1], str(wish.output.value).removeprefix("Bash").strip("()") or "*"))

    def matches(pattern: str, command: str) -> bool:
        if "*" not in pattern:
            return command == pattern or command.startswith(f"{pattern} ")
        regex = re.escape(pattern).replace("\\ \\*", "( .*)?").replace("\\*", ".*")
        return pattern == "*" or re.fullmatch(regex, command) is not None

    def decide(command: str) -> str | None:
        hits = {action for action, pattern in found if matches(pattern, command)}
        return next((action for action in ("deny", "ask", "allow") if action in hits), None)

    return decide


def _wildcard(pattern: str, text: str) -> bool:
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None


words = st.sampled_from(["git", "-x"])  # few, so that rules meet
commands = st.lists(words, min_size=1, max_size=3).map(" ".join)
specifiers = st.one_of(
    commands,
    commands.map(lambda text: f"{text}:*"),
    commands.map(lambda text: f"{text} *"),
    commands.map(lambda text: f"{text}*"),
    st.tuples(commands, commands).map(" * ".join),
    st.just("*"),
)
actions = st.sampled_from([action.value for action in Action])
rules = st.builds(lambda action, text: permission(Scope.PROJECT, action, f"Bash({text})"), actions, specifiers)
users_rules = st.builds(
    lambda action, text: permission(Scope.PROJECT, action, f"Bash({text})", layer=Layer.USER), actions, specifiers
)
READERS: list[Callable[[list[PermissionRule]], Decide]] = [
    codex,
    gemini,
    opencode,
    lambda rules: opencode(
        [permission(Scope.USER, rule.action.value, rule.text, layer=Layer.USER) for rule in rules], Scope.USER
    ),
    zed,
    qwen,
]
NAMES = ["codex", "gemini", "opencode", "opencode-user", "zed", "qwen"]
EXACT = [1, 2, 3]
"""Those of the readers that say to every command what Claude Code says."""
STRICT = [5]
"""Those that may ask or deny where Claude Code does not."""


@pytest.mark.parametrize("reader", READERS, ids=NAMES)
@given(given_rules=st.lists(rules, max_size=5), command=commands)
def test_no_command_is_allowed_that_claude_code_would_not_allow(
    reader: Callable[[list[PermissionRule]], Decide], given_rules: list[PermissionRule], command: str
) -> None:
    """An allowance is never widened: not to further arguments, not past a denial that was written."""
    if reader(given_rules)(command) == "allow":
        assert claude(given_rules, command) == "allow"


@pytest.mark.parametrize("reader", [READERS[one] for one in EXACT], ids=[NAMES[one] for one in EXACT])
@given(given_rules=st.lists(rules, max_size=5), command=commands)
def test_what_claude_code_denies_is_denied(
    reader: Callable[[list[PermissionRule]], Decide], given_rules: list[PermissionRule], command: str
) -> None:
    """All of Claude Code's patterns for commands can be said in these languages, in any order of the rules."""
    expected = claude(given_rules, command)
    assert expected == reader(given_rules)(command)


@pytest.mark.parametrize("reader", [READERS[one] for one in STRICT], ids=[NAMES[one] for one in STRICT])
@given(given_rules=st.lists(rules, max_size=5), command=commands)
def test_a_language_that_says_less_is_never_less_strict(
    reader: Callable[[list[PermissionRule]], Decide], given_rules: list[PermissionRule], command: str
) -> None:
    """What is denied or asked for stays so, whatever else becomes stricter."""
    order = ["allow", None, "ask", "deny"]
    assert order.index(reader(given_rules)(command)) >= order.index(claude(given_rules, command))


@given(given_rules=st.lists(st.one_of(rules, users_rules), max_size=6), command=commands)
def test_a_project_and_a_home_together_say_to_opencode_what_claude_code_says(
    given_rules: list[PermissionRule], command: str
) -> None:
    """A denial holds whichever of the two it is in, and whatever both of them allow."""
    assert claude(given_rules, command) == opencode(given_rules, Scope.USER, Scope.PROJECT)(command)


@given(given_rules=st.lists(rules, max_size=5), command=commands)
def test_codex_denies_what_is_not_told_as_a_loss(given_rules: list[PermissionRule], command: str) -> None:
    """A denial is either in force, or a loss of security."""
    desired = desired_state([BY_ID["codex"]], source(Scope.PROJECT, permissions(Scope.PROJECT, *given_rules)))
    lost = {loss.what for loss in desired.losses if loss.security}
    kept = [rule for rule in given_rules if f"{rule.action.value} {rule.text}" not in lost]
    if claude(kept, command) == "deny":
        assert codex(given_rules)(command) == "deny"


@pytest.mark.parametrize(
    ("specifier", "shape", "text"),
    [
        (None, Shape.EVERY, ""),
        ("*", Shape.EVERY, ""),
        ("npm test", Shape.EXACT, "npm test"),
        ("npm run:*", Shape.PREFIX, "npm run"),
        ("npm run *", Shape.PREFIX, "npm run"),
        ("npm*", Shape.GLOB, "npm*"),
        ("git * main", Shape.GLOB, "git * main"),
        ("git * main:*", Shape.GLOB, "git * main *"),
    ],
)
def test_a_specifier_says_which_commands_it_matches(specifier: str | None, shape: Shape, text: str) -> None:
    """The trailing ` *` and `:*` mean the same."""
    pattern = command_pattern(specifier)
    assert (shape, text) == (pattern.shape, pattern.text)


@pytest.mark.parametrize("text", ["a && b", "echo $HOME", "echo `x`", "cat < f", "ls *.py", "echo 'open", "a\nb"])
def test_shell_syntax_is_no_list_of_words(text: str) -> None:
    """A shell makes something else of it, so no prefix of words is the same rule."""
    assert command_pattern(f"{text}:*").words() is None


def _codex_files(*given_rules: PermissionRule) -> dict[str, KeyOutput | FileOutput]:
    desired = desired_state([BY_ID["codex"]], source(Scope.PROJECT, permissions(Scope.PROJECT, *given_rules)))
    return {wish.output.path: wish.output for wish in desired.wanted.values()}  # type: ignore[misc]


def test_a_persons_denials_bind_in_a_project_but_stay_private() -> None:
    """In a file of their own, so that the team's rules are not withheld with them."""
    files = _codex_files(
        permission(Scope.PROJECT, "deny", "Bash(curl:*)", layer=Layer.USER),
        permission(Scope.PROJECT, "deny", "Bash(rm:*)"),
    )
    assert {".codex/rules/harnesssync-deny-private.rules", ".codex/rules/harnesssync-deny.rules"} == set(files)
    assert files[".codex/rules/harnesssync-deny-private.rules"].private
    assert not files[".codex/rules/harnesssync-deny.rules"].private


def test_what_a_person_allows_is_not_repeated_in_a_project() -> None:
    """It holds in the home directory; what the local layer allows is the project's."""
    rules_ = [permission(Scope.PROJECT, "allow", f"Bash({layer.value}:*)", layer=layer) for layer in Layer]
    files = _codex_files(*rules_)
    said = b"".join(output.content for output in files.values() if isinstance(output, FileOutput))
    assert b'"user"' not in said
    assert b'"managed"' not in said
    assert b'"local"' in said


def test_denials_hold_in_untrusted_projects_too() -> None:
    """What allows stands in an output of its own, which waits for trust."""
    given_rules = [permission(Scope.PROJECT, "allow", "Bash(a:*)"), permission(Scope.PROJECT, "deny", "Bash(a b:*)")]
    for target in ("codex", "opencode"):
        desired = desired_state([BY_ID[target]], source(Scope.PROJECT, permissions(Scope.PROJECT, *given_rules)))
        assert {True, False} == {wish.output.executes for wish in desired.wanted.values()}


@pytest.mark.parametrize("tool", ["WebFetch", "WebSearch", "TodoWrite", "AskUserQuestion"])
def test_opencode_gets_one_word_where_a_table_would_stop_it(tool: str) -> None:
    """With a table at one of these keys it refuses to start."""
    rule = permission(Scope.PROJECT, "deny", tool)
    (wish,) = desired_state(
        [BY_ID["opencode"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule))
    ).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert wish.output.value == "deny"


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("Read(./.env)", [".env", ".env/*"]),
        ("Read(.env)", [".env", "*/.env", ".env/*", "*/.env/*"]),
        ("Read(/secrets/**)", ["secrets/*"]),
        ("Read(src/**/*.key)", ["src/*.key", "src/*/*.key", "src/*.key/*", "src/*/*.key/*"]),
        ("Read(**/*.pem)", ["*.pem", "*/*.pem", "*.pem/*", "*/*.pem/*"]),
        ("Read(//etc/passwd)", ["/etc/passwd", "/etc/passwd/*"]),
        ("Read(~/.ssh/**)", ["~/.ssh/*"]),
    ],
)
def test_paths_are_told_to_opencode_in_its_own_way(text: str, patterns: list[str]) -> None:
    """Its `*` crosses folders, its paths count from the root, and what is in a folder is not meant with it."""
    rule = permission(Scope.PROJECT, "deny", text)
    (wish,) = desired_state(
        [BY_ID["opencode"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule))
    ).wanted.values()
    assert isinstance(wish.output, KeyOutput)
    assert list(dict.fromkeys(patterns)) == list(wish.output.value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["Read(src/*.py)", "Edit(src/**)", "Write(src/**)", "Task", "Bash(ls ?)", "WebFetch(domain:x.example)"],
)
def test_opencode_is_never_allowed_more(text: str) -> None:
    """There `*` crosses folders, `?` is a wildcard, and who may edit or start agents may do so while only planning."""
    rule = permission(Scope.PROJECT, "allow", text)
    desired = desired_state([BY_ID["opencode"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule)))
    assert not desired.wanted
    assert desired.losses


@pytest.mark.parametrize(("text", "is_written"), [("Read(./.env)", True), ("Grep(src/**)", False)])
def test_it_is_told_that_opencode_searches_what_it_may_not_read(text: str, is_written: bool) -> None:
    """It asks about a search by its words alone."""
    rule = permission(Scope.PROJECT, "deny", text)
    desired = desired_state([BY_ID["opencode"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule)))
    assert is_written == bool(desired.wanted)
    assert [(f"deny {text}", True)] == [(loss.what, loss.security) for loss in desired.losses]


@pytest.mark.parametrize("text", ["Bash(cat {file:~/.ssh/id_ed25519})", "Read({env:HOME}/x)"])
def test_opencode_is_given_no_rule_that_it_would_expand(text: str) -> None:
    """It would put the content of a file there, or refuse to start if there is none."""
    rule = permission(Scope.PROJECT, "deny", text)
    desired = desired_state([BY_ID["opencode"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule)))
    assert not desired.wanted
    assert [True] == [loss.security for loss in desired.losses]


def test_a_project_never_allows_commands_to_gemini() -> None:
    """There, one allowed command denies all others."""
    rule = permission(Scope.PROJECT, "allow", "Bash(npm test:*)")
    desired = desired_state([BY_ID["gemini"]], source(Scope.PROJECT, permissions(Scope.PROJECT, rule)))
    assert not desired.wanted
    assert [False] == [loss.security for loss in desired.losses]
