"""Looking at outputs: what is there is told as it is, and no link is followed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.core.desired import (
    Address,
    Desired,
    FileOutput,
    KeyOutput,
    LinkOutput,
    Output,
    Wanted,
    link_hash,
    short_hash,
)
from harnesssync_orchestrator.core.ledger import Entry, Ledger, Method
from harnesssync_orchestrator.core.observed import (
    Document,
    Missing,
    Observed,
    ObservedFile,
    ObservedLink,
    ObservedTree,
    Obstructed,
    Unparsable,
    Unusable,
)
from harnesssync_orchestrator.files.copying import Marker, digest_at, write_marker
from harnesssync_orchestrator.files.hashing import HashCache
from harnesssync_orchestrator.files.observe import observe
from harnesssync_orchestrator.files.place import Place
from harnesssync_orchestrator.files.reading import Looked, Signature


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project, with nothing in it."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def desired(*outputs: Output) -> Desired:
    return Desired(wanted={output.address: Wanted(output, ("codex",)) for output in outputs})


def link(path: str, source: Path | str) -> LinkOutput:
    return LinkOutput(path=path, items=(), source=str(source), directory=True, digest="")


def file(path: str) -> FileOutput:
    return FileOutput(path=path, items=(), content=b"")


def key(path: str, format_name: str = "json") -> KeyOutput:
    return KeyOutput(path=path, items=(), format=format_name, pointer=("a",), value=1)


def look(root: Path, *outputs: Output, ledger: Ledger | None = None, **more: Any) -> Observed:
    arguments: dict[str, Any] = {"cache": HashCache(), "looked": Looked(), "tracked": frozenset(), **more}
    return observe(root, desired(*outputs), ledger or Ledger(), FORMATS, **arguments)


def recorded(path: str, method: Method, digest: str = "", format_name: str = "") -> Ledger:
    entry = Entry(method=method, digest=digest, timestamp="", owners=("codex",), format=format_name)
    return Ledger(entries={Address(path): entry})


def test_nothing_there_is_missing_also_below_missing_folders(root: Path) -> None:
    """It can be made."""
    assert look(root, file("x"), file("a/b/c")).paths == {"x": Missing(), "a/b/c": Missing()}


def test_a_link_tells_its_text_and_where_it_leads(root: Path) -> None:
    """The real path of its target, without a link in it."""
    skill = root / ".claude" / "skills" / "x"
    skill.mkdir(parents=True)
    (root / ".agents").mkdir()
    (root / ".agents" / "x").symlink_to("../.claude/skills/x")
    assert look(root, link(".agents/x", skill)).paths[".agents/x"] == ObservedLink("../.claude/skills/x", str(skill))


def test_a_link_through_other_links_and_back_up_leads_to_the_real_path(root: Path, tmp_path: Path) -> None:
    """`..` after a link goes up from where that link leads, not from where it stands."""
    deep = tmp_path / "elsewhere" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "elsewhere" / "target").mkdir()
    (root / "hop").symlink_to(deep)
    (root / "x").symlink_to("hop/../target")
    (root / "y").symlink_to("x")
    state = look(root, link("x", "/"), link("y", "/"))
    assert state.paths["x"] == ObservedLink("hop/../target", str(tmp_path / "elsewhere" / "target"))
    assert state.paths["y"] == ObservedLink("x", str(tmp_path / "elsewhere" / "target"))


@pytest.mark.parametrize("text", ["gone", "x", "gone/..", "file/below", "/gone/far"])
def test_a_link_to_nothing_is_broken(root: Path, text: str) -> None:
    """To nothing, in a circle, or through a file."""
    (root / "file").write_text("x", encoding="utf-8")
    (root / "x").symlink_to(text)
    assert look(root, link("x", "/")).paths["x"] == ObservedLink(text, None)


def test_a_link_to_a_source_that_is_a_link_itself_is_spelled_like_the_source(root: Path, tmp_path: Path) -> None:
    """A skill that lives elsewhere and is linked into `.claude/skills`: the output is right, and known to be."""
    real = tmp_path / "shared" / "x"
    real.mkdir(parents=True)
    (root / "skills").mkdir()
    (root / "skills" / "x").symlink_to(real)
    (root / "out").symlink_to(real)
    source = root / "skills" / "x"
    assert look(root, link("out", source)).paths["out"] == ObservedLink(str(real), str(source))


def test_a_file_tells_its_digest_and_whether_it_may_be_run(root: Path) -> None:
    """Bytes as they are, carriage returns and all."""
    (root / "x").write_bytes(b"a\r\n")
    (root / "y").write_bytes(b"")
    (root / "y").chmod(0o755)
    state = look(root, file("x"), file("y"))
    assert state.paths == {
        "x": ObservedFile(short_hash(b"a\r\n")),
        "y": ObservedFile(short_hash(b""), executable=True),
    }
    assert [state.paths[name].mode for name in "xy"] == [(root / "x").stat().st_mode & 0o777, 0o755]  # type: ignore[union-attr]


def test_a_folder_above_that_is_a_link_obstructs(root: Path, tmp_path: Path) -> None:
    """Where the whole path leads now is told, too: it may be where the source is."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "a").mkdir(parents=True)
    (root / ".codex").symlink_to(elsewhere)
    (root / "file").write_text("x", encoding="utf-8")
    state = look(root, link(".codex/a", "/"), file(".codex/a/b/c"), file("file/x"))
    assert state.paths == {
        ".codex/a": Obstructed(".codex", str(elsewhere / "a")),
        ".codex/a/b/c": Obstructed(".codex", None),
        "file/x": Obstructed("file", None),
    }


def test_a_fifo_is_unusable_and_nothing_hangs(root: Path) -> None:
    """It is not opened."""
    os.mkfifo(root / "x")
    os.mkfifo(root / "y")
    state = look(root, key("x"), file("y"))
    assert all(isinstance(found, Unusable) and not found.closed for found in state.paths.values())
    assert state.documents == {}


def test_what_may_not_be_read_is_unusable_and_not_missing(public_folder: Path, as_nobody: Callable[[], Any]) -> None:
    """Neither a file nor a folder above it."""
    (public_folder / "closed").mkdir(mode=0o700)
    (public_folder / "x").write_text("x", encoding="utf-8")
    (public_folder / "x").chmod(0o600)
    with as_nobody():
        state = look(public_folder, file("x"), key("x"), file("closed/y"))
    assert all(isinstance(found, Unusable) and found.closed for found in state.paths.values())
    assert "ermission" in str(state.paths["x"])


def test_a_copy_in_which_a_folder_may_not_be_listed_is_unusable_and_not_edited(
    public_folder: Path, as_nobody: Callable[[], Any]
) -> None:
    """What is in there would count as removed."""
    (public_folder / "x" / "closed").mkdir(parents=True)
    (public_folder / "x" / "closed").chmod(0)
    with as_nobody():
        state = look(public_folder, ledger=recorded("x", Method.COPY))
    assert isinstance(state.paths["x"], Unusable)


def test_a_document_is_parsed(root: Path) -> None:
    """Wanted keys and recorded ones both ask for it."""
    (root / "a.json").write_bytes(b'{"a": [1] /* mine */}')
    (root / "b.toml").write_bytes(b"a = 1\n")
    state = look(root, key("a.json"), ledger=recorded("b.toml", Method.MERGE, format_name="toml"))
    assert state.documents == {"a.json": Document({"a": [1]}), "b.toml": Document({"a": 1})}
    assert state.paths["a.json"] == ObservedFile(short_hash(b'{"a": [1] /* mine */}'))


def test_a_document_that_can_not_be_parsed_tells_where(root: Path) -> None:
    """Broken syntax, no table at the top, a format that nobody knows."""
    (root / "a.json").write_bytes(b'{\n  "a": oops\n}')
    (root / "b.json").write_bytes(b"[1]")
    (root / "c.json").write_bytes(b"{}")
    state = look(root, key("a.json"), key("b.json"), key("c.json", "later"))
    broken = state.documents["a.json"]
    assert isinstance(broken, Unparsable)
    assert broken.line == 2
    assert isinstance(state.documents["b.json"], Unparsable)
    assert state.documents["c.json"] == Unparsable("it was written in a format that is not known here (later)")


def test_a_document_behind_a_link_is_a_link(root: Path, tmp_path: Path) -> None:
    """Nothing is read through it, for nothing would be written through it."""
    (tmp_path / "dotfiles.json").write_bytes(b'{"a": 1}')
    (root / "a.json").symlink_to(tmp_path / "dotfiles.json")
    state = look(root, key("a.json"))
    assert isinstance(state.paths["a.json"], ObservedLink)
    assert state.documents == {}


def test_a_copy_of_ours_is_known_by_its_tree(root: Path) -> None:
    """By the ledger, or by its marker when a crash came before the ledger; an edit of a script shows."""
    place = Place.by_path(root / "x")
    place.path.mkdir()
    (place.path / "run.sh").write_text("run", encoding="utf-8")
    digest = digest_at(place)
    assert digest is not None
    assert look(root, link("x", "/")).paths["x"] == ObservedTree("")
    assert look(root, ledger=recorded("x", Method.COPY)).paths["x"] == ObservedTree(digest)
    write_marker(place, Marker("/source", digest))
    assert look(root, link("x", "/")).paths["x"] == ObservedTree(digest, marker=True)
    (place.path / "run.sh").write_text("ran", encoding="utf-8")
    changed = look(root, link("x", "/")).paths["x"]
    assert isinstance(changed, ObservedTree)
    assert changed.digest != digest


def test_a_foreign_folder_is_not_read(root: Path) -> None:
    """Thousands of files in it cost nothing; it is nobody's output."""
    (root / "x").mkdir()
    (root / "x" / "big").write_text("x", encoding="utf-8")
    looked = Looked()
    assert look(root, link("x", "/"), looked=looked).paths["x"] == ObservedTree("")
    assert str(root / "x" / "big") not in looked.seen


def test_an_unchanged_file_is_not_opened_again(root: Path) -> None:
    """Its digest comes from the cache: a wrong one planted there is believed."""
    (root / "x").write_text("x", encoding="utf-8")
    os.utime(root / "x", (1_600_000_000, 1_600_000_000))
    cache = HashCache()
    cache.put(str(root / "x"), Signature.of((root / "x").lstat()), "planted", time.time_ns() + 10**9)
    assert look(root, file("x"), cache=cache).paths["x"] == ObservedFile("planted")
    (root / "x").write_text("y", encoding="utf-8")
    assert look(root, file("x"), cache=cache).paths["x"] == ObservedFile(short_hash(b"y"))


def test_every_output_is_recorded_as_looked_at(root: Path, tmp_path: Path) -> None:
    """The next sync can tell by `lstat` alone that nothing has changed: also what is missing, or in the way."""
    (root / "x").write_text("x", encoding="utf-8")
    (root / "above").symlink_to(tmp_path)
    looked = Looked()
    look(root, file("x"), file("a/b"), file("above/y"), looked=looked)
    assert looked.seen[str(root / "x")] is not None
    assert looked.seen[str(root / "a" / "b")] is None
    assert looked.seen[str(root / "above")] is not None


def test_tracked_paths_are_handed_on(root: Path) -> None:
    """The plan needs them."""
    assert look(root, tracked=frozenset({"AGENTS.md"})).tracked == {"AGENTS.md"}


def test_names_that_are_not_utf_8_are_observed_like_any_other(root: Path) -> None:
    """A path holds such bytes as Python does."""
    name = os.fsdecode(b"caf\xe9")
    (root / name).write_text("x", encoding="utf-8")
    (root / "link").symlink_to(name)
    state = look(root, file(name), link("link", root / name))
    assert state.paths == {name: ObservedFile(short_hash(b"x")), "link": ObservedLink(name, str(root / name))}


def test_thousands_of_links_are_observed_in_a_moment(root: Path) -> None:
    """Six thousand links in three folders; generous, because a busy machine is slow."""
    outputs = []
    for target in ("agents", "codex", "gemini"):
        (root / f".{target}").mkdir()
    for number in range(2000):
        source = root / "skills" / str(number)
        source.mkdir(parents=True)
        for target in ("agents", "codex", "gemini"):
            (root / f".{target}" / str(number)).symlink_to(f"../skills/{number}")
            outputs.append(link(f".{target}/{number}", source))
    wanted = desired(*outputs)
    began = time.process_time()
    state = observe(root, wanted, Ledger(), FORMATS, HashCache(), Looked(), frozenset())
    took = time.process_time() - began
    assert all(isinstance(found, ObservedLink) and found.resolved for found in state.paths.values())
    assert link_hash("../skills/7") == link_hash(str(getattr(state.paths[".codex/7"], "text", "")))
    assert took < 0.5
