"""Rules for certain files: in files of their own where all who share `AGENTS.md` can do without them there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from tests.adapters.conftest import rule, source

from harnesssync_adapters import TARGETS
from harnesssync_adapters.shared.conditional import needing
from harnesssync_orchestrator.core.desired import Desired, FileOutput, LinkOutput, Output
from harnesssync_orchestrator.core.items import Item, Kind, Rule, Scope
from harnesssync_orchestrator.core.rendering import Renderings, desired_state
from harnesssync_orchestrator.core.targets import Apart, Target, View

PROJECT = Scope.PROJECT
BY_ID = {target.id: target for target in TARGETS}
ALL = rule(PROJECT, "CLAUDE.md", "Be kind.\n")
TEXT = "Mind the tests."
SOME = rule(PROJECT, ".claude/rules/tests.md", f"{TEXT}\n", globs=("tests/**",), plain=False)

CONDITIONAL = ("antigravity", "copilot", "cursor", "kiro", "qwen", "windsurf")
ALWAYS = ("cline", "continue", "junie", "roo")
UNSHARED = ("claude-code", "neovim")
"""By what they can do; all others need a rule in `AGENTS.md` to be told it."""


def desired(ids: Sequence[str], *items: Item) -> Desired:
    """What these targets want together."""
    return desired_state([BY_ID[one] for one in ids], source(PROJECT, *items))


def having(result: Desired, target: str, text: str = TEXT) -> list[str]:
    """The outputs that a target has, and in which a text stands."""
    wishes = [wish for wish in result.wanted.values() if target in wish.owners]
    return [wish.output.path for wish in wishes if text.encode() in content(wish.output)]


def content(output: Output) -> bytes:
    """The bytes of a file of ours; a link leads to the one rule that is for all."""
    if isinstance(output, FileOutput):
        return output.content
    return ALL.text.encode() if isinstance(output, LinkOutput) else b""


def because(result: Desired, target: str) -> list[str]:
    """Why the conditions of the rule are lost for a target."""
    return [loss.why for loss in result.losses if loss.target == target and loss.what == "paths: tests/**"]


@pytest.mark.parametrize("target", [one for one in CONDITIONAL if one != "copilot"])
def test_alone_it_is_in_a_file_that_says_for_which_files_it_holds(target: str) -> None:
    """And `AGENTS.md` is the link that it is without the rule."""
    result = desired([target], ALL, SOME)
    (path,) = having(result, target)
    assert path != "AGENTS.md"
    (output,) = (wish.output for wish in result.wanted.values() if wish.output.path == path)
    assert b"tests/**" in content(output).split(TEXT.encode())[0]
    assert not output.private
    assert having(result, target, "Be kind.") == ["AGENTS.md"]
    assert because(result, target) == []


def test_all_who_can_do_without_it_have_it_once_each() -> None:
    """Those without conditions of their own always, which is told."""
    result = desired([*CONDITIONAL, *ALWAYS], ALL, SOME)
    assert result.clashes == ()
    for target in (*CONDITIONAL, *ALWAYS):
        paths = having(result, target)
        assert len(paths) == (target != "copilot"), target
        assert "AGENTS.md" not in paths
        assert len(because(result, target)) == (target in ALWAYS), target


@pytest.mark.parametrize("other", sorted(set(BY_ID) - {*CONDITIONAL, *ALWAYS, *UNSHARED}))
def test_one_who_needs_it_in_agents_md_has_it_there_and_so_have_all(other: str) -> None:
    """Nobody gets a second copy, and who could do better is told for whose sake not."""
    result = desired([other, "cursor", "qwen", "cline"], ALL, SOME)
    for target in ("cursor", "qwen", "cline"):
        assert having(result, target) == ["AGENTS.md"]
    for target in ("cursor", "qwen"):
        (why,) = because(result, target)
        assert why.endswith(f"AGENTS.md is shared with {BY_ID[other].name}, which can't be told it for these alone")
    (why,) = because(result, "cline")
    assert why.endswith("names the files")


def test_one_that_reads_the_rule_itself_is_told_that_agents_md_has_it_too() -> None:
    """GitHub Copilot reads both."""
    assert because(desired(["copilot"], ALL, SOME), "copilot") == []
    (why,) = because(desired(["copilot", "codex"], ALL, SOME), "copilot")
    assert "AGENTS.md is shared with Codex" in why


def test_many_for_whose_sake_it_is_there_are_counted() -> None:
    """A sentence stays one that can be read."""
    (why,) = because(desired(["codex", "gemini", "goose", "warp", "amp", "cursor"], ALL, SOME), "cursor")
    assert "Codex, Gemini CLI, Goose and 2 more," in why


@pytest.mark.parametrize("target", ALWAYS)
def test_where_nobody_can_say_for_which_files_it_stays_in_agents_md(target: str) -> None:
    """A file of its own would gain nothing."""
    assert having(desired([target], ALL, SOME), target) == ["AGENTS.md"]
    assert having(desired(ALWAYS, ALL, SOME), target) == ["AGENTS.md"]


@pytest.mark.parametrize("target", UNSHARED)
def test_one_that_needs_no_agents_md_keeps_nothing_there(target: str) -> None:
    """Avante has its own file, and Claude Code is what all is read from."""
    result = desired([target, "cursor"], ALL, SOME)
    assert having(result, "cursor") == [".cursor/rules/harnesssync-claude-rules-tests.mdc"]
    assert target == "claude-code" or having(result, target) == ["avante.md"]


@pytest.mark.parametrize("globs", [("a,b/**",), ("**/*.py", "!tests/**")])
def test_what_globs_can_not_say_stays_in_agents_md(globs: tuple[str, ...]) -> None:
    """Cursor separates globs by commas, and has none for exceptions."""
    hard = rule(PROJECT, ".claude/rules/hard.md", f"{TEXT}\n", globs=globs, plain=False)
    result = desired(["cursor"], ALL, hard, SOME)
    assert "AGENTS.md" in having(result, "cursor")
    assert len(having(result, "cursor")) == 2
    assert [loss.what for loss in result.losses] == [f"paths: {', '.join(globs)}"]


@pytest.mark.parametrize("target", ["windsurf", "antigravity"])
def test_what_would_be_cut_off_in_a_file_of_its_own_stays_in_agents_md(target: str) -> None:
    """Rules of their own are read up to 12,000 characters, and `AGENTS.md` as far as it goes."""
    long = rule(PROJECT, ".claude/rules/long.md", "x" * 11_900 + f"{TEXT}\n", globs=("a/**",), plain=False)
    assert having(desired([target], ALL, long), target) == ["AGENTS.md"]


def test_one_that_can_not_say_it_takes_it_always_where_another_can() -> None:
    """Qwen Code has a list, so a comma is no matter to it."""
    hard = rule(PROJECT, ".claude/rules/hard.md", f"{TEXT}\n", globs=("a,b/**",), plain=False)
    result = desired(["cursor", "qwen"], ALL, hard)
    assert having(result, "qwen") == [".qwen/rules/harnesssync-claude-rules-hard.md"]
    assert having(result, "cursor") == [".cursor/rules/harnesssync-claude-rules-hard.mdc"]
    (lost,) = result.losses
    assert (lost.target, lost.why) == (
        "cursor",
        "Cursor reads globs with commas between them: the rule is always loaded",
    )
    assert having(result, "cursor", "Only for files that match `a,b/**`") == having(result, "cursor")


def test_who_reads_no_agents_md_of_a_folder_keeps_nothing_in_it() -> None:
    """Kiro has a file for a rule of a folder anyway, and Zed loses it; Cursor reads `AGENTS.md` there."""
    there = rule(PROJECT, "api/.claude/rules/x.md", f"{TEXT}\n", directory="api", globs=("*.py",), plain=False)
    result = desired(["cursor", "kiro", "zed"], ALL, there)
    (path,) = having(result, "cursor")
    (output,) = (wish.output for wish in result.wanted.values() if wish.output.path == path)
    assert b'globs: "api/**/*.py"' in content(output)
    assert having(desired(["cursor", "codex"], ALL, there), "cursor") == ["api/AGENTS.md"]


def test_where_agents_md_is_written_by_hand_who_can_gets_it_all_the_same() -> None:
    """In that file it is for nobody; who has no other place loses it."""
    only = rule(PROJECT, "CLAUDE.md", "@AGENTS.md\n", expanded="By hand.\n", plain=False, imports=("/repo/AGENTS.md",))
    result = desired(["codex", "cursor"], only, SOME)
    assert having(result, "cursor") == [".cursor/rules/harnesssync-claude-rules-tests.mdc"]
    assert [(loss.target, loss.what) for loss in result.losses] == [("codex", SOME.name)]


def test_a_home_directory_shares_nothing() -> None:
    """Every harness has a file of its own there."""
    mine = rule(Scope.USER, ".claude/rules/tests.md", f"{TEXT}\n", globs=("tests/**",), plain=False)
    (lost,) = desired_state([BY_ID["qwen"], BY_ID["codex"]], source(Scope.USER, mine)).losses[:1]
    assert lost.why == "the rule is always loaded, under a heading that names the files"


def test_a_target_that_comes_or_goes_is_noticed_by_what_was_rendered_before() -> None:
    """What the others can do is part of what a rendering came from."""
    renderings, items = Renderings(), source(PROJECT, ALL, SOME)
    for ids in (["cursor"], ["cursor", "codex"], ["cursor", "qwen"], ["cursor"]):
        targets = [BY_ID[one] for one in ids]
        assert desired_state(targets, items, renderings=renderings) == desired_state(targets, items)


def test_no_company_of_three_is_told_it_twice_or_not_at_all() -> None:
    """Whoever is in it."""
    readers = [target for target in TARGETS if target.id not in UNSHARED]
    everything, renderings = source(PROJECT, SOME), Renderings()
    for company in itertools.combinations(readers, 3):
        result = desired_state(company, everything, renderings=renderings)
        is_shared = bool(needing(company, SOME))
        assert result.clashes == ()
        for target in company:
            found = having(result, target.id)
            if target.id == "copilot":
                assert found == []
                continue
            assert len(found) == 1
            assert (found == ["AGENTS.md"]) == is_shared


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.id)
def test_what_a_target_declares_of_agents_md_is_what_it_does(target: Target) -> None:
    """Whether it is written for it, in which folders, and whether a rule can be elsewhere."""
    given: list[Rule] = [ALL, rule(PROJECT, ".claude/rules/a.md", "All.\n")]
    given.append(rule(PROJECT, "api/.claude/rules/a.md", "There.\n", directory="api"))
    written = {wish.output.path for wish in desired([target.id], *given).wanted.values()}
    assert target.id == "copilot" or ("AGENTS.md" in written) == (target.shared is not None)
    if target.shared is not None:
        assert target.id == "copilot" or ("api/AGENTS.md" in written) == target.shared.below
        expected = {"copilot": Apart.CONDITIONAL}.get(target.id, Apart.NOT)
        expected = Apart.CONDITIONAL if target.id in CONDITIONAL else Apart.ALWAYS if target.id in ALWAYS else expected
        assert target.shared.apart(SOME) is expected


def test_a_view_without_company_sets_nothing_apart() -> None:
    """A renderer that is called by itself gives what holds wherever the file is shared."""
    support = BY_ID["cursor"].support(PROJECT, Kind.RULE)
    render = getattr(support, "render", None)
    assert render is not None
    (output, _) = render(View(target="cursor", source=source(PROJECT, SOME)), (SOME,))
    assert output.path == "AGENTS.md"
