"""Listings of folders: complete, bounded, never leaving the folder; and digests that change when anything does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harnesssync_orchestrator.files import tree
from harnesssync_orchestrator.files.hashing import MAX_HASHED_BYTES, hash_batch
from harnesssync_orchestrator.files.reading import Looked, Signature
from harnesssync_orchestrator.files.tree import TreeListing, list_tree, tree_digest


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    """A skill with a script and a binary asset."""
    folder = tmp_path.resolve() / "skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "assets" / "deep").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: x\n---\n")
    (folder / "scripts" / "x.sh").write_text("echo x\n")
    (folder / "scripts" / "x.sh").chmod(0o755)
    (folder / "assets" / "deep" / "logo.png").write_bytes(b"\x89PNG\xff\x00")
    return folder


def listing_of(folder: Path) -> TreeListing:
    return list_tree(str(folder), Looked())


def digest_of(folder: Path) -> str:
    listing = listing_of(folder)
    digests = hash_batch(listing.contents)
    return tree_digest(listing, {path: digest for path, digest in digests.items() if isinstance(digest, str)})


def names_of(listing: TreeListing) -> list[str]:
    return [file.relative for file in listing.files]


def codes_of(listing: TreeListing) -> list[tuple[str, str]]:
    return [(problem.code, problem.file.removeprefix(listing.root)) for problem in listing.problems]


def test_a_listing_has_every_file_in_order(skill: Path) -> None:
    """Sorted by relative path, with the executable bit, and without problems."""
    listing = listing_of(skill)

    assert [(file.relative, file.executable) for file in listing.files] == [
        ("SKILL.md", False),
        ("assets/deep/logo.png", False),
        ("scripts/x.sh", True),
    ]
    assert listing.problems == ()
    assert listing.contents == {
        str(skill / name): Signature.of((skill / name).lstat())
        for name in ("SKILL.md", "assets/deep/logo.png", "scripts/x.sh")
    }


def test_everything_in_the_folder_is_recorded(skill: Path) -> None:
    """Files for their content, folders for their names."""
    looked = Looked()

    list_tree(str(skill), looked)

    assert set(looked.seen) == {str(skill), *(str(path) for path in skill.rglob("*"))}


def edit_script(folder: Path) -> None:
    (folder / "scripts" / "x.sh").write_text("echo y\n")


def take_executable_bit(folder: Path) -> None:
    (folder / "scripts" / "x.sh").chmod(0o644)


def rename(folder: Path) -> None:
    (folder / "scripts" / "x.sh").rename(folder / "scripts" / "y.sh")


def move(folder: Path) -> None:
    (folder / "scripts" / "x.sh").rename(folder / "x.sh")


def add(folder: Path) -> None:
    (folder / "assets" / "empty").touch()


def remove(folder: Path) -> None:
    (folder / "assets" / "deep" / "logo.png").unlink()


def edit_binary(folder: Path) -> None:
    (folder / "assets" / "deep" / "logo.png").write_bytes(b"\x89PNG\xfe\x00")


@pytest.mark.parametrize("change", [edit_script, take_executable_bit, rename, move, add, remove, edit_binary])
def test_skill_tree_hash_changes_with_everything_in_the_folder(skill: Path, change: Callable[[Path], None]) -> None:
    """Not only with SKILL.md."""
    before = digest_of(skill)

    change(skill)

    assert digest_of(skill) != before


def test_skill_tree_hash_is_the_same_for_the_same_content_elsewhere(skill: Path, tmp_path: Path) -> None:
    """Neither place nor time stamps count."""
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-R", str(skill), str(copy)], check=True)

    assert digest_of(copy) == digest_of(skill)
    assert len(digest_of(copy)) == 16


def test_names_can_not_be_mistaken_for_content(tmp_path: Path) -> None:
    """A line break in a name makes no second entry."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "a").touch()
    (one / "b").touch()
    (other / "a\n-file\nb").touch()

    assert digest_of(one) != digest_of(other)


def test_non_utf8_names_are_listed_and_hashed(tmp_path: Path) -> None:
    """A name that is no text is a name like any other."""
    folder = tmp_path / "skill"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.bin")).write_bytes(b"\xff")

    listing = listing_of(folder)

    assert names_of(listing) == [os.fsdecode(b"\xff.bin")]
    assert len(digest_of(folder)) == 16


def test_what_programs_leave_behind_does_not_count(skill: Path) -> None:
    """A script that ran, a clone that fetched or a Finder that looked is no change."""
    before = digest_of(skill)
    for name in (".git", "scripts/__pycache__"):
        (skill / name).mkdir()
        (skill / name / "x").write_text("x")
    (skill / ".DS_Store").touch()

    assert digest_of(skill) == before


def test_a_link_inside_the_folder_stands_for_what_it_leads_to(skill: Path) -> None:
    """Editing the target changes both, and relinking to equal content changes nothing."""
    (skill / "run").symlink_to("scripts/x.sh")
    (skill / "more").symlink_to(skill / "scripts")
    listing = listing_of(skill)

    assert [(file.relative, file.path, file.executable) for file in listing.files if "x.sh" in file.path] == [
        ("more/x.sh", str(skill / "scripts" / "x.sh"), True),
        ("run", str(skill / "scripts" / "x.sh"), True),
        ("scripts/x.sh", str(skill / "scripts" / "x.sh"), True),
    ]
    before = digest_of(skill)
    (skill / "run").unlink()
    (skill / "run").write_text("echo x\n")
    (skill / "run").chmod(0o755)
    assert digest_of(skill) == before


@pytest.mark.parametrize("text", ["{outside}/secret", "../outside/secret", "../outside", "way/secret"])
def test_a_link_out_of_the_folder_is_never_followed(skill: Path, text: str) -> None:
    """Neither directly nor through another link: its text is all that counts, its target is not looked at."""
    outside = skill.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("canary")
    (skill / "way").symlink_to("../outside")
    (skill / "link").symlink_to(text.format(outside=outside))
    looked = Looked()
    listing = list_tree(str(skill), looked)

    file = next(file for file in listing.files if file.relative == "link")
    assert (file.link, file.hashed) == (text.format(outside=outside), False)
    assert listing.problems == ()
    assert not [path for path in listing.contents if "outside" in path]
    assert not [path for path in looked.seen if path.startswith(str(outside))]
    before = digest_of(skill)
    (outside / "secret").write_text("another canary")
    assert digest_of(skill) == before
    (skill / "link").unlink()
    (skill / "link").symlink_to("../elsewhere")
    assert digest_of(skill) != before


def test_a_dangling_link_counts_by_its_text(skill: Path) -> None:
    """It leads nowhere, and says so."""
    (skill / "dangling").symlink_to("nowhere")

    assert [file.link for file in listing_of(skill).files if file.relative == "dangling"] == ["nowhere"]


def test_hash_special_files_in_a_tree_are_skipped_and_told(skill: Path) -> None:
    """Pipes, links in a circle, links to folders around: none of them hangs, and the rest is listed."""
    names = names_of(listing_of(skill))
    os.mkfifo(skill / "pipe")
    (skill / "to-pipe").symlink_to("pipe")
    (skill / "self").symlink_to("self")
    (skill / "scripts" / "up").symlink_to("..")
    (skill / "assets" / "scripts").symlink_to("../scripts")
    (skill / "scripts" / "assets").symlink_to("../assets")

    listing = listing_of(skill)

    assert set(codes_of(listing)) >= {
        ("special_file", "/pipe"),
        ("special_file", "/to-pipe"),
        ("link_loop", "/self"),
        ("link_loop", "/scripts/up"),
    }
    assert {code for code, _ in codes_of(listing)} == {"special_file", "link_loop"}
    assert set(names) <= set(names_of(listing))
    assert all(problem.hint and not problem.hides for problem in listing.problems)


def test_folders_that_link_to_each_other_end(tmp_path: Path) -> None:
    """Eight folders, each with links to all others, would be a hundred thousand ways without a bound."""
    for number in range(8):
        folder = tmp_path / "skill" / str(number)
        folder.mkdir(parents=True)
        (folder / "file").touch()
        for other in range(8):
            (folder / f"to-{other}").symlink_to(f"../{other}")

    listing = listing_of(tmp_path / "skill")

    assert len(listing.files) <= tree.MAX_ENTRIES
    assert len(listing.problems) <= 8 * 8 + 1
    assert {f"{number}/file" for number in range(8)} & set(names_of(listing))


def test_a_linked_folder_may_be_the_root(skill: Path, tmp_path: Path) -> None:
    """Skills are often links to a shared folder; links inside still belong to it."""
    (skill / "run").symlink_to("scripts/x.sh")
    link = tmp_path / "link"
    link.symlink_to(skill)
    looked = Looked()

    listing = list_tree(str(link), looked)

    assert names_of(listing) == names_of(listing_of(skill))
    assert all(not file.link for file in listing.files)
    assert digest_of(link) == digest_of(skill)
    assert {str(link), str(skill)} <= set(looked.seen)


def test_a_missing_root_is_empty_and_a_file_is_none(tmp_path: Path) -> None:
    """A skill may vanish while it is looked for."""
    assert listing_of(tmp_path / "missing") == TreeListing(str(tmp_path / "missing"))
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        listing_of(tmp_path / "file")


def test_a_huge_file_counts_by_size_and_time(skill: Path) -> None:
    """A sparse terabyte is told, and not hashed."""
    huge = skill / "huge.bin"
    huge.touch()
    os.truncate(huge, 1 << 40)
    listing = listing_of(skill)

    assert codes_of(listing) == [("file_too_large", "/huge.bin")]
    assert str(huge) not in listing.contents
    before = digest_of(skill)
    os.truncate(huge, (1 << 40) + 1)
    assert digest_of(skill) != before


def test_many_large_files_are_hashed_up_to_a_bound(tmp_path: Path) -> None:
    """Sparse files cost their author nothing."""
    folder = tmp_path / "skill"
    folder.mkdir()
    for number in range(6):
        (folder / str(number)).touch()
        os.truncate(folder / str(number), MAX_HASHED_BYTES)

    listing = listing_of(folder)

    assert len(listing.files) == 6
    assert sum(signature.size for signature in listing.contents.values()) <= tree.MAX_TREE_BYTES
    assert codes_of(listing) == [("file_too_large", "/4"), ("file_too_large", "/5")]


def test_too_many_entries_are_cut_off_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of names, so that the digest stays the same."""
    monkeypatch.setattr(tree, "MAX_ENTRIES", 3)
    folder = tmp_path / "skill"
    folder.mkdir()
    for name in "dacb":
        (folder / name).touch()

    listing = listing_of(folder)

    assert names_of(listing) == ["a", "b", "c"]
    assert codes_of(listing) == [("tree_too_large", "")]


def test_too_deep_folders_are_left_out_and_told(tmp_path: Path) -> None:
    """Also where the path would be longer than the system takes."""
    folder = tmp_path / "skill"
    deepest = folder.joinpath(*["d"] * (tree.MAX_DEPTH + 3))
    deepest.mkdir(parents=True)

    assert [code for code, _ in codes_of(listing_of(folder))] == ["tree_too_deep"]


def test_unreadable_parts_are_told_and_the_rest_is_listed(
    public_folder: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    """An unreadable file counts by size and time until it can be read."""
    (public_folder / "closed").mkdir()
    (public_folder / "closed").chmod(0)
    (public_folder / "secret").write_text("x")
    (public_folder / "secret").chmod(0)
    (public_folder / "open").write_text("x")

    with as_nobody():
        listing = listing_of(public_folder)
        digest = digest_of(public_folder)

    assert names_of(listing) == ["open", "secret"]
    assert codes_of(listing) == [("folder_unreadable", "/closed")]
    assert digest != digest_of(public_folder)


COUNT_OPENS = """
import os, sys
from harnesssync_orchestrator.files.hashing import HashCache, hash_batch
from harnesssync_orchestrator.files.reading import Looked
from harnesssync_orchestrator.files.tree import list_tree, tree_digest

root, later_ns = sys.argv[1], int(sys.argv[2])
opened = []

def count(event, args):
    if event == "open" and str(args[0]).startswith(root) and not os.path.isdir(args[0]):
        opened.append(args[0])

sys.addaudithook(count)

def digest(cache):
    listing = list_tree(root, Looked())
    known, unknown = cache.divide(listing.contents)
    cache.put_all(listing.contents, hash_batch(path for path, _ in unknown), later_ns)
    return tree_digest(listing, cache.divide(listing.contents)[0])

cache = HashCache()
first = digest(cache)
opens_of_first = len(opened)
second = digest(HashCache.load(cache.dump()))
print(opens_of_first, len(opened) - opens_of_first, first == second)
"""


def test_hash_mtime_cache_opens_nothing_in_a_second_pass(tmp_path: Path) -> None:
    """What has not changed is known by its signature; counted by an audit hook in a process of its own."""
    for number in range(500):
        folder = tmp_path / "skills" / str(number)
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(str(number))
    later_ns = (tmp_path / "skills" / "499" / "SKILL.md").stat().st_ctime_ns + 10**9
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    result = subprocess.run(
        [sys.executable, "-c", COUNT_OPENS, str(tmp_path / "skills"), str(later_ns)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert result.stdout.split() == ["500", "0", "True"]
