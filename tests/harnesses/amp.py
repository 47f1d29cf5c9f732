"""Amp: what it lists. It takes no turn without an account. Observed with 0.0.1790142911-g7618fb.

Before it lists skills and tools it asks its own server who somebody is: a stand-in answers, which knows nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harnesses.asking import Asking
from harnesses.seen import Listed, Seen
from harnesses.stub_model import Handler, LoopbackServer

_SCOPES: Mapping[str, Sequence[str]] = {"user": (), "workspace": ("--workspace",)}
"""The settings of which `permissions` tells, and how it is asked for them. A session has both, a workspace's first."""

COMMANDS = ("deploy --now", "make && deploy", "deployed", "teardown", "make")
"""What it is asked whether it would run, which is in no list of its own."""


class _Account(Handler):
    """Says that a person is signed in, and to everything else that it has nothing."""

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server asks for
        self.body()
        if self.path.endswith("?getUserInfo"):
            self.send_json({"ok": True, "result": {"id": "tester", "email": "tester@example.invalid", "features": []}})
        else:
            self.send_json({"ok": False, "error": {"code": "not-found", "message": "nothing is here"}})


def ask(asking: Asking) -> Seen:
    with LoopbackServer(_Account) as account:
        asking.environment |= {"AMP_URL": account.url, "AMP_API_KEY": "none", "AMP_SKIP_UPDATE_CHECK": "1"}
        servers = _listed(asking, "mcp", "list")
        if asking.question.trusted:
            for server in servers:
                if server["source"] == "workspace":
                    asking.run("mcp", "approve", server["name"])
        skills = _listed(asking, "skill", "list")["skills"]
        rules = {scope: _listed(asking, "permissions", "list", *flags) for scope, flags in _SCOPES.items()}
        answers = {scope: _answers(asking, *flags) for scope, flags in _SCOPES.items()}
        tools = [tool["name"] for tool in _listed(asking, "tools", "list")]
    return asking.seen(
        (),
        listed_servers=tuple(server["name"] for server in servers),
        servers=asking.servers(lambda tool: tool.removeprefix("mcp__").removesuffix("__"), told=tools),
        skills=tuple(_skill(asking, skill) for skill in skills if _is_meant(asking, skill)),
        permissions={"rules": rules, "answers": answers},
        refusal="no account",
    )


def _listed(asking: Asking, *arguments: str) -> Any:
    return json.loads(asking.run(*arguments, "--json").stdout or "[]")


def _answers(asking: Asking, *flags: str) -> dict[str, str]:
    """What it says to each command; its exit code says it too."""
    found = {}
    for command in COMMANDS:
        told = asking.run("permissions", "test", "Bash", "--cmd", command, "--json", *flags, ok=(0, 1, 2))
        found[command] = json.loads(told.stdout)["action"]
    return found


def _is_meant(asking: Asking, skill: Mapping[str, Any]) -> bool:
    """Is it none of the program's own, and of no plugin that is switched off? It lists those of all that lie there."""
    name = skill["baseDir"].partition("/plugins/cache/")[2].split("/")
    return skill["source"] != "builtin" and (len(name) == 1 or f"{name[1]}@{name[0]}" in _enabled(asking))


def _enabled(asking: Asking) -> set[str]:
    """The plugins that any settings of Claude Code's switch on."""
    roots = (asking.scratch.home, asking.scratch.project)
    files = [root / ".claude" / name for root in roots for name in ("settings.json", "settings.local.json")]
    return {name for file in files if file.exists() for name in json.loads(file.read_text()).get("enabledPlugins", {})}


def _skill(asking: Asking, skill: Mapping[str, Any]) -> Listed:
    file = f"{skill['baseDir'].removeprefix('file://')}/SKILL.md"
    return Listed(name=skill["name"], description=asking.told(skill["description"]), file=asking.scratch.shown(file))
