"""What is logged is what is declared: in the code, in the documentation, and with the same fields."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import harnesssync_orchestrator
from harnesssync_orchestrator import events
from harnesssync_orchestrator.core.report import Report, State
from harnesssync_orchestrator.service.reporting import sync_fields

PACKAGE = Path(harnesssync_orchestrator.__file__).parent
DOCUMENT = Path(__file__).parents[1] / "docs" / "events.md"
LEVELS = ("debug", "info", "warning", "error", "exception")


def logged() -> list[tuple[str, str, str, frozenset[str], bool]]:
    """Each logging call in the package: where, level, event, names of fields, and whether more come by `**`."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func
            is_log = (
                isinstance(called, ast.Attribute) and called.attr in LEVELS and "log" in ast.unparse(called.value)
            ) or (isinstance(called, ast.Name) and called.id == "tell")
            if is_log and isinstance(node.args[0].value, str):
                level = called.attr if isinstance(called, ast.Attribute) else ""
                fields = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                where = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                has_more = any(keyword.arg is None for keyword in node.keywords)
                found.append((where, level, node.args[0].value, fields, has_more))
    return found


def test_every_logged_event_is_declared_with_its_fields() -> None:
    """An event that nobody declared is an event that nobody can look up."""
    assert len(logged()) > 20
    for where, level, name, fields, _ in logged():
        assert name in events.EVENTS, f"{where}: {name} is not declared in events.py"
        event = events.EVENTS[name]
        assert fields <= event.fields.keys() | events.COMMON.keys(), where
        if level:
            assert level in {event.level, "exception"}, where


def test_every_declared_event_is_logged_somewhere() -> None:
    """Declarations of what is not there mislead."""
    assert {name for _, _, name, _, _ in logged()} == set(events.EVENTS)


def test_every_declared_field_is_given() -> None:
    """Where an event is logged, all of its fields are."""
    for where, _, name, fields, has_more in logged():
        if not has_more:
            assert events.EVENTS[name].fields.keys() <= fields, where


def test_names_are_nouns_and_a_past_verb() -> None:
    for event in events.DECLARED:
        assert re.fullmatch(r"[a-z]+(\.[a-z_]+){1,2}", event.name)
        assert event.name.rpartition(".")[2].endswith("ed"), event.name
        assert event.level in LEVELS
        assert event.meaning.endswith(".")


def test_the_committed_page_is_that_of_the_declarations() -> None:
    """Otherwise: python -m harnesssync_orchestrator.events > docs/events.md"""
    assert DOCUMENT.read_text(encoding="utf-8") == events.document()


def test_the_canonical_line_has_the_fields_that_are_declared() -> None:
    """Those of the report; the worker adds why it synced and how long it waited."""
    report = Report(project_id="a" * 16, path="/p", scope="project", state=State.IN_STEP, targets=("codex",))
    given = sync_fields(report).keys() | {"reason", "dry_run", "waited_s"}
    declared = events.EVENTS["project.sync.completed"].fields.keys()
    assert given - {"project_id", "sync_id"} == declared


@pytest.mark.parametrize("name", sorted(events.EVENTS))
def test_each_event_has_a_section(name: str) -> None:
    assert f"\n## {name}\n" in events.document()
