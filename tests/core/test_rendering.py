"""From items to the desired state of several targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from harnesssync_orchestrator.core.desired import (
    Address,
    ElementOutput,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Loss,
    Output,
)
from harnesssync_orchestrator.core.items import Hook, Kind, Scope, Skill
from harnesssync_orchestrator.core.rendering import Renderings, desired_state
from harnesssync_orchestrator.core.source import Source
from harnesssync_orchestrator.core.targets import Target, View

MakeSkill = Callable[[str], Skill]
MakeSource = Callable[..., Source]
MakeTarget = Callable[..., Target]


def linked(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
    """Each skill as a link in the shared folder."""
    for skill in skills:
        yield LinkOutput(
            path=f".agents/skills/{skill.folder}",
            items=(skill.id,),
            source=skill.source,
            directory=True,
            digest=skill.digest,
        )


def written(path: str, content: bytes, *, private: bool = False) -> Callable[..., Iterable[Output]]:
    """A renderer of one file."""

    def render(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
        yield FileOutput(path=path, items=tuple(skill.id for skill in skills), content=content, private=private)

    return render


def test_an_output_that_two_targets_want_exists_once(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """With both as its owners, in the order of the targets."""
    targets = [target("one", Kind.SKILL, linked), target("two", Kind.SKILL, linked)]
    desired = desired_state(targets, source(skill("pdf")))
    assert [(str(a), wish.owners) for a, wish in desired.wanted.items()] == [(".agents/skills/pdf", ("one", "two"))]


def test_only_what_the_changed_items_led_to_is_rendered_again(
    skill: MakeSkill, source: MakeSource, target: MakeTarget
) -> None:
    """A renderer that looks at items of another kind is asked again when those change."""
    asked: list[str] = []

    def alone(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
        asked.append(view.target)
        return linked(view, skills)

    def curious(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
        return alone(view, skills) if view.of(Kind.HOOK) else ()

    targets, renderings = [target("one", Kind.SKILL, alone), target("two", Kind.SKILL, curious)], Renderings()
    hook = Hook(name="Stop#1", origin=skill("pdf").origin, event="Stop", matcher="", type="command")
    for items, rendered in (
        ([skill("pdf")], ["one"]),
        ([skill("pdf")], []),
        ([skill("pdf"), hook], ["two"]),
        ([skill("pdf"), hook], []),
        ([skill("docx"), hook], ["one", "two"]),
    ):
        desired_state(targets, source(*items), renderings=renderings)
        assert asked == rendered
        asked.clear()


def test_an_output_private_for_one_target_is_private_for_all(
    skill: MakeSkill, source: MakeSource, target: MakeTarget
) -> None:
    """The stricter of two declarations holds."""
    targets = [
        target("one", Kind.SKILL, written("x", b"1")),
        target("two", Kind.SKILL, written("x", b"1", private=True)),
    ]
    desired = desired_state(targets, source(skill("pdf")))
    assert desired.wanted[Address("x")].output.private


def test_different_content_at_one_path_is_a_clash(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """Never the last writer's: neither is written."""
    targets = [target("one", Kind.SKILL, written("x", b"1")), target("two", Kind.SKILL, written("x", b"2"))]
    desired = desired_state(targets, source(skill("pdf")))
    assert not desired.wanted
    assert [(str(clash.address), clash.owners) for clash in desired.clashes] == [("x", ("one", "two"))]


@pytest.mark.parametrize(
    ("count", "told"), [(2, "skill s0, skill s1"), (6, "skill s0, skill s1, skill s2, skill s3 and 2 more")]
)
def test_a_clash_names_the_items_of_which_one_is_to_be_renamed(
    skill: MakeSkill, source: MakeSource, target: MakeTarget, count: int, told: str
) -> None:
    """Who reads it knows the items, not what is made of them."""
    outputs = [
        FileOutput(path="x", items=(skill(f"s{number}").id,), content=str(number).encode()) for number in range(count)
    ]
    desired = desired_state([target("one", Kind.SKILL, lambda _view, _items: outputs)], source(skill("s0")))
    assert [clash.reason for clash in desired.clashes] == [f"different content is wanted here, by {told}"]


def test_an_output_inside_a_link_is_a_clash(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """An agent with the name of a skill would be written through the link, over the source."""
    targets = [
        target("one", Kind.SKILL, linked),
        target("two", Kind.SKILL, written(".agents/skills/pdf/SKILL.md", b"!")),
    ]
    desired = desired_state(targets, source(skill("pdf")))
    assert [str(address) for address in desired.wanted] == [".agents/skills/pdf"]
    assert "inside .agents/skills/pdf" in desired.clashes[0].reason


def test_items_that_want_one_place_are_named(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """Which of them to rename is for a person to say."""

    def elements(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
        for one in skills:
            value = {"name": "x", "of": one.name}
            yield ElementOutput(
                path="c.json", items=(one.id,), format="json", pointer=("a",), value=value, identity="name"
            )

    desired = desired_state([target("one", Kind.SKILL, elements)], source(skill("a.b"), skill("a_b")))
    (clash,) = desired.clashes
    assert not desired.wanted
    assert (str(clash.address), clash.items) == ("c.json#/a#name=x", (skill("a.b").id, skill("a_b").id))
    assert clash.reason == "different content is wanted here, by skill a.b, skill a_b"


def test_a_key_inside_a_key_of_ours_is_a_clash(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """One would undo the other at every sync."""

    def keys(view: View, skills: tuple[Skill, ...]) -> Iterable[Output]:
        items = tuple(skill.id for skill in skills)
        yield KeyOutput(path="c.json", items=items, format="json", pointer=("a",), value={"b": 1})
        yield KeyOutput(path="c.json", items=items, format="json", pointer=("a", "b"), value=1)

    desired = desired_state([target("one", Kind.SKILL, keys)], source(skill("pdf")))
    assert [str(clash.address) for clash in desired.clashes] == ["c.json#/a/b"]


def test_what_a_target_has_no_place_for_is_a_loss(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """Each item by name, with the reason that the target declares."""
    desired = desired_state([target("one")], source(skill("pdf")))
    assert desired.losses == (
        Loss(target="one", item=skill("pdf").id, what="skill pdf", why="it has none", security=False),
    )


def test_a_moved_home_folder_moves_its_outputs(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """Only those below the target's own folder, and only in the user scope."""
    targets = [target("one", Kind.SKILL, written(".one/x", b"1"))]
    user = source(skill("pdf"), scope=Scope.USER)
    assert list(desired_state(targets, user, homes={"one": "etc/one"}).wanted) == [Address("etc/one/x")]
    assert list(desired_state(targets, source(skill("pdf")), homes={"one": "y"}).wanted) == [Address(".one/x")]


def test_a_home_folder_moved_out_of_home_is_a_loss(skill: MakeSkill, source: MakeSource, target: MakeTarget) -> None:
    """Nothing is written outside the scope, and nobody is left wondering."""
    targets = [target("one", Kind.SKILL, written(".one/x", b"1"))]
    desired = desired_state(targets, source(skill("pdf"), scope=Scope.USER), homes={"one": None})
    assert not desired.wanted
    assert "ONE_HOME" in desired.losses[0].why
