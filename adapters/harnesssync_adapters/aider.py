"""aider, observed with version 0.86.2.

It reads no rules by itself, only the files that `read` in a `.aider.conf.yml` names: one of the home directory, of the
git root and of the working directory, of which the last that has such a list counts. A relative path is meant from the
working directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harnesssync_adapters.shared import instructions
from harnesssync_adapters.shared.names import loss
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, Loss, Output
from harnesssync_orchestrator.core.items import Kind, Rule, Scope
from harnesssync_orchestrator.core.targets import Merge, SharedRules, Support, Target, Unsupported, View

_CONFIG = ".aider.conf.yml"
_RENDERED = ".aider/harnesssync-user.md"


def _rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    """`CLAUDE.md` itself where that is all there is, else `AGENTS.md`; in the home directory with `~`."""
    if view.scope is Scope.USER:
        yield from _user_rules(view, rules)
        return
    for folder in instructions.folders(view, rules):
        if folder.directory:
            for rule in (*folder.public, *folder.private):
                yield loss(view, rule, rule.name, "aider would always load it, not only for its folder")
            continue
        if folder.public:
            yield _read(folder.public, folder.public[0].name if folder.is_plain else instructions.AGENTS)
            why = "aider takes no list of the home directory where a project has one"
            yield loss(view, folder.public[0], f"~/{_CONFIG}: read", why)
        if not folder.is_plain:
            yield from instructions.agents_md(view, folder, instructions.AGENTS)
        for rule in folder.private:
            yield _read([rule], rule.name, private=True)
            if rule.imports:
                yield loss(view, rule, f"imports of {rule.name}", "aider does not follow @imports")


def _user_rules(view: View, rules: Sequence[Rule]) -> Iterator[Output | Loss]:
    (folder,) = instructions.folders(view, rules)
    if folder.is_plain:
        yield _read(rules, f"~/{rules[0].name}")
        return
    items = tuple(rule.id for rule in rules)
    content = instructions.rendered(rules)
    yield FileOutput(path=_RENDERED, items=items, content=content, gathers=instructions.ALL_RULES)
    yield _read(rules, f"~/{_RENDERED}")
    yield from instructions.conditional_losses(view, rules)


def _read(rules: Sequence[Rule], path: str, *, private: bool = False) -> Output:
    return ElementOutput(
        path=_CONFIG,
        items=tuple(rule.id for rule in rules),
        private=private,
        format="yaml",
        pointer=("read",),
        value=path,
    )


_SUPPORT: Mapping[Kind, Support] = {
    Kind.RULE: Merge(_rules, "imports and conditional rules: then AGENTS.md is rendered; rules for folders"),
    Kind.SKILL: Unsupported("aider has no skills"),
    Kind.AGENT: Unsupported("aider has no agents"),
    Kind.COMMAND: Unsupported("aider has no commands of its user's"),
    Kind.MCP_SERVER: Unsupported("aider has no MCP servers"),
    Kind.PERMISSIONS: Unsupported("aider asks about every command and file, and has no rules", security=True),
    Kind.HOOK: Unsupported("aider has no hooks: what one forbids is not forbidden", security=True),
    Kind.ENVIRONMENT: Unsupported("`set-env` of aider would configure aider itself"),
}

TARGET = Target(
    id="aider",
    name="aider",
    programs=("aider",),
    project_signs=(_CONFIG, ".aider.chat.history.md"),
    user_signs=(_CONFIG, ".aider"),
    home=".aider",
    project=_SUPPORT,
    user=_SUPPORT,
    shared=SharedRules(below=False),
)
