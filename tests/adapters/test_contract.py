"""What holds for every target, in every scope: a new one is tested by being in the registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest
import tomlkit
import yaml
from tests.adapters.conftest import agent, command, rich_source, server, skill
from tests.adapters.conftest import rule as rule_file
from tests.growth import grows_with_length

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_adapters.shared.hooks import GUARDS
from harnesssync_orchestrator.core import prompts
from harnesssync_orchestrator.core.desired import (
    Address,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Loss,
    Output,
)
from harnesssync_orchestrator.core.fingerprints import fingerprint
from harnesssync_orchestrator.core.items import Action, Command, Hook, Kind, McpServer, Permissions, Scope, Transport
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.core.observed import Document, Missing, Observed, ObservedFile
from harnesssync_orchestrator.core.plan import ConflictKind, EditDocument
from harnesssync_orchestrator.core.planning import plan
from harnesssync_orchestrator.core.prompts import placeholders
from harnesssync_orchestrator.core.rendering import Renderings, desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import AddElement, Native, SetKey, Target, Unsupported, View
from harnesssync_orchestrator.core.trust import OWN
from harnesssync_orchestrator.core.twins import looked_besides, twins

P, U = Scope.PROJECT, Scope.USER
SKILLS = ".agents/skills/"
GOOSE_PLUGIN = ".agents/plugins/harnesssync-goose/"

PLACES: dict[str, dict[Scope, tuple[str, ...]]] = {
    "codex": {P: (".codex/", SKILLS, "AGENTS.md", "AGENTS.override.md"), U: (".codex/", SKILLS)},
    "gemini": {P: (".gemini/", SKILLS, "AGENTS.md"), U: (".gemini/", SKILLS)},
    "opencode": {P: (".opencode/", SKILLS, "AGENTS.md"), U: (".config/opencode/", SKILLS)},
    "amp": {P: (".amp/", SKILLS, "AGENTS.md"), U: (".config/amp/", ".config/agents/skills/")},
    "kiro": {P: (".kiro/", "AGENTS.md"), U: (".kiro/",)},
    "zed": {P: (".zed/", SKILLS, "AGENTS.md"), U: (".config/zed/", SKILLS)},
    "windsurf": {
        P: (".devin/", ".windsurf/", SKILLS, "AGENTS.md"),
        U: (".codeium/windsurf/", ".config/devin/", SKILLS),
    },
    "antigravity": {P: (".agents/", "AGENTS.md"), U: (".gemini/config/", ".gemini/antigravity/")},
    "junie": {P: (".junie/", "AGENTS.md"), U: (".junie/",)},
    "roo": {P: (".roo/", ".roomodes", "AGENTS.md"), U: (".roo/",)},
    "warp": {P: (".warp/", SKILLS, "AGENTS.md"), U: (".warp/", SKILLS, ".agents/AGENTS.md")},
    "neovim": {P: ("avante.md", ".codecompanion/skills/", ".mcphub/"), U: (".config/mcphub/", SKILLS)},
    "kimi": {P: (".kimi-code/", SKILLS, "AGENTS.md"), U: (".kimi-code/", SKILLS)},
    "vibe": {P: (".vibe/", SKILLS, "AGENTS.md"), U: (".vibe/", SKILLS)},
    "cline": {P: (".cline/", SKILLS, "AGENTS.md"), U: (".cline/", SKILLS)},
    "continue": {P: (".continue/", "AGENTS.md"), U: (".continue/",)},
    "openhands": {P: (".openhands/", SKILLS, "AGENTS.md"), U: (".openhands/", SKILLS)},
    "aider": {P: (".aider.conf.yml", "AGENTS.md"), U: (".aider.conf.yml", ".aider/")},
    "goose": {
        P: (".goose/", SKILLS, ".agents/plugins/harnesssync-goose/", "AGENTS.md"),
        U: (".config/goose/", SKILLS, ".agents/plugins/harnesssync-goose/"),
    },
    "auggie": {P: (".augment/", SKILLS, "AGENTS.md"), U: (".augment/", SKILLS)},
    "kilo": {P: (".kilo/", "kilo.json", SKILLS, "AGENTS.md"), U: (".config/kilo/", SKILLS)},
    "copilot": {P: (".github/", SKILLS), U: (".copilot/", SKILLS)},
    "crush": {P: (".crush/", "crush.json", SKILLS, "AGENTS.md"), U: (".config/crush/", SKILLS)},
    "cursor": {P: (".cursor/", SKILLS, "AGENTS.md"), U: (".cursor/", SKILLS)},
    "droid": {P: (".factory/", SKILLS, "AGENTS.md"), U: (".factory/", SKILLS)},
    "pi": {P: (".pi/", SKILLS, "AGENTS.md"), U: (".pi/", SKILLS)},
    "qwen": {P: (".qwen/", SKILLS, "AGENTS.md"), U: (".qwen/", SKILLS)},
    "claude-code": {P: (".claude/", ".mcp.json", "CLAUDE.local.md"), U: ()},
}
"""Where each target may write; instructions may also stand in sub-folders of a project."""

READ_ANYWAY: dict[str, set[Kind]] = {
    "opencode": {Kind.RULE, Kind.SKILL},
    "amp": {Kind.RULE},
    "zed": {Kind.RULE},
    "windsurf": {Kind.MCP_SERVER, Kind.HOOK},
    "warp": {Kind.SKILL, Kind.MCP_SERVER},
    "neovim": {Kind.RULE, Kind.SKILL},
    "kimi": {Kind.MCP_SERVER},
    "continue": {Kind.SKILL},
    "goose": {Kind.SKILL, Kind.AGENT},
    "auggie": {Kind.SKILL, Kind.AGENT, Kind.COMMAND},
    "crush": {Kind.RULE, Kind.SKILL},
    "cursor": {Kind.SKILL, Kind.AGENT},
    "pi": {Kind.RULE},
    "copilot": {Kind.RULE, Kind.SKILL, Kind.AGENT, Kind.COMMAND, Kind.MCP_SERVER, Kind.HOOK},
    "kilo": {Kind.RULE, Kind.SKILL},
    "droid": {Kind.RULE},
    "qwen": {Kind.MCP_SERVER},
    "claude-code": set(Kind),
}
"""Kinds of which a target reads Claude Code's own files, so that an item may leave no trace."""

NAMING = ("slug", "name", "id")
"""Keys by which a harness names one of several tables in a list."""

NAMED = {
    ("roo", P): {".roomodes"},
    ("continue", U): {".continue/config.yaml"},
    ("vibe", P): {".vibe/config.toml", ".vibe/hooks.toml"},
    ("vibe", U): {".vibe/config.toml", ".vibe/hooks.toml"},
}
"""Files with such lists."""

PARSERS = {
    "json": json.loads,
    "json-or-yaml": yaml.safe_load,
    "toml": lambda text: tomlkit.parse(text).unwrap(),
    "yaml": yaml.safe_load,
}


def results(target: Target, source: Source) -> Iterator[Output | Loss]:
    """All that a target makes of a source."""
    for kind in Kind:
        support = target.support(source.scope, kind)
        items = source.of(kind)
        if items and not isinstance(support, Unsupported) and support.render is not None:
            yield from support.render(View(target=target.id, source=source), items)


def outputs(target: Target, source: Source) -> list[Output]:
    """The outputs among them."""
    return [result for result in results(target, source) if not isinstance(result, Loss)]


def test_every_kind_is_declared_in_both_scopes(target: Target) -> None:
    """A gap is data: it says why."""
    for scope in Scope:
        for kind in Kind:
            support = target.support(scope, kind)
            assert not isinstance(support, Unsupported) or support.why


def test_identifiers_are_unique() -> None:
    """They stand in ledgers and on the command line."""
    assert len({target.id for target in TARGETS}) == len(TARGETS)


def test_rendering_twice_gives_the_same(target: Target, rich: Source) -> None:
    """Renderers are pure: no time stamp, no order of a set."""
    assert list(results(target, rich)) == list(results(target, rich))


def test_what_other_items_led_to_is_not_taken_for_what_these_lead_to(target: Target, rich: Source) -> None:
    """With the renderings of everything at hand, and without each item in turn: as if rendered from nothing."""
    renderings = Renderings()
    assert desired_state([target], rich, renderings=renderings) == desired_state([target], rich)
    for left_out in rich.items:
        fewer = replace(rich, items=tuple(item for item in rich.items if item is not left_out))
        assert desired_state([target], fewer, renderings=renderings) == desired_state([target], fewer), left_out.id


def test_outputs_stay_in_the_places_of_their_target(target: Target, rich: Source) -> None:
    """Relative paths without `..`, in folders that the harness owns or shares."""
    places = PLACES[target.id][rich.scope]
    for output in outputs(target, rich):
        path = PurePosixPath(output.path)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert output.path == str(path)
        instructions = rich.scope is Scope.PROJECT and path.name in places
        assert instructions or any(output.path.startswith(place) for place in places), output.path


def test_names_of_files_are_safe_everywhere(target: Target, rich: Source) -> None:
    """But for the dot that begins the folders of harnesses."""
    for output in outputs(target, rich):
        for part in PurePosixPath(output.path).parts:
            assert why_unsafe(part.lstrip(".")) is None


def test_every_output_names_the_items_that_made_it(target: Target, rich: Source) -> None:
    """So that a conflict can say what it is about."""
    known = {item.id for item in rich.items}
    for output in outputs(target, rich):
        assert output.items
        assert set(output.items) <= known


def test_every_loss_names_its_target_and_an_item(target: Target, rich: Source) -> None:
    """So that it can be told where it belongs."""
    known = {item.id for item in rich.items}
    for result in results(target, rich):
        if isinstance(result, Loss):
            assert target.id == result.target
            assert result.item in known
            assert result.what
            assert result.why


def test_an_output_gathers_what_it_would_lack(target: Target, rich: Source) -> None:
    """Each of which something else comes with one more rule or server says so, and nothing else has to wait for one."""
    scope, api = rich.scope, "packages/api"
    agents = [
        agent(scope, "free"),
        agent(scope, "given", tools=("Read", "mcp__docs")),
        agent(scope, "taken", disallowed_tools=("Bash",)),
        agent(scope, "narrowed", disallowed_tools=("mcp__docs__search",)),
    ]
    rules = [rule_file(scope, ".claude/rules/more.md", "More.\n")]
    if scope is Scope.PROJECT:
        rules.append(rule_file(scope, f"{api}/.claude/rules/more.md", "More there.\n", directory=api))
        rules.append(rule_file(scope, ".claude/rules/more.local.md", "Mine too.\n"))
    servers = [server(scope, "more", Transport.HTTP, url="https://more.example")]
    source = replace(rich, items=(*rich.items, *agents))
    before = desired_state([target], source).wanted
    for kind, added in ((Kind.RULE, rules), (Kind.MCP_SERVER, servers)):
        after = desired_state([target], replace(source, items=(*source.items, *added))).wanted
        whole = [address for address in before if address in after and not address.pointer]
        changed = {address for address in whole if _says(before[address].output) != _says(after[address].output)}
        assert {address for address in whole if kind in before[address].output.gathers} == changed, kind


def _says(output: Output) -> object:
    """What stands there: the content of a file, or where a link leads."""
    return output.content if isinstance(output, FileOutput) else getattr(output, "source", None)


def test_every_item_is_an_output_or_a_loss(target: Target, rich: Source) -> None:
    """Nothing vanishes silently, save what Claude Code does not read either or the harness reads itself."""
    desired = desired_state([target], rich)
    told = {item for wish in desired.wanted.values() for item in wish.output.items} | {
        one.item for one in desired.losses
    }
    native = READ_ANYWAY.get(target.id, set())
    shadowed = {"pdf-tools"}
    for kind in Kind:
        for item in rich.of(kind):
            assert item.id in told or kind in native or item.name in shadowed, item.id


def test_no_target_clashes_with_itself_or_the_others(rich: Source) -> None:
    """Shared outputs are wanted alike, byte for byte."""
    assert desired_state(TARGETS, rich).clashes == ()
    for target in TARGETS:
        assert desired_state([target], rich).clashes == ()


def test_files_are_read_back_by_an_independent_parser(target: Target, rich: Source) -> None:
    """TOML by another library, JSON by the standard library, front matter by a YAML reader."""
    for output in outputs(target, rich):
        if isinstance(output, FileOutput):
            text = output.content.decode()
            if output.path.endswith(".toml"):
                assert tomlkit.parse(text).unwrap()
            elif text.startswith("---\n"):
                assert yaml.safe_load(text.split("---\n")[1])
            assert text.endswith("\n")
            assert "\r" not in text


def test_merged_values_arrive_in_an_empty_document_as_they_are(target: Target, rich: Source) -> None:
    """Read by an independent parser, at the pointer where they were put."""
    documents: dict[str, bytes] = {}
    merged = [output for output in outputs(target, rich) if isinstance(output, (KeyOutput, ElementOutput))]
    for output in merged:
        edit = (SetKey if isinstance(output, KeyOutput) else AddElement)(output.pointer, output.value)
        before = documents.get(output.path, FORMATS[output.format].empty)
        documents[output.path] = FORMATS[output.format].edit(before, [edit])
    for output in merged:
        text = documents[output.path].decode()
        value = PARSERS[output.format](text)
        for key in output.pointer:
            value = value[key]
        assert output.value in value if isinstance(output, ElementOutput) else output.value == value


def test_every_element_that_has_a_name_is_known_by_it(target: Target, rich: Source) -> None:
    """So that one of a person's with the same name is a conflict, as a key would be, and none of ours has it too."""
    elements = [output for output in outputs(target, rich) if isinstance(output, ElementOutput)]
    for output in elements:
        naming = [key for key in NAMING if isinstance(output.value, Mapping) and key in output.value]
        assert [output.identity] == (naming[:1] or [""]), output.address
        assert output.address.name == ((naming[0], output.value[naming[0]]) if naming else None)  # type: ignore[index, call-overload]
        assert Address.parse(str(output.address)) == output.address
    assert len({output.address for output in elements}) == len(elements)


def test_what_a_person_has_under_the_name_of_an_element_is_a_conflict(target: Target, rich: Source) -> None:
    """And nothing is added beside it, also once ours has been there."""
    wanted = desired_state([target], rich)
    named = [address for address in wanted.wanted if address.name is not None]
    assert {address.path for address in named} == NAMED.get((target.id, rich.scope), set())
    theirs: dict[str, dict[str, Any]] = {}
    for address in named:
        key, name = address.name or ("", "")
        values = theirs.setdefault(address.path, {})
        for part in address.pointer[:-1]:
            values = values.setdefault(part, {})
        values.setdefault(address.pointer[-1], []).append({key: name, "mine": True})
    observed = Observed(
        paths={a.path: ObservedFile("f" * 16) if a.path in theirs else Missing() for a in wanted.wanted},
        documents={path: Document(values) for path, values in theirs.items()},
    )
    entry = Entry(method=Method.MERGE, digest="e" * 16, timestamp="", owners=(target.id,))
    for ledger, kind in (
        (Ledger(), ConflictKind.FOREIGN),
        (Ledger(entries=dict.fromkeys(named, entry)), ConflictKind.DRIFT),
    ):
        made = plan(wanted, observed, ledger, source=rich, trust=OWN)
        told = {each.address: each.kind for each in made.conflicts}
        assert {address: told.get(address) for address in named} == dict.fromkeys(named, kind)
        edits = [edit for each in made.operations if isinstance(each, EditDocument) for edit in each.edits]
        assert not [edit for edit in edits if edit.pointer in {address.pointer for address in named}]


def test_what_a_harness_would_run_waits_for_trust(target: Target, rich: Source) -> None:
    """Hooks, servers that start programs or get variables, variables, what allows, and shell in commands that is run;
    text and what denies do not."""
    kinds = {item.id: kind for kind in Kind for item in rich.of(kind)}
    servers = {item.id: item for item in rich.of(Kind.MCP_SERVER)}
    running = {item.id for item in rich.of(Kind.COMMAND) if isinstance(item, Command) and "!`" in item.prompt}
    for output in outputs(target, rich):
        kind = kinds[output.items[0]]
        if kind in (Kind.HOOK, Kind.ENVIRONMENT):
            assert output.executes
        elif kind in (Kind.RULE, Kind.SKILL, Kind.AGENT):
            assert not output.executes
        elif kind is Kind.COMMAND:
            assert output.executes is (target.id in OPENCODES | GEMINIS and output.items[0] in running)
        elif kind is Kind.MCP_SERVER:
            assert isinstance(output, (KeyOutput, ElementOutput))
            server = servers[output.items[0]]
            assert isinstance(server, McpServer)
            sent = (server.url, *server.headers.values())
            sends = any("${" in str(template) for template in sent if template is not None)
            assert output.executes == (sends or server.command is not None)


@pytest.mark.parametrize("allows", [True, False])
def test_what_allows_waits_for_trust_and_what_restricts_does_not(target: Target, rich: Source, allows: bool) -> None:
    """Each kind of rule by itself."""
    (given,) = rich.of(Kind.PERMISSIONS)
    assert isinstance(given, Permissions)
    rules = tuple(rule for rule in given.rules if (rule.action is Action.ALLOW) == allows)
    alone = Permissions(name=given.name, origin=given.origin, rules=rules)
    for output in outputs(target, Source(scope=rich.scope, root=rich.root, items=(alone,))):
        assert output.executes == allows, output.address


def _value(output: Output) -> object:
    return output.value if isinstance(output, (KeyOutput, ElementOutput)) else None


def test_private_items_stay_out_of_what_a_team_commits(target: Target, rich: Source) -> None:
    """In a project; in a home directory nothing is shared."""
    private = {item.id for item in rich.items if item.origin.private}
    public = {item.id for item in rich.items if not item.origin.private}
    for output in outputs(target, rich):
        if rich.scope is Scope.USER:
            assert not output.private
        elif not public & set(output.items):
            assert output.private
        if rich.scope is Scope.PROJECT and isinstance(output, FileOutput) and b"localhost:9999" in output.content:
            assert output.private
    assert private


def test_links_lead_to_whole_skills_or_rule_files(target: Target, rich: Source) -> None:
    """Never to a `SKILL.md` alone, and never to an agent or a command."""
    for output in outputs(target, rich):
        if isinstance(output, LinkOutput):
            assert output.directory == ("/skills/" in output.path)
            assert not output.source.endswith("SKILL.md")
            assert re.fullmatch("[0-9a-f]{16}", output.digest)


def test_no_secret_reference_is_left_literal_in_a_file_of_codex(rich: Source) -> None:
    """Codex expands nothing: `${HS_TOKEN}` would be sent as it stands."""
    codex = next(target for target in TARGETS if target.id == "codex")
    for output in outputs(codex, rich):
        if output.path.endswith(("config.toml", ".rules")):
            assert "${" not in json.dumps(_value(output)) if not isinstance(output, FileOutput) else True
            assert not isinstance(output, FileOutput) or b"${" not in output.content


@pytest.mark.parametrize("name", ["codex", "kimi", "vibe", "cline"])
def test_no_reference_arrives_as_text_where_nothing_is_expanded(name: str, rich: Source) -> None:
    """A server gets a variable by its name, or is left out."""
    (target,) = [target for target in TARGETS if target.id == name]
    for output in outputs(target, rich):
        if output.items[0].kind == Kind.MCP_SERVER.value:
            assert "${" not in json.dumps(_value(output)), output.address


def test_every_denial_is_written_or_lost_as_a_matter_of_security(target: Target, rich: Source) -> None:
    """Where the target can't express one, the loss says so loudly."""
    support = target.support(rich.scope, Kind.PERMISSIONS)
    if isinstance(support, Unsupported):
        assert support.security
        return
    if isinstance(support, Native):  # it reads Claude Code's own rules
        return
    (permissions,) = rich.of(Kind.PERMISSIONS)
    assert isinstance(permissions, Permissions)
    for denial in [rule for rule in permissions.rules if rule.action is Action.DENY]:
        alone = Source(
            scope=rich.scope,
            root=rich.root,
            items=(Permissions(name="permissions", origin=permissions.origin, rules=(denial,)),),
        )
        result = desired_state([target], alone)
        assert result.wanted or [one.security for one in result.losses] == [True], denial.text


def test_every_hook_that_could_forbid_is_written_or_lost_as_a_matter_of_security(target: Target, rich: Source) -> None:
    """A guard that does not run protects nothing."""
    support = target.support(rich.scope, Kind.HOOK)
    guards = [hook for hook in rich.of(Kind.HOOK) if isinstance(hook, Hook) and hook.event in GUARDS]
    assert guards
    if isinstance(support, Unsupported):
        assert support.security
        return
    if isinstance(support, Native) or (target.id, rich.scope) == ("copilot", P):  # it runs Claude Code's own hooks
        return
    for guard in guards:
        found = list(results(target, Source(scope=rich.scope, root=rich.root, items=(guard,))))
        assert any(not isinstance(one, Loss) or one.security for one in found), guard.id


@pytest.mark.parametrize(
    "line", ["Do $ARGUMENTS, $0 and !`git log $1` in @src/a.py.\n", "!`echo {}` @a/{} $ARGUMENTS[{}]\n"]
)
def test_a_command_full_of_placeholders_takes_time_in_proportion(target: Target, line: str) -> None:
    """Of a few that come again and again, and of ever other ones."""

    def make(length: int) -> Source:
        prompt = "".join(line.replace("{}", str(number)) for number in range(length // len(line)))
        return Source(scope=P, root="/work/project", items=(command(P, "big", prompt),))

    def render(source: Source) -> None:
        prompts.parts.cache_clear()
        prompts.distinct.cache_clear()
        desired_state([target], source)

    assert grows_with_length(render, make, 100_000)


def test_an_agent_that_names_private_servers_is_private_and_has_a_public_form(target: Target) -> None:
    """For where git shows it. That less is denied there is a matter of security, that less is allowed is none."""
    secret = server(P, "zz-own", Transport.HTTP, url="https://zz-own.example")
    secret = replace(secret, origin=replace(secret.origin, private=True))
    listed = agent(P, "listed", tools=("Read",))
    narrowed = agent(P, "narrowed", disallowed_tools=("Write", "mcp__docs__write"))
    source = Source(scope=P, root="/work/project", items=(listed, narrowed, secret))
    for wish in desired_state([target], source).wanted.values():
        one = wish.output
        if isinstance(one, FileOutput) and secret.id not in one.items:
            assert one.private is (b"zz-own" in one.content)
            assert (one.public is not None) is one.private
            if one.public is not None:
                assert b"zz-own" not in one.public.content
                assert one.public.security is (one.items == (listed.id,))


OPENCODES = frozenset({"opencode", "kilo"})
GEMINIS = frozenset({"gemini", "qwen"})


@pytest.mark.parametrize(
    ("prompt", "running"),
    [
        ("State: !`touch x`", OPENCODES | GEMINIS),
        ("K=!`touch x`", OPENCODES),
        ("!$ARGUMENTS`touch x`", OPENCODES),
        ("```!\ntouch x\n```", frozenset[str]()),
        ("Fix it! As `touch x` would.", frozenset[str]()),
    ],
)
def test_a_command_whose_shell_is_run_there_waits_for_approval(
    target: Target, prompt: str, running: frozenset[str]
) -> None:
    """The others are told of it in words, which need none."""
    item = command(P, "run", prompt)
    made = results(target, Source(scope=P, root="/work/project", items=(item,)))
    executing = [one.executes for one in made if isinstance(one, FileOutput)]
    assert executing == [target.id in running for _ in executing]
    assert executing or target.id not in running
    assert not any(executing) or fingerprint(item) is not None


PUT_IN = {
    "kimi": ["!`git log`", "@docs/a.md"],
    "warp": ["!`git log`", "@docs/a.md"],
    "kilo": ["!`git log`"],
    "opencode": [],
}
"""What is left in skills, of harnesses that put in something themselves."""


def test_what_claude_code_puts_into_a_skill_is_told_once_where_nothing_puts_it_in(target: Target) -> None:
    """The text is linked as it stands: what is not put in stands there as it is written."""
    text = "Fix $ARGUMENTS, first $0.\n!`git log`\nSee @docs/a.md."
    fixing = replace(skill(P, "fix"), placeholders=placeholders(text))
    told = desired_state([target], Source(scope=P, root="/work/project", items=(fixing,))).losses
    left = PUT_IN.get(target.id, ["$ARGUMENTS", "$0", "!`git log`", "@docs/a.md"])
    reads_it = target.id != "claude-code" and not isinstance(target.support(P, Kind.SKILL), Unsupported)
    expected = [", ".join(left)] if left and reads_it else []
    assert [one.what for one in told if one.why.endswith("the model sees what is written")] == expected


def test_nothing_is_made_of_nothing(target: Target) -> None:
    """An empty source leaves no trace."""
    for scope in Scope:
        assert outputs(target, Source(scope=scope, root="/repo")) == []


def test_where_a_target_looks_besides_is_beside_what_it_has(target: Target) -> None:
    """Nothing is declared that no item could ever be beside of, in a project or in a home."""
    looked: set[tuple[str, str]] = set()
    for source in map(rich_source, Scope):
        looks = [each for found in looked_besides([target], source.scope, {}).values() for each in found]
        wanted = desired_state([target], source).wanted
        found = [(each, twin) for each in looks for twin in twins([each], source, wanted, {})]
        looked |= {(each.besides.place, each.other) for each, _ in found if "{}" in each.other}
        assert not any(twin.other == twin.place for _, twin in found)
    declared = {(each.place, other) for each in target.besides for other in each.others if "{}" in other}
    assert looked == declared


@pytest.mark.parametrize(
    ("prompt", "described"),
    [("Fix $ARGUMENTS by @docs/a.md\n", "Fix … by …"), ("\n$ARGUMENTS\n!`git log`\n", "The command x")],
)
def test_first_words_that_describe_a_command_have_no_place_for_arguments(
    target: Target, prompt: str, described: str
) -> None:
    """A list shows them, and puts nothing in. A description of a person's own stays as it is."""
    derived = command(P, "x", prompt, description=prompt.strip().splitlines()[0])
    empty = command(P, "z", prompt, description=derived.description, metadata={"description": ""})
    own = command(P, "y", prompt, description="Fix $ARGUMENTS", metadata={"description": "Fix $ARGUMENTS"})
    files = outputs(target, Source(scope=P, root="/repo", items=(derived, own, empty)))
    shown = [
        line.partition(" ")[2].lstrip("= ")
        for output in files
        if isinstance(output, FileOutput)
        for line in output.content.decode().splitlines()
        if line.startswith("description")
    ]
    words = f'"{described}"'
    named = words.replace("x", "z") if described == "The command x" else words
    assert shown == ([words, '"Fix $ARGUMENTS"', named] if shown else [])
    assert shown or target.id not in {"codex", "gemini", "opencode", "qwen", "warp", "pi", "windsurf"}
