"""Uses of tools, and what Claude Code says to each: a reading of its rules that shares nothing with the adapters'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st
from tests.adapters.conftest import permission

from harnesssync_orchestrator.core.items import PermissionRule, Scope

ROOT = "/repo"
READERS = ("Read", "Grep")
WRITERS = ("Edit", "Write", "MultiEdit")


class Use(NamedTuple):
    """A tool, and the command, absolute path or host that it is about."""

    tool: str
    subject: str


def claude_allows(rules: Sequence[PermissionRule], use: Use) -> bool:
    """Does Claude Code let it happen unasked, by a rule? A denial and a question beat what is allowed."""
    hits = {rule.action.value for rule in rules if _is_about(rule, use)}
    return hits == {"allow"}


def _is_about(rule: PermissionRule, use: Use) -> bool:
    if use.tool.startswith("mcp__"):
        names = rule.tool if rule.tool.count("__") > 1 else f"{rule.tool}*"  # all tools of a server
        return re.fullmatch(_glob(names), use.tool) is not None
    family = {"Read": READERS, "Edit": WRITERS}.get(rule.tool, ())
    if rule.tool not in ("*", use.tool) and use.tool not in family:
        return False
    if rule.specifier is None:
        return True
    if use.tool == "Bash":
        return matches_command(rule.specifier, use.subject)
    if use.tool == "WebFetch":
        return re.fullmatch(_glob(rule.specifier.removeprefix("domain:")), use.subject) is not None
    is_bare = rule.tool not in ("Read", "Edit")  # a path with another tool is taken, and allows nothing
    return not (is_bare and rule.action.value == "allow") and matches_path(rule.specifier, use.subject)


def matches_command(specifier: str, command: str) -> bool:
    text = re.sub(r":\*$", " *", specifier)
    bare = text.endswith(" *") and "*" not in text[:-2] and command == text[:-2]
    return bare or re.fullmatch(_glob(text), command) is not None


def matches_path(specifier: str, path: str) -> bool:
    """As in `.gitignore`: a file, or a folder with all that is in it."""
    if specifier.startswith("//"):
        pattern = specifier[1:]
    elif specifier.startswith(("/", "./")) or "/" in specifier:
        pattern = f"{ROOT}/{specifier.removeprefix('.').lstrip('/')}"
    else:
        pattern = f"{ROOT}/**/{specifier}"
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    regex = "".join(said.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", pattern))
    return re.fullmatch(f"{regex}(?:/.*)?", path) is not None


def _glob(text: str) -> str:
    return ".*".join(map(re.escape, text.split("*")))


_COMMANDS = ["git", "git push", "git push -f", "git log", "ls"]
_PATHS = ["src/a.py", "src/deep/b.key", "infra/x", "secret/k", "a/secret", "top.py"]
_HOSTS = ["x.example", "evil.example", "sub.evil.example"]
_SERVERS = ["mcp__docs__find", "mcp__docs__rm", "mcp__files__find"]
_FILES = [*READERS, *WRITERS]

USES = [
    *(Use("Bash", command) for command in _COMMANDS),
    *(Use(tool, path) for tool in _FILES for path in (*(f"{ROOT}/{path}" for path in _PATHS), "/etc/passwd")),
    *(Use("WebFetch", host) for host in _HOSTS),
    *(Use(tool, "") for tool in _SERVERS),
]

_COMMAND = st.sampled_from(["git:*", "git *", "git push:*", "git push", "git p*", "git * -f", "ls:*", "ls", "*sh*"])
_PATH = st.sampled_from(["src/**", "/infra/**", "secret", "*.key", "./src/a.py", "//etc/**", "//repo/src/**", "src/*"])
_DOMAIN = st.sampled_from(["domain:x.example", "domain:evil.example", "domain:*.evil.example"])
_FILE_TOOL = st.sampled_from(_FILES)
_texts = st.one_of(
    st.sampled_from(["Bash", "WebFetch", "mcp__docs", "mcp__files", *_SERVERS, *_FILES]),
    _FILE_TOOL,
    _COMMAND.map(lambda text: f"Bash({text})"),
    st.tuples(_FILE_TOOL, _PATH).map(lambda both: f"{both[0]}({both[1]})"),
    _DOMAIN.map(lambda text: f"WebFetch({text})"),
)
_wild = st.sampled_from(["*", "mcp__*", "mcp__*__rm", "mcp__docs__r*"])


def rules(scope: Scope) -> st.SearchStrategy[list[PermissionRule]]:
    """Some rules of a scope, of few forms, so that they meet."""
    allowing = st.tuples(st.just("allow"), _texts)
    narrowing = st.tuples(st.sampled_from(["ask", "deny"]), st.one_of(_texts, _texts, _texts, _wild))
    some = st.lists(st.one_of(allowing, narrowing), max_size=6)
    return some.map(lambda pairs: [permission(scope, action, text) for action, text in pairs])
