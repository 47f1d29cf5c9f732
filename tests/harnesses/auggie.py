"""Auggie: what it lists. It takes no turn without an account. Observed with 0.36.0."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harnesses.asking import Asking
from harnesses.expected import front_matter
from harnesses.seen import Listed, Seen

_WRAPPED = re.compile(r"\n {20,}")
_LISTED = re.compile(r"^  (\S+) \[args\.\.\.\] +(.*) \((?:user|workspace|\.\w+)\)$", re.MULTILINE)


def ask(asking: Asking) -> Seen:
    asking.environment["AUGMENT_DISABLE_AUTO_UPDATE"] = "1"
    servers = json.loads(asking.run("mcp", "list", "--json").stdout or "{}").get("servers", [])
    # Skills and commands are in one list.
    text = _WRAPPED.sub(" ", asking.run("command", "list").output)
    listed = [Listed(name=name, description=asking.told(description)) for name, description in _LISTED.findall(text)]
    skills = set(_skills(asking))
    return asking.seen(
        (),
        listed_servers=tuple(server["name"] for server in servers if server["enabled"]),
        skills=tuple(one for one in listed if one.name in skills),
        commands=tuple(one for one in listed if one.name not in skills),
        refusal="no account",
    )


def _skills(asking: Asking) -> Iterator[str]:
    """The names of the skills in the folders that it reads."""
    folders = (asking.scratch.project, asking.scratch.home)
    for folder in (root / name / "skills" for root in folders for name in (".augment", ".claude", ".agents")):
        for path in folder.glob("*/SKILL.md"):
            yield front_matter(path.read_text())[0].get("name", path.parent.name)
