"""Print a reference page: `reference.py commands` or `reference.py targets`. `make generate` writes both to docs/."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from harnesssync_adapters import TARGETS
from harnesssync_orchestrator.core.items import Kind
from harnesssync_orchestrator.core.targets import Native, Support, Target, Unsupported
from harnesssync_orchestrator.ctl import main as ctl
from harnesssync_orchestrator.ctl import options
from harnesssync_orchestrator.ctl.commands import NAMES
from harnesssync_orchestrator.oneshot import main as oneshot

KINDS = {
    Kind.RULE: "rules",
    Kind.SKILL: "skills",
    Kind.AGENT: "agents",
    Kind.COMMAND: "commands",
    Kind.MCP_SERVER: "MCP servers",
    Kind.PERMISSIONS: "permissions",
    Kind.HOOK: "hooks",
    Kind.ENVIRONMENT: "environment",
}

COMMANDS_INTRODUCTION = """\
# Commands

Two programs are installed: `harnesssync` for people and scripts, and `harnesssync-orchestrator`, which runs the
supervisor. This page is printed from the declarations of their commands.

Exit codes: 0 clean, 1 drift, conflict, out of step or held back until trusted, 2 usage, 3 no supervisor, 4 failed."""

TARGETS_INTRODUCTION = """\
# Targets

What is written for each harness. This page is printed from the adapters' declarations. In the table of projects,
*native* means that the harness reads Claude Code's own files; *link*, *render* and *merge* are kept in step; a dash is
not possible. A star says that not all of it can be expressed: every sync tells what was lost. The last column says
whether `harnesssync import` brings over what was kept for the harness before.
"""


def commands_page() -> Iterable[str]:
    """Every command, with the very text that its `--help` prints."""
    yield COMMANDS_INTRODUCTION
    programs = {
        "harnesssync": oneshot.COMMANDS,
        "harnesssync ctl": [ctl.load(name).COMMAND for name in NAMES],
        "harnesssync-orchestrator": [oneshot.SERVE],
    }
    for program, commands in programs.items():
        for command in commands:
            yield ""
            yield f"## {program} {command.name}"
            yield ""
            yield "```"
            yield options.help_text(program, command)
            yield "```"


def targets_page() -> Iterable[str]:
    """What each harness takes of every kind of item, what is lost on the way, and what a person must agree to."""
    yield TARGETS_INTRODUCTION
    yield f"| target | {' | '.join(KINDS.values())} | import |"
    yield f"|---|{'---|' * len(KINDS)}---|"
    for target in TARGETS:
        cells = [*(cell(target.project[kind]) for kind in KINDS), "yes" if target.importer is not None else "-"]
        yield f"| [{target.id}](#{target.id}) | {' | '.join(cells)} |"
    for target in TARGETS:
        yield from target_section(target)


def target_section(target: Target) -> Iterable[str]:
    yield ""
    yield f"## {target.id}"
    yield ""
    place = f"`~/{target.home}`" + (f" or `${target.home_variable}`" if target.home_variable else "")
    yield f"{target.name}. Its folder in the home directory: {place}."
    if signs := in_use_where(target):
        yield ""
        yield f"In use where there is {signs}."
    for scope, supports in {"In a project": target.project, "In the home directory": target.user}.items():
        yield ""
        yield f"| {scope} | | |"
        yield "|---|---|---|"
        yield from rows(supports)
    if target.importer is not None:
        yield ""
        yield f"`harnesssync import --from {target.id}` brings over what was kept for it."
    if target.consent:
        yield ""
        yield "What a person must still agree to in the harness itself:"
        yield ""
        yield from (f"- {consent}" for consent in target.consent)


def in_use_where(target: Target) -> str:
    """What shows that it is, for people."""
    if target.only_linked:
        return "a main checkout beside the worktree"
    signs = [f"`{sign}`" for sign in target.project_signs] + [f"`~/{sign}`" for sign in target.user_signs]
    signs += [f"`{program}` on the `PATH`" for program in target.programs]
    signs += [f"the extension `{extension}` of an editor" for extension in target.extensions]
    return ", ".join(signs[:-1]) + (" or " if len(signs) > 1 else "") + signs[-1] if signs else ""


def rows(supports: Mapping[Kind, Support]) -> Iterable[str]:
    for kind, title in KINDS.items():
        support = supports[kind]
        reason = support.why if isinstance(support, (Native, Unsupported)) else support.loss
        yield f"| {title} | {cell(support)} | {reason.replace('|', '&#124;')} |"


def cell(support: Support) -> str:
    if isinstance(support, Unsupported):
        return "-"
    loses = support.render is not None if isinstance(support, Native) else bool(support.loss)
    return type(support).__name__.lower() + ("\\*" if loses else "")


PAGES = {"commands": commands_page, "targets": targets_page}

if __name__ == "__main__":
    sys.stdout.write("\n".join(PAGES[sys.argv[1]]()) + "\n")
