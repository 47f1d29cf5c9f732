"""A slice of the sweep `socket`: the kinds of abuse that are over soon, and some thousand lines for the parser."""

from __future__ import annotations

import sys

import pytest
from tests.reliability import fuzzing, sockets

QUICK = (
    "a_line_of_200_mib",
    "half_lines_on_every_connection",
    "deep_lists",
    "wide_values",
    "not_utf_8",
    "long_names_of_methods",
    "strange_paths_to_add",
    "very_many_names",
    "what_a_project_s_socket_does_not_do",
    "idle_connections",
    "connections_from_eight_processes",
    "descriptors_in_passing",
    "the_socket_is_removed",
)
SLOW_MACHINE = 4
"""How much longer than in the sweep an answer may take while other tests run beside this one."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="what a process takes is read from /proc")
def test_a_supervisor_survives_its_peers_and_answers_others_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kind of abuse ends it, holds up others, or takes much room: `make sweep-socket` has all of them."""
    monkeypatch.setattr(sockets, "LONGEST_ANSWER_S", SLOW_MACHINE * sockets.LONGEST_ANSWER_S)
    found = sockets.run(QUICK, projects=5)
    assert {name: one.wrong for name, one in found.items() if one.wrong} == {}
    assert list(found) == list(QUICK)


def test_there_are_many_kinds_of_abuse() -> None:
    """And the slice takes none that does not exist."""
    assert len(sockets.ABUSES) >= 40
    assert set(QUICK) <= set(sockets.ABUSES)


def test_protocol_fuzz_mutated_requests_are_told_apart_however_they_are_cut() -> None:
    """Nothing is raised, nothing held, and the next request is heard: two thousand inputs, the same each time."""
    assert fuzzing.check_parser(2000, seed=20260101) == []
