"""The real side of the model: a project of real files and real git in memory, the real engine in this process, and a
kill switch that lets every call which changes something fail from a chosen one on, as for a process that is no more."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from tests.reliability.model import Model
from tests.reliability.model_source import DOCUMENTS, At, File, Link
from tests.reliability.model_values import ABSENT, Document, Said

from harnesssync_adapters.formats import FORMATS
from harnesssync_orchestrator.cli import Ground
from harnesssync_orchestrator.config import Config, LimitSettings
from harnesssync_orchestrator.core.desired import Address, link_hash, short_hash, value_hash
from harnesssync_orchestrator.core.history import TransactionKind
from harnesssync_orchestrator.core.projects import Project
from harnesssync_orchestrator.core.report import Report
from harnesssync_orchestrator.core.targets import DocumentError
from harnesssync_orchestrator.core.trust import Approval
from harnesssync_orchestrator.core.withdrawal import Withdrawal
from harnesssync_orchestrator.files import swap
from harnesssync_orchestrator.files.approving import find
from harnesssync_orchestrator.files.discovery.places import Places
from harnesssync_orchestrator.service import remembering
from harnesssync_orchestrator.service.engine import Engine, Options
from harnesssync_orchestrator.service.sync import sync
from harnesssync_orchestrator.service.undoing import Asked, undo, unlink

T = TypeVar("T")

MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
TOKEN = re.compile(rb"mine-\d{4}")
TEMPORARY = re.compile(r"(^|/)\.harnesssync-[^/]*\.(tmp|old)(/|$)")
BLOCK = re.compile(r"(?s)(^|\n)# >>> harnesssync \(\w+\)[^\n]*\n(.*?)# <<< harnesssync\n")


class KilledError(BaseException):
    """What a call meets in a process that has been killed: nothing happens any more."""


async def _not_registered(_left: tuple[str, ...]) -> bool:
    """Nothing to be paused."""
    return False


class Silence:
    """A log for nobody."""

    def debug(self, event: str, **fields: object) -> None: ...

    def info(self, event: str, **fields: object) -> None: ...

    def warning(self, event: str, **fields: object) -> None: ...


@dataclass(frozen=True)
class Thing:
    """A file or link on disk. `stamp` is (inode, time of change in ns)."""

    what: File | Link
    stamp: tuple[int, int] = field(compare=False)


@functools.cache
def _empty_repository() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="harnesssync-model-git-", dir=MEMORY))
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True, env=_environ(folder))
    for sample in (folder / ".git/hooks").iterdir():
        sample.unlink()
    import atexit

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / ".git"


def _environ(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "A. Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.invalid",
        "GIT_COMMITTER_NAME": "A. Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.invalid",
    }


class Rig:
    """One project below a folder of its own, which `close` removes. Paths are relative to the project, with `/`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="harnesssync-model-", dir=MEMORY)).resolve()
        self.home, self.root = self.folder / "home", self.folder / "project"
        self.home.mkdir()
        self.root.mkdir()
        shutil.copytree(_empty_repository(), self.root / ".git")
        self.environ = _environ(self.home)
        self.exclude = self.root / ".git/info/exclude"
        self.exclude_before = self.exclude.read_text()
        self.loop = asyncio.new_event_loop()
        self.engine: Engine | None = None
        self.runs = 0
        self.approvals: tuple[Approval, ...] = ()
        self.forgotten = False
        self.folders: set[str] = set()

    def close(self) -> None:
        self.loop.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- a person's hands

    def write(self, path: str, content: bytes) -> None:
        """As an editor does: beside it, then renamed."""
        file = self._into_folder(path)
        beside = file.with_name(".editor~")
        beside.write_bytes(content)
        beside.replace(file)

    def link(self, path: str, text: str) -> None:
        file = self._into_folder(path)
        with suppress(FileNotFoundError):
            file.unlink()
        file.symlink_to(text)

    def _into_folder(self, path: str) -> Path:
        file = self.root / path
        self.folders.update(str(folder) for folder in file.parents if not folder.exists())
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def delete(self, path: str) -> None:
        """With the folders that are empty then."""
        file = self.root / path
        file.unlink()
        for folder in file.parents:
            if folder == self.root or any(folder.iterdir()):
                break
            folder.rmdir()

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def write_all(self, before: Mapping[str, bytes], now: Mapping[str, bytes]) -> None:
        """Make a person's files say what they now say."""
        for path in before.keys() - now.keys():
            self.delete(path)
        for path, content in now.items():
            if before.get(path) != content:
                self.write(path, content)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, env=self.environ, check=True, capture_output=True)

    def approve(self) -> None:
        """Look at all that is there, and approve it."""
        self.approvals = (find(self.root, Places.from_environment(self.environ, self.home)).approval,)
        self.forgotten = False

    def withdraw(self) -> None:
        """Take all of it back."""
        self.approvals, self.forgotten = (), False

    def mount_anew(self) -> None:
        """Let each approval be of a device that has had another number, and that has no id."""
        self.approvals = tuple(replace(each, device=each.device + 1, filesystem=0) for each in self.approvals)

    def lose_the_registry(self) -> None:
        """What a person said is not known any more."""
        self.approvals, self.forgotten = (), True

    # --- the product

    def sync(self, model: Model, **options: Any) -> Report:
        """One sync by the process that is running."""
        return self.do(lambda engine: self._sync(model, engine, Options(**options)))

    def unlink(self, model: Model) -> Withdrawal:
        """Take everything away."""
        return self.do(lambda engine: unlink(self._project(model), engine, None, Asked(), _not_registered))

    def undo(self, model: Model) -> Withdrawal:
        """Take the last transaction back."""
        return self.do(lambda engine: undo(self._project(model), engine, Asked(), _not_registered))

    def do(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Let the process that is running do something."""

        async def doing() -> T:
            if self.engine is None:
                one = LimitSettings(projects=1, hashing=1, linking=1, ledgers=1)  # for calls in the same order
                self.engine = Ground(self.environ).engine(Config(limits=one), Silence())
            self.runs += 1
            return await work(self.engine)

        return self.loop.run_until_complete(doing())

    def killed(self, calls: int, work: Callable[[], T]) -> T | None:
        """Do something in a process that is killed after some calls; None if it was killed before it was done.

        In any case it is another process that goes on.
        """
        try:
            with killed_after(calls):
                return work()
        except BaseException as error:
            if not _is_killed(error):
                raise
            return None
        finally:
            self.engine = None

    async def _sync(self, model: Model, engine: Engine, options: Options) -> Report:
        with mock.patch.object(remembering, "RACY_NS", 0):  # nobody waits for the clock: then the next sync looks again
            return (await sync(self._project(model), engine, options)).report

    def _project(self, model: Model) -> Project:
        targets = tuple(sorted(model.targets)) or ("none",)
        return Project(path=str(self.root), targets=targets, approvals=self.approvals, forgotten=self.forgotten)

    @property
    def ledger_file(self) -> Path:
        project = Project(path=str(self.root))
        return self.home / ".harnesssync/projects" / project.id / "state.json"

    def ledger(self) -> dict[str, Any]:
        """The ledger as JSON; empty if there is none."""
        return json.loads(self.ledger_file.read_bytes()) if self.ledger_file.exists() else {}

    def began(self, transaction: str) -> bool:
        """Does the record of a transaction that the ledger names have its name? Before that it changed nothing."""
        return transaction != "" and (self.ledger_file.parent / "history" / transaction).exists()

    def ledger_stamp(self) -> tuple[int, int]:
        """Changes whenever the ledger is saved, also with what it said before."""
        if not self.ledger_file.exists():
            return 0, 0
        status = self.ledger_file.stat()
        return status.st_ino, status.st_mtime_ns

    def kept(self) -> bytes:
        """Every byte that is in the history."""
        return b"".join(pack.read_bytes() for pack in sorted(self.ledger_file.parent.glob("history/*/before.tar")))

    # --- what is there

    def look(self) -> dict[str, Thing]:
        """Every file and link of the project, git's own aside."""
        found: dict[str, Thing] = {}
        prefix = len(str(self.root)) + 1
        folders = [str(self.root)]
        while folders:
            for entry in os.scandir(folders.pop()):
                path = entry.path[prefix:]
                if entry.is_symlink():
                    found[path] = Thing(Link(os.readlink(entry.path)), _stamp(entry))  # noqa: PTH115 - a million times
                elif entry.is_dir(follow_symlinks=False):
                    if path != ".git":
                        folders.append(entry.path)
                else:
                    with open(entry.path, "rb") as file:  # noqa: PTH123 - see above
                        found[path] = Thing(File(file.read()), _stamp(entry))
        return found

    def empty_folders(self) -> list[str]:
        """Folders with nothing in them that a person did not make, git's own aside."""
        empty = (folder for folder, folders, files in os.walk(self.root) if not folders and not files)
        return [folder for folder in empty if "/.git" not in folder and folder not in self.folders]

    def excluded(self) -> frozenset[str]:
        """What our block hides from git. Raises AssertionError if anything around the block has changed."""
        assert self.exclude.is_file(), "what hides is gone"
        text = self.exclude.read_text()
        block = BLOCK.search(text)
        assert BLOCK.sub(r"\1", text, count=1) == self.exclude_before
        if block is None:
            return frozenset()
        return frozenset(line[1:] for line in block[2].splitlines() if line.startswith("/"))


def said(report: Report) -> Said:
    """A report in the words of the model."""
    return Said(
        state=report.state.value,
        exit_code=report.exit_code,
        halt=report.halt,
        conflicts=frozenset((one.kind.value, one.address.path, one.address.pointer) for one in report.conflicts),
        held=frozenset((one.address.path, one.address.pointer) for one in report.held),
        kept=frozenset((one.address.path, one.address.pointer) for one in report.kept),
        synced=report.counts.synced,
        skipped=report.counts.skipped,
        cleaned=report.counts.cleaned,
    )


def withdrawn(done: Withdrawal) -> Said:
    """What an undo or an unlink tells, in the words of the model."""
    return Said(
        state="unlinked" if done.kind is TransactionKind.UNLINK else "undone",
        exit_code=done.exit_code,
        conflicts=frozenset((one.kind.value, one.address.path, one.address.pointer) for one in done.conflicts),
    )


def parsed(path: str, content: bytes) -> dict[str, Any] | None:
    """The values of a merged file; None if it can't be parsed."""
    try:
        return json.loads(json.dumps(FORMATS[DOCUMENTS[path]].parse(content)))
    except DocumentError:
        return None


def document(path: str, content: bytes, base: Any = ABSENT) -> Document:
    """A merged file as the model has it."""
    return Document(parsed(path, content), tokens(content), base)


def tokens(content: bytes) -> list[str]:
    """A person's words in a text, in order."""
    return [word.decode() for word in TOKEN.findall(content)]


def digest(at: At, value: Any) -> str:
    """As the ledger has it; of what is kept where a table is needed it knows none."""
    if value is None:
        return ""
    if isinstance(value, Link):
        return link_hash(value.text)
    return short_hash(value.content) if isinstance(value, File) else value_hash(value)


def address(at: At) -> str:
    """As the ledger has it."""
    return str(Address(at.path, at.pointer, value_hash(json.loads(at.element)) if at.element else ""))


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int]:
    status = entry.stat(follow_symlinks=False)
    return status.st_ino, status.st_ctime_ns


# --- the kill switch

_CHANGING = (
    "rename", "replace", "link", "symlink", "mkdir", "unlink", "remove", "rmdir", "write",
    "fsync", "chmod", "fchmod", "chown", "fchown", "truncate", "ftruncate", "utime",
)  # fmt: skip


@contextmanager
def killed_after(calls: int) -> Generator[None, None, None]:
    """Let this many calls that change something happen, and none after them."""
    count = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def instead(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > calls:
                raise KilledError
            return call(*arguments, **named)

        return instead

    opening, counted_opening = os.open, counted(os.open)

    def opened(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        return (counted_opening if flags & os.O_CREAT else opening)(path, flags, *arguments, **named)

    with ExitStack() as stack:
        for name in _CHANGING:
            stack.enter_context(mock.patch.object(os, name, counted(getattr(os, name))))
        stack.enter_context(mock.patch.object(os, "open", opened))
        stack.enter_context(mock.patch.object(swap, "_rename", counted(swap._rename)))
        yield


def _is_killed(error: BaseException) -> bool:
    inner = getattr(error, "exceptions", None)
    return any(map(_is_killed, inner)) if inner is not None else isinstance(error, KilledError)


__all__ = ["KilledError", "Rig", "Thing", "address", "digest", "document", "parsed", "said", "tokens", "withdrawn"]
