"""What holds for every target, in every scope: a new one is tested by being in the registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
import tomlkit
import yaml

from harnesssync_adapters import TARGETS
from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import ElementOutput, FileOutput, KeyOutput, LinkOutput, Loss, Output
from harnesssync_orchestrator.core.items import Action, Kind, McpServer, Permissions, Scope, Source
from harnesssync_orchestrator.core.names import why_unsafe
from harnesssync_orchestrator.core.rendering import desired_state
from harnesssync_orchestrator.core.targets import AddElement, Native, SetKey, Target, Unsupported, View

PLACES = {  # of each target: in a project, and in a home directory
    "codex": ((".codex/", ".agents/skills/", "AGENTS.md", "AGENTS.override.md"), (".codex/", ".agents/skills/")),
    "gemini": ((".gemini/", ".agents/skills/", "AGENTS.md"), (".gemini/", ".agents/skills/")),
    "kilo": ((".kilo/", "kilo.json", ".agents/skills/", "AGENTS.md"), (".config/kilo/", ".agents/skills/")),
    "opencode": (
        (".opencode/", "opencode.json", ".agents/skills/", "AGENTS.md"),
        (".config/opencode/", ".agents/skills/"),
    ),
    "copilot": ((".github/", ".agents/skills/"), (".copilot/", ".agents/skills/")),
    "crush": ((".crush/", "crush.json", ".agents/skills/", "AGENTS.md"), (".config/crush/", ".agents/skills/")),
    "cursor": ((".cursor/", ".agents/skills/", "AGENTS.md"), (".cursor/", ".agents/skills/")),
    "droid": ((".factory/", ".agents/skills/", "AGENTS.md"), (".factory/", ".agents/skills/")),
    "pi": ((".pi/", ".agents/skills/", "AGENTS.md"), (".pi/", ".agents/skills/")),
    "qwen": ((".qwen/", ".agents/skills/", "AGENTS.md"), (".qwen/", ".agents/skills/")),
}
"""Where each target may write; instructions may also stand in sub-folders of a project."""

PARTLY_NATIVE = {
    "crush": {Kind.RULE, Kind.SKILL},
    "cursor": {Kind.SKILL, Kind.AGENT},
    "pi": {Kind.RULE},
    "copilot": {Kind.RULE, Kind.SKILL, Kind.AGENT, Kind.COMMAND, Kind.MCP_SERVER, Kind.HOOK},
    "kilo": {Kind.RULE, Kind.SKILL},
    "droid": {Kind.RULE},
    "opencode": {Kind.RULE, Kind.SKILL},
    "qwen": {Kind.MCP_SERVER},
}
"""Kinds of which a target reads some of Claude Code's files itself."""


@pytest.fixture(params=TARGETS, ids=lambda target: target.id)
def target(request: pytest.FixtureRequest) -> Target:
    """Every registered target in turn."""
    return request.param


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


def test_outputs_stay_in_the_places_of_their_target(target: Target, rich: Source) -> None:
    """Relative paths without `..`, in folders that the harness owns or shares."""
    in_project, in_home = PLACES[target.id]
    places = in_project if rich.scope is Scope.PROJECT else in_home
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


def test_every_item_is_an_output_or_a_loss(target: Target, rich: Source) -> None:
    """Nothing vanishes silently, save what Claude Code does not read either or the harness reads itself."""
    desired = desired_state([target], rich)
    told = {item for wish in desired.wanted.values() for item in wish.output.items} | {
        one.item for one in desired.losses
    }
    native = {kind for kind in Kind if isinstance(target.support(rich.scope, kind), Native)} | PARTLY_NATIVE.get(
        target.id, set()
    )
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
        value = json.loads(text) if output.format == "json" else tomlkit.parse(text).unwrap()
        for key in output.pointer:
            value = value[key]
        assert output.value in value if isinstance(output, ElementOutput) else output.value == value


def test_what_a_harness_would_run_waits_for_trust(target: Target, rich: Source) -> None:
    """Hooks, servers that start programs or get variables, variables, and what allows; text and what denies do not."""
    kinds = {item.id: kind for kind in Kind for item in rich.of(kind)}
    servers = {item.id: item for item in rich.of(Kind.MCP_SERVER)}
    for output in outputs(target, rich):
        kind = kinds[output.items[0]]
        if kind in (Kind.HOOK, Kind.ENVIRONMENT):
            assert output.executes
        elif kind in (Kind.RULE, Kind.SKILL, Kind.AGENT, Kind.COMMAND):
            assert not output.executes
        elif kind is Kind.PERMISSIONS:
            said = output.content.decode() if isinstance(output, FileOutput) else json.dumps(_value(output))
            is_list = isinstance(output, ElementOutput) and "allow" in output.pointer[-1].lower()
            assert output.executes == (is_list or '"allow"' in said), output.address
        else:
            assert isinstance(output, KeyOutput)
            server = servers[output.items[0]]
            assert isinstance(server, McpServer)
            sent = (server.url, *server.headers.values())
            sends = any("${" in str(template) for template in sent if template is not None)
            assert output.executes == (sends or server.command is not None)


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
            assert output.directory == output.path.startswith(".agents/skills/")
            assert not output.source.endswith("SKILL.md")
            assert re.fullmatch("[0-9a-f]{16}", output.digest)


def test_no_secret_reference_is_left_literal_in_a_file_of_codex(rich: Source) -> None:
    """Codex expands nothing: `${HS_TOKEN}` would be sent as it stands."""
    codex = next(target for target in TARGETS if target.id == "codex")
    for output in outputs(codex, rich):
        if output.path.endswith(("config.toml", ".rules")):
            assert "${" not in json.dumps(_value(output)) if not isinstance(output, FileOutput) else True
            assert not isinstance(output, FileOutput) or b"${" not in output.content


def test_every_denial_is_written_or_lost_as_a_matter_of_security(target: Target, rich: Source) -> None:
    """Where the target can't express one, the loss says so loudly."""
    support = target.support(rich.scope, Kind.PERMISSIONS)
    if isinstance(support, Unsupported):
        assert support.security
        return
    (permissions,) = rich.of(Kind.PERMISSIONS)
    assert isinstance(permissions, Permissions)
    for denial in [rule for rule in permissions.rules if rule.action is Action.DENY]:
        alone = Source(
            scope=rich.scope,
            root=rich.root,
            items=(Permissions(name="permissions", origin=permissions.origin, rules=(denial,)),),
        )
        found = list(results(target, alone))
        assert any(not isinstance(one, Loss) for one in found) or [one.security for one in found] == [True], denial.text


def test_nothing_is_made_of_nothing(target: Target) -> None:
    """An empty source leaves no trace."""
    for scope in Scope:
        assert outputs(target, Source(scope=scope, root="/repo")) == []
