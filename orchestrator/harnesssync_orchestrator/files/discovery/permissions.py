"""Permission rules of all layers that bind in a scope, as one item.

A project's item also holds the rules of the user and of an administrator, marked private: a target that puts a
project's rules after the user's would otherwise let a project's allow defeat a user's deny.
"""

from __future__ import annotations

from collections.abc import Iterator

from harnesssync_orchestrator.core.items import Action, Layer, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.permission_rules import RuleError, parse_rule
from harnesssync_orchestrator.files.discovery.reader import Reader, shown
from harnesssync_orchestrator.files.discovery.settings import LayeredSettings, Settings

_OUTER = frozenset({Layer.MANAGED, Layer.USER})


def read_permissions(settings: LayeredSettings, scope: Scope, reader: Reader) -> Iterator[Permissions]:
    """The permissions of a scope; none if nothing is permitted or forbidden, or, in a project, not by itself."""
    files = settings.files
    if settings.managed_only("allowManagedPermissionRulesOnly"):
        files = settings.of(Layer.MANAGED)
    rules = tuple(rule for action in Action for file in files for rule in _read_rules(file, action, reader))
    own = [file for file in files if scope is Scope.USER or file.ground.layer not in _OUTER]
    own_files = {file.file for file in own}
    mode = LayeredSettings(files=tuple(own)).effective(_default_mode)
    directories = tuple(dict.fromkeys(directory for file in own for directory in _directories(file)))
    if not (mode or directories or any(rule.origin.file in own_files for rule in rules)):
        return
    first = next(file for file in own if file.section("permissions"))
    yield Permissions(
        name="permissions",
        origin=first.ground.origin(first.file),
        rules=tuple(dict.fromkeys(sorted(rules, key=lambda rule: _POSITION[rule.origin.layer]))),
        default_mode=mode,
        additional_directories=directories,
    )


_POSITION = {layer: position for position, layer in enumerate(Layer)}


def _read_rules(file: Settings, action: Action, reader: Reader) -> Iterator[PermissionRule]:
    origin = file.ground.origin(file.file)
    for text in file.section("permissions").get(action.value, ()):
        if not isinstance(text, str):
            reader.report(
                "permission_rule_invalid", f"a rule to {action.value} is not text", file.file, "Put it in quotes."
            )
            continue
        try:
            parts = parse_rule(text, action)
        except RuleError as error:
            message = f"the rule {shown(text)} to {action.value} is skipped: {error.reason}"
            reader.report("permission_rule_invalid", message, file.file, error.hint)
            continue
        yield PermissionRule(action=action, tool=parts.tool, specifier=parts.specifier, text=text, origin=origin)


def _default_mode(file: Settings) -> str | None:
    mode = file.section("permissions").get("defaultMode")
    return mode if isinstance(mode, str) and mode else None


def _directories(file: Settings) -> Iterator[str]:
    for directory in file.section("permissions").get("additionalDirectories", ()):
        if isinstance(directory, str):
            yield directory
