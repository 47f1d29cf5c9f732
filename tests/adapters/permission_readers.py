"""What each harness does unasked, by the files that are written for it: a small reading of its rules for each.

Where a harness's documentation leaves something open, it is taken as what allows more.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import tomlkit
import yaml
from tests.adapters.uses import ROOT, WRITERS, Use

Files = Mapping[str, bytes]
Allows = Callable[[Use], bool]

_NAMES = {
    "crush": {"Read": "view", "Grep": "grep", "Edit": "edit", "MultiEdit": "multiedit", "Write": "write"},
    "continue": {"Read": "Read", "Grep": "Search", "Edit": "Edit", "MultiEdit": "MultiEdit", "Write": "Write"},
    "gemini": {"Read": "read_file", "Grep": "grep_search", "Edit": "replace", "MultiEdit": "replace"},
    "kimi": {"Read": "Read", "Grep": "Grep", "Edit": "Edit", "MultiEdit": "Edit", "Write": "Write"},
    "vibe": {"Read": "read_file", "Grep": "grep", "Edit": "edit", "MultiEdit": "edit", "Write": "write_file"},
}


def _strictest(hits: set[str]) -> bool:
    """Is it allowed, where a denial beats a question, and that an allowance?"""
    return hits == {"allow"}


def codex(files: Files) -> Allows:
    """Rules over first words; the strictest that matches counts."""
    found = []
    for path, content in files.items():
        for line in content.decode().splitlines() if path.endswith(".rules") else ():
            call = ast.parse(line, mode="eval").body
            assert isinstance(call, ast.Call)
            found.append({one.arg: ast.literal_eval(one.value) for one in call.keywords})

    def allows(use: Use) -> bool:
        words = shlex.split(use.subject)
        hits = {rule["decision"] for rule in found if words[: len(rule["pattern"])] == rule["pattern"]}
        return use.tool == "Bash" and hits == {"allow"}

    return allows


def continue_dev(files: Files) -> Allows:
    """Three lists; a pattern is compared with a whole argument, and never matches a file's path."""
    found: dict[str, list[str]] = yaml.safe_load(files.get(".continue/permissions.yaml", b"{}"))
    names = {**_NAMES["continue"], "Bash": "Bash", "WebFetch": "Fetch"}

    def matches(rule: str, use: Use) -> bool:
        name, _, pattern = rule.removesuffix(")").partition("(")
        subject = f"https://{use.subject}/" if use.tool == "WebFetch" else use.subject
        return name == names.get(use.tool, use.tool.split("__")[-1]) and (
            not pattern or (use.tool in ("Bash", "WebFetch") and _text(pattern, subject))
        )

    lists = {"exclude": "deny", "ask": "ask", "allow": "allow"}
    return lambda use: _strictest(
        {action for key, action in lists.items() for rule in found.get(key, ()) if matches(rule, use)}
    )


def crush(files: Files) -> Allows:
    """Whole tools: those that are taken away, and those that are not asked about."""
    found: dict[str, Any] = next((json.loads(files[path]) for path in files if path.endswith("crush.json")), {})
    names = {**_NAMES["crush"], "Bash": "bash"}

    def allows(use: Use) -> bool:
        name = names.get(use.tool, use.tool.replace("__", "_"))
        return name in found.get("permissions", {}).get("allowed_tools", ()) and name not in found.get(
            "options", {}
        ).get("disabled_tools", ())

    return allows


def cursor(files: Files) -> Allows:
    """Globs below the project or absolute; a denial beats an allowance, and there are no questions."""
    found: dict[str, Any] = next((json.loads(files[path]) for path in files if path.startswith(".cursor/cli")), {})
    tools = {"Bash": "Shell", "Read": "Read", "WebFetch": "WebFetch"} | dict.fromkeys(WRITERS, "Write")

    def matches(rule: str, use: Use) -> bool:
        name, _, pattern = rule.removesuffix(")").partition("(")
        if use.tool.startswith("mcp__"):
            server, _, tool = use.tool[5:].partition("__")
            return rule in (f"Mcp({server}:*)", f"Mcp({server}:{tool})")
        if name != tools.get(use.tool):
            return False
        if use.tool == "Bash":
            program, _, arguments = pattern.partition(":")
            first, _, rest = use.subject.partition(" ")
            return pattern == "**" or (program == first and _text(arguments or "*", rest))
        return _text(pattern, use.subject) if use.tool == "WebFetch" else _folders(pattern, use.subject)

    lists = found.get("permissions", {})
    return lambda use: _strictest({action for action, some in lists.items() for rule in some if matches(rule, use)})


def devin(files: Files) -> Allows:
    """Claude Code's precedence; of a command the first words."""
    found: dict[str, Any] = next((json.loads(files[path]) for path in files if path.endswith("devin/config.json")), {})
    whole = {"Read": "read", "Edit": "edit", "MultiEdit": "edit", "Write": "write", "Bash": "exec"}

    def matches(rule: str, use: Use) -> bool:
        name, _, pattern = rule.removesuffix(")").partition("(")
        if use.tool.startswith("mcp__") or not pattern:
            return _text(rule, use.tool) or name == whole.get(use.tool)
        if use.tool == "Bash":
            return name == "Exec" and f"{use.subject} ".startswith(f"{pattern} ")
        if use.tool == "WebFetch":
            return name == "Fetch" and pattern == f"domain:{use.subject}"
        return name == {"Read": "Read", "Grep": "Read"}.get(use.tool, "Write") and _folders(pattern, use.subject)

    lists = found.get("permissions", {})
    return lambda use: _strictest({action for action, some in lists.items() for rule in some if matches(rule, use)})


def gemini(files: Files) -> Allows:
    """Policies over the arguments as JSON; the highest priority that matches counts."""
    texts = [content.decode() for path, content in files.items() if path.startswith(".gemini/policies/")]
    found: list[dict[str, Any]] = [rule for text in texts for rule in tomlkit.parse(text).unwrap()["rule"]]
    names = {**_NAMES["gemini"], "Write": "write_file", "Bash": "run_shell_command", "WebFetch": "web_fetch"}

    def matches(rule: Mapping[str, Any], use: Use) -> bool:
        if "mcpName" in rule:
            server, _, tool = use.tool.removeprefix("mcp__").partition("__")
            return rule["mcpName"] == server and rule["toolName"] in ("*", tool)
        arguments = json.dumps({"command": use.subject}, separators=(",", ":"))
        prefix = re.escape('"command":' + json.dumps(rule.get("commandPrefix", ""))[:-1])
        if "commandPrefix" in rule and re.search(prefix + r'(?:[\s"]|\\")', arguments) is None:
            return False
        if "commandRegex" in rule and re.search('"command":"' + rule["commandRegex"], arguments) is None:
            return False
        return rule["toolName"] == names.get(use.tool)

    def allows(use: Use) -> bool:
        hits = [rule for rule in found if matches(rule, use)]
        return bool(hits) and max(hits, key=lambda rule: rule["priority"])["decision"] == "allow"

    return allows


def kimi(files: Files) -> Allows:
    """Globs over a whole command, address or path, as it was given or from the root."""
    found = tomlkit.parse(files.get(".kimi-code/config.toml", b"").decode()).unwrap().get("permission", {})
    names = {**_NAMES["kimi"], "Bash": "Bash", "WebFetch": "FetchURL"}

    def matches(rule: str, use: Use, path: str) -> bool:
        name, _, pattern = rule.partition("(")
        if use.tool.startswith("mcp__"):
            return _text(rule, use.tool)
        subject = f"https://{use.subject}/" if use.tool == "WebFetch" else path
        is_hit = not pattern or re.fullmatch(_extended(pattern[:-1]), subject) is not None
        return is_hit and name == names.get(use.tool)

    def allows(use: Use) -> bool:
        paths = (use.subject,) if use.tool == "Bash" else (use.subject, use.subject.removeprefix(f"{ROOT}/"))
        rules = found.get("rules", [])
        hits = [{rule["decision"] for rule in rules if matches(rule["pattern"], use, path)} for path in paths]
        return _strictest(set().union(*hits))

    return allows


def opencode(files: Files) -> Allows:
    """Files merged key by key in the order in which they are read. The last pattern that matches counts; a path counts
    from the root of the project, and a search is known by its words."""
    merged: dict[str, dict[str, str]] = {}
    for path in sorted(files, key=lambda path: (path.endswith("c"), path.count("/"))):
        if path.rsplit("/", 1)[-1].startswith(("opencode.json", "kilo.json")):
            for key, value in json.loads(files[path]).get("permission", {}).items():
                merged.setdefault(key, {}).update({"*": value} if isinstance(value, str) else value)
    keys = {tool: tool.lower() for tool in ("Read", "Grep", "Bash", "WebFetch")} | dict.fromkeys(WRITERS, "edit")

    def allows(use: Use) -> bool:
        key = keys.get(use.tool, use.tool.removeprefix("mcp__").replace("__", "_"))
        path = use.subject.removeprefix(f"{ROOT}/")
        subject = f"..{path}" if path.startswith("/") else path if key in ("read", "edit", "bash") else "anything"
        said = [
            action
            for tool, patterns in merged.items()
            for pattern, action in patterns.items()
            if _text(tool, key) and _text(pattern, subject)
        ]
        return bool(said) and said[-1] == "allow"

    return allows


def qwen(files: Files) -> Allows:
    """Claude Code's rules and precedence; a rule about `Read` or `Edit` is about others too, a pattern without a star
    takes arguments, and a domain those below it."""
    found = json.loads(files.get(".qwen/settings.json", b"{}")).get("permissions", {})
    also = {"Read": {"Grep", "Glob", "ListFiles"}, "Edit": {"Write", "NotebookEdit"}}

    def matches(rule: str, use: Use) -> bool:
        name, _, pattern = rule.removesuffix(")").partition("(")
        tool = "Edit" if use.tool == "MultiEdit" else use.tool
        if use.tool.startswith("mcp__"):
            return use.tool == rule or use.tool.startswith(f"{rule}__")
        if tool != name and tool not in also.get(name, ()):
            return False
        if not pattern:
            return True
        if tool == "Bash":
            regex = re.escape(pattern).replace("\\ \\*", "( .*)?").replace("\\*", ".*")
            return re.fullmatch(regex if "*" in pattern else f"{regex}( .*)?", use.subject) is not None
        if tool == "WebFetch":
            return f".{use.subject}".endswith(f".{pattern.removeprefix('domain:')}")
        rooted = pattern[1:] if pattern.startswith("//") else pattern.removeprefix("./").lstrip("/")
        return _folders(rooted, use.subject)

    return lambda use: _strictest({action for action, some in found.items() for rule in some if matches(rule, use)})


def vibe(files: Files) -> Allows:
    """For commands lists of beginnings, then the answer for the tool; for files the answer alone allows, whatever the
    lists of denials say."""
    found = tomlkit.parse(files.get(".vibe/config.toml", b"").decode()).unwrap()
    names = {**_NAMES["vibe"], "Bash": "bash", "WebFetch": "web_fetch"}

    def allows(use: Use) -> bool:
        name = names.get(use.tool, use.tool.removeprefix("mcp__").replace("__", "_"))
        if any(_text(pattern, name) for pattern in found.get("disabled_tools", ())):
            return False
        tool = found.get("tools", {}).get(name, {})
        if use.tool == "Bash":
            for key, is_allowed in (("denylist", False), ("sensitive_patterns", False), ("allowlist", True)):
                if any(f"{use.subject} ".startswith(f"{start} ") for start in tool.get(key, ())):
                    return is_allowed
        return tool.get("permission") == "always"

    return allows


def zed(files: Files) -> Allows:
    """Lists of regular expressions; a path may begin with the project's folder, or below it."""
    settings = json.loads(files.get(".config/zed/settings.json", b"{}"))
    found = settings.get("agent", {}).get("tool_permissions", {}).get("tools", {})
    names = {"Bash": "terminal", "WebFetch": "fetch"} | dict.fromkeys(WRITERS, "edit_file")

    def said(use: Use, subject: str) -> str:
        if use.tool.startswith("mcp__"):
            return str(found.get(use.tool.replace("__", ":"), {}).get("default"))
        lists = found.get(names.get(use.tool, ""), {})
        keys = ("always_deny", "always_confirm", "always_allow")
        return next((key for key in keys for one in lists.get(key, ()) if re.search(one["pattern"], subject)), "")

    def allows(use: Use) -> bool:
        below = use.subject.removeprefix(f"{ROOT}/")
        subjects = {below, f"repo/{below}"} if below != use.subject else {use.subject}
        return any(said(use, subject) in ("allow", "always_allow") for subject in subjects)

    return allows


def nothing(files: Files) -> Allows:
    """A harness for which nothing is written that allows: so says every word in its files."""
    said = b"\n".join(content for path, content in files.items() if path != "losses.json")
    return lambda _: b"allow" in said


def _text(pattern: str, text: str) -> bool:
    """Where `*` stands for any text."""
    regex = re.escape(pattern).replace("\\*", ".*").replace("\\?", ".")
    return re.fullmatch(regex, text) is not None


def _folders(pattern: str, path: str) -> bool:
    """Where `*` stays in a folder, and a relative pattern is below the project."""
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    full = pattern if pattern.startswith("/") else f"{ROOT}/{pattern}"
    regex = "".join(said.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", full))
    return re.fullmatch(regex, path) is not None


def _extended(pattern: str) -> str:
    """A glob of picomatch as a regular expression."""
    regex, closing = "", []
    for token in re.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|[?*+]\(|\)|\*\*/|\*\*|\*|.", pattern, re.DOTALL):
        if token[1:] == "(":
            regex += "(?:"
            closing.append(f"){token[0]}")
        elif token == ")" and closing:
            regex += closing.pop()
        else:
            wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
            regex += wild.get(token) or (token if token[0] in "\\[" else re.escape(token))
    return f"(?s){regex}"


READERS: Mapping[str, Callable[[Files], Allows]] = {
    "amp": nothing,
    "auggie": nothing,
    "codex": codex,
    "continue": continue_dev,
    "copilot": nothing,
    "crush": crush,
    "cursor": cursor,
    "droid": nothing,
    "gemini": gemini,
    "kilo": opencode,
    "kimi": kimi,
    "opencode": opencode,
    "qwen": qwen,
    "vibe": vibe,
    "windsurf": devin,
    "zed": zed,
}
