"""Permissions for GitHub Copilot: a list of domains that are never fetched.

What tools may do is said on its command line and asked of its user, and stands in no file that could be written. That
the list is `deniedUrls` in the settings is documented, and not observed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harnesssync_adapters.permissions.rules import binding, lost, rule_element, settings_losses
from harnesssync_orchestrator.core.desired import Loss, Output
from harnesssync_orchestrator.core.items import Action, PermissionRule, Permissions, Scope
from harnesssync_orchestrator.core.targets import View


def permissions(view: View, items: Sequence[Permissions]) -> Iterator[Output | Loss]:
    """What is allowed is not written: there, it would also hold for the URLs in shell commands."""
    settings = ".github/copilot/settings.json" if view.scope is Scope.PROJECT else ".copilot/settings.json"
    for one in items:
        for rule in binding(view, one):
            domain = _denied_domain(rule)
            if domain is None:
                yield lost(view, one, rule, "GitHub Copilot takes denials of domains from a file, and no other rule")
                continue
            yield rule_element(view, one, rule, settings, ("deniedUrls",), domain)
        yield from settings_losses(view, one, "GitHub Copilot")


def _denied_domain(rule: PermissionRule) -> str | None:
    """The domain of `WebFetch(domain:…)`; a star may stand for what is below it alone."""
    specifier = (rule.specifier or "").strip()
    domain = specifier.removeprefix("domain:")
    is_domain = rule.tool == "WebFetch" and domain != specifier and "*" not in domain.removeprefix("*.")
    return domain if is_domain and rule.action is Action.DENY else None
