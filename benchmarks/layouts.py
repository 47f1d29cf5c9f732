"""The content of a workload in the source layouts of other tools. Skills are copied as they are; what else a tool takes
is put where it reads it, by what its `init` makes and its documentation says."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path


def for_rulesync(project: Path, root: Path) -> None:
    """Rulesync 17: `.rulesync` with rules, skills, subagents, commands and servers."""
    source = _repository(root) / ".rulesync"
    rules = source / "rules"
    rules.mkdir(parents=True)
    overview = '---\nroot: true\ntargets: ["*"]\ndescription: "Conventions"\nglobs: ["**/*"]\n---\n\n'
    (rules / "overview.md").write_text(overview + _rules(project), encoding="utf-8")
    shutil.copytree(project / ".claude/skills", source / "skills")
    shutil.copytree(project / ".claude/agents", source / "subagents")
    shutil.copytree(project / ".claude/commands", source / "commands")
    shutil.copy(project / ".mcp.json", source / "mcp.json")


def for_ruler(project: Path, root: Path) -> None:
    """Ruler 0.3: `.ruler` with rules, skills and servers; it takes no commands."""
    source = _repository(root) / ".ruler"
    source.mkdir()
    (source / "AGENTS.md").write_text(_rules(project), encoding="utf-8")
    shutil.copytree(project / ".claude/skills", source / "skills")
    servers = [
        f"[mcp_servers.{name}]\n"
        + (f'url = "{each["url"]}"\n' if "url" in each else f'command = "{each["command"]}"\n')
        for name, each in _servers(project).items()
    ]
    (source / "ruler.toml").write_text("\n".join(servers), encoding="utf-8")


def for_dotagents(project: Path, root: Path) -> None:
    """Dotagents 1: `agents.toml`, which names each skill and where it comes from; neither agents nor commands."""
    _repository(root)
    shutil.copytree(project / ".claude/skills", root / "sources")
    lines = ["version = 1", 'agents = ["claude", "codex", "opencode"]']
    for skill in sorted((root / "sources").iterdir()):
        lines += ["", "[[skills]]", f'name = "{skill.name}"', f'source = "path:sources/{skill.name}"']
    for name, server in _servers(project).items():
        how = f'url = "{server["url"]}"' if "url" in server else f'command = "{server["command"]}"'
        lines += ["", "[[mcp]]", f'name = "{name}"', how]
    (root / "agents.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def for_skills(project: Path, root: Path) -> None:
    """Skills 1: a folder of skills, which it copies; it takes nothing else."""
    _repository(root)
    shutil.copytree(project / ".claude/skills", root / "sources")


def _repository(root: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def _rules(project: Path) -> str:
    return (project / "CLAUDE.md").read_text(encoding="utf-8")


def _servers(project: Path) -> dict[str, dict[str, str]]:
    servers: dict[str, dict[str, str]] = json.loads((project / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    return servers
