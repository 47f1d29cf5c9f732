"""What a person wrote, once, for Claude Code: items, each with the layer and the file it came from."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from harnesssync_orchestrator.core.prompts import Part, Variable
from harnesssync_orchestrator.core.references import Template


class Scope(enum.Enum):
    """Where outputs go: into a git worktree, or into the home directory."""

    PROJECT = "project"
    USER = "user"


class Layer(enum.Enum):
    """The layers of Claude Code's configuration, from the outermost to the innermost."""

    MANAGED = "managed"
    USER = "user"
    PLUGIN = "plugin"
    INHERITED = "inherited"
    PROJECT = "project"
    LOCAL = "local"


INHERITABLE = ("skills", "agents", "commands", "rules", "mcp", "files")
"""What a linked worktree can have of its main checkout, though git does not carry it there. `rules` are those of
`.claude/rules` and `CLAUDE.local.md`, `mcp` are the servers of `.mcp.json`, `files` what `.worktreeinclude` names."""


class Kind(enum.Enum):
    """The kinds of item. Every target says for each of them what it does with it."""

    RULE = "rule"
    SKILL = "skill"
    AGENT = "agent"
    COMMAND = "command"
    MCP_SERVER = "mcp_server"
    PERMISSIONS = "permissions"
    HOOK = "hook"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Where Claude Code looks, in a linked worktree, for something that only the main checkout has.

    `path` is below the worktree's root, with `/`; `source` the absolute path of what is missing there, and `digest` the
    content hash of that, if it is a file. What would hide it from git there is `hidden_by`, as in an output. It is to
    be `copied` where Claude Code would not follow a link.
    """

    path: str
    source: str
    digest: str = ""
    hidden_by: str | None = None
    copied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an item was read.

    `file` is an absolute path (`os.fsdecode`); `line` counts from 1. `plugin` is `name@marketplace`.
    A `private` item (user, managed or local layer, or a plugin which one of those enabled) must never
    reach a file that a team commits. An inherited item is `absent` where Claude Code itself does not find it.
    """

    layer: Layer
    file: str
    line: int | None = None
    plugin: str | None = None
    private: bool = False
    absent: Absent | None = None


@dataclass(frozen=True, slots=True, order=True)
class ItemId:
    """Names an item in plans, reports and messages: `skill pdf-tools`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    name: str
    origin: Origin

    @property
    def id(self) -> ItemId:
        return _id(_NAME_OF_KIND[type(self)], self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(_Item):
    """Instructions: `CLAUDE.md`, `CLAUDE.local.md`, `.claude/CLAUDE.md`, `.claude/rules/**/*.md`.

    `name` is the path below the scope's root (`packages/api/CLAUDE.md`, `.claude/rules/testing.md`).
    `directory` is the folder it speaks for, below the root, `""` for all of it. `text` is the file without
    front matter; in `expanded` each `@path` import that could be read stands replaced by what it names.
    `globs` are the `paths:` of its front matter: the rule then only holds for these files.
    `plain` says that the bytes of the file are the whole rule: no import, no front matter.
    `source` is the absolute path of the file; `imports` the absolute paths of imported ones, `unread` of those that
    can't be read for now.
    """

    source: str
    text: str
    expanded: str
    directory: str = ""
    globs: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    plain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill(_Item):
    """A folder with a `SKILL.md`. `name` is the front matter's, else the folder's.

    `source` is the absolute path of the folder, `folder` its last part, and `digest` the tree hash of
    everything in it (16 hex digits). `metadata` is the whole front matter, as parsed, and `placeholders` the first of
    each kind in the text.
    """

    folder: str
    description: str
    source: str
    digest: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    placeholders: tuple[Part | Variable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(_Item):
    """A sub-agent. `tools` is None when the agent inherits all tools, which an empty tuple does not."""

    description: str
    prompt: str
    source: str
    tools: tuple[str, ...] | None = None
    disallowed_tools: tuple[str, ...] = ()
    model: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(_Item):
    """A slash command. `name` joins the folders and the file's stem by colons (`git:commit`); `path` holds
    the same parts one by one. `prompt` keeps `$ARGUMENTS`, `$0`, !`cmd` and `@file` as written; a named argument is
    `$ARGUMENTS[0]` in it."""

    path: tuple[str, ...]
    prompt: str
    source: str
    description: str = ""
    argument_hint: str = ""
    allowed_tools: tuple[str, ...] = ()
    model: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


class Transport(enum.Enum):
    """How an MCP server is reached. Always taken from its `type`, never guessed from its URL."""

    STDIO = "stdio"
    HTTP = "http"
    SSE = "sse"
    WEBSOCKET = "ws"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer(_Item):
    """One MCP server: `command`, `args` and `env` for stdio, `url` and `headers` for the others.

    `timeout_ms` is the server's own start-up or call time-out if the source names one. `extra` holds
    settings that no field here carries (`headersHelper`, `oauth`): a target reports them as losses.
    """

    transport: Transport
    command: Template | None = None
    args: tuple[Template, ...] = ()
    env: Mapping[str, Template] = field(default_factory=dict)
    url: Template | None = None
    headers: Mapping[str, Template] = field(default_factory=dict)
    timeout_ms: int | None = None
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def executes(self) -> bool:
        """Does connecting to it start a program on this machine, or send a variable of its environment elsewhere?"""
        sent = (self.url, *self.headers.values())
        sends = any(template.references for template in sent if template is not None)
        return sends or self.transport is Transport.STDIO or "headersHelper" in self.extra


class Action(enum.Enum):
    """What a permission rule says; deny beats ask beats allow."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionRule:
    """One rule: `Bash(npm run lint:*)` has the tool `Bash` and the specifier `npm run lint:*`.

    `specifier` is None for a rule about the whole tool. `text` is the rule as written.
    """

    action: Action
    tool: str
    specifier: str | None
    text: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions(_Item):
    """The merged permissions of all layers that bind in this scope, outer layers first.

    Outer layers are included in a project's set because a target that puts project rules after user
    rules would otherwise let a project's allow defeat a user's deny.
    """

    rules: tuple[PermissionRule, ...]
    default_mode: str | None = None
    additional_directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook(_Item):
    """One hook handler. `name` is `Event[matcher]#n`. `type` is `command`, `prompt`, `http`, …;
    `command` is set for the first, and `timeout_s` is in seconds. `extra` holds what has no field."""

    event: str
    matcher: str
    type: str
    command: str | None = None
    timeout_s: float | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable(_Item):
    """One entry of `env` in a settings file; its value reaches the shell of the harness."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile(_Item):
    """A file of the main checkout that a linked worktree is to begin with: no configuration, so no harness has a say in
    it. `name` is its path below either root. One that is `closed` is for its owner alone."""

    content: bytes = field(repr=False)
    executable: bool = False
    closed: bool = False

    @property
    def id(self) -> ItemId:
        return ItemId("file", self.name)


Item = Rule | Skill | Agent | Command | McpServer | Permissions | Hook | EnvironmentVariable

KIND_OF: Mapping[type, Kind] = {
    Rule: Kind.RULE,
    Skill: Kind.SKILL,
    Agent: Kind.AGENT,
    Command: Kind.COMMAND,
    McpServer: Kind.MCP_SERVER,
    Permissions: Kind.PERMISSIONS,
    Hook: Kind.HOOK,
    EnvironmentVariable: Kind.ENVIRONMENT,
}


_NAME_OF_KIND: Mapping[type, str] = {item: kind.value for item, kind in KIND_OF.items()}


@lru_cache(maxsize=4096)
def _id(kind: str, name: str) -> ItemId:
    """Cached, since every target asks for that of every item."""
    return ItemId(kind, name)
