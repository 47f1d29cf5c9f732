"""What is swept: the commands, and the situations that they are disturbed in."""

from __future__ import annotations

import shutil

from tests.reliability.stage import Scene, Stage
from tests.reliability.world import PROJECT_FILES


def _nothing(_stage: Stage) -> None:
    """As made: registered, never synced."""


def _change(stage: Stage) -> None:
    """Synced, then one edit of each kind: changed, added, removed, renamed."""
    stage.prepared("sync")
    world = stage.world
    world.write(
        {
            "CLAUDE.md": "# Rules\n\nUse spaces. See @docs/style.md\n",
            ".claude/rules/docs.md": "---\npaths: docs/**\n---\nShort sentences.\n",
            ".claude/skills/new/SKILL.md": "---\nname: new\ndescription: Came later\n---\nNew.\n",
            ".claude/agents/reviewer.md": "---\nname: reviewer\ndescription: Reviews well\n---\nReview it twice.\n",
            ".claude/commands/ship.md": "---\ndescription: Ship it\n---\nShip.\n",
            ".claude/skills/pdf/scripts/read.sh": "#!/bin/sh\necho read more\n",
            ".mcp.json": PROJECT_FILES[".mcp.json"].replace("files-server", "files-server-2").replace("docs", "pages"),
        }
    )
    (world.project / ".claude/commands/fix/issue.md").unlink()
    shutil.rmtree(world.project / ".claude/skills/日本語")
    stage.prepared("ctl", "add", str(world.project))


def _removal(stage: Stage) -> None:
    """Synced, then nearly everything taken out of the source."""
    stage.prepared("sync")
    for path in (".claude/skills", ".claude/agents", ".claude/commands", ".claude/rules"):
        shutil.rmtree(stage.world.project / path)
    for path in (".mcp.json", ".claude/settings.json"):
        (stage.world.project / path).unlink()


def _synced(stage: Stage) -> None:
    """Synced once."""
    stage.prepared("sync")


def _changed(stage: Stage) -> None:
    """Synced twice, with edits between."""
    _change(stage)
    stage.prepared("sync")


def _removed(stage: Stage) -> None:
    """Synced twice, the second time with nearly nothing left."""
    _removal(stage)
    stage.prepared("sync", "--confirm")


def _edited(stage: Stage) -> None:
    """Synced, then outputs edited: a link replaced by a file, a rendered file, a key."""
    stage.prepared("sync")
    project = stage.world.project
    for path, old, new in (
        (".codex/agents/reviewer.toml", "Review it.", "Review it well."),
        (".opencode/commands/fix/issue.md", "now.", "at once."),
        (".gemini/settings.json", "https://docs.example/mcp", "https://pages.example/mcp"),
    ):
        file = project / path
        text = file.read_bytes().decode()
        assert old in text, path
        file.write_bytes(text.replace(old, new).encode())


def _user(stage: Stage) -> None:
    """The home directory's own configuration, with things of a person's where outputs go."""
    home = stage.world.home
    for path, content in PROJECT_FILES.items():
        if path not in {".mcp.json", "docs/style.md"}:
            file = home / (path if path.startswith(".claude/") else f".claude/{path}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    (home / ".claude.json").write_text(PROJECT_FILES[".mcp.json"])
    for path, content in {".codex/config.toml": 'model = "o4"\n', ".gemini/settings.json": '{"theme": "dark"}'}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content)
    with (home / ".harnesssync" / "config.toml").open("r+") as config:
        settings = config.read()
        config.seek(0)
        config.write('targets = ["codex", "gemini", "opencode"]\n' + settings)


def _kept(stage: Stage) -> None:
    """Never synced, with more of a person's that is kept for one harness alone."""
    stage.world.write(
        {
            "docs/AGENTS.md": "Short words.\n",
            ".codex/agents/mine.toml": 'name = "mine"\ndescription = "Mine"\ndeveloper_instructions = "Do it."\n',
            ".codex/hooks.json": '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}}\n',
            ".agents/skills/own/scripts/own.sh": "#!/bin/sh\n",
        }
    )


def _other_project(stage: Stage) -> None:
    """A second repository, not yet registered."""
    (stage.world.root / "other").mkdir()
    stage.world.git("init", "-q", "-b", "main", "../other")


def _two_projects(stage: Stage) -> None:
    _other_project(stage)
    stage.prepared("ctl", "add", str(stage.world.root / "other"))


SCENES = (
    Scene(name="first", prepare=_nothing),
    Scene(name="change", prepare=_change),
    Scene(name="removal", prepare=_removal, arguments=("sync", "--confirm"), again=("sync", "--confirm")),
    Scene(name="copies-first", prepare=_nothing, without_links=True),
    Scene(name="copies-change", prepare=_change, without_links=True),
    Scene(
        name="copies-removal",
        prepare=_removal,
        without_links=True,
        arguments=("sync", "--confirm"),
        again=("sync", "--confirm"),
    ),
    Scene(name="user", prepare=_user, arguments=("sync", "--user"), again=("sync", "--user")),
    Scene(name="undo", prepare=_synced, arguments=("undo",), again=("undo",)),
    Scene(name="undo-change", prepare=_changed, arguments=("undo",)),
    Scene(name="undo-removal", prepare=_removed, arguments=("undo",), again=("sync", "--confirm")),
    Scene(name="copies-undo", prepare=_synced, arguments=("undo",), again=("undo",), without_links=True),
    Scene(name="unlink", prepare=_changed, arguments=("unlink", "--all"), again=("unlink", "--all")),
    Scene(
        name="restore",
        prepare=_edited,
        arguments=("resolve", "--restore", "--all"),
        again=("resolve", "--restore", "--all"),
    ),
    Scene(
        name="adopt", prepare=_edited, arguments=("resolve", "--adopt", "--all"), again=("resolve", "--adopt", "--all")
    ),
    Scene(name="import", prepare=_kept, arguments=("import", "--from", "codex"), again=("import", "--from", "codex")),
    Scene(name="threads", prepare=_change, threads=True),
    Scene(name="add", prepare=_other_project, arguments=("ctl", "add", "../other"), again=("ctl", "add", "../other")),
    Scene(
        name="remove", prepare=_two_projects, arguments=("ctl", "remove", "../other"), again=("ctl", "add", "../other")
    ),
)
