"""What the registry says of a worktree that was moved goes along: its row, what was left out, what was approved.

What was approved still names the device, inode and owner of its folder, so that it holds for that one alone
(`files.identity`).
"""

from __future__ import annotations

from typing import Any

from harnesssync_orchestrator.core.projects import project_id


def move(document: dict[str, Any], before: str, path: str, common: str) -> None:
    """Let a registry's document say of `path`, in the repository with this common folder, what it said of the worktree
    that was at `before`. Nothing, where it knows of none there, or of one here."""
    projects = document["projects"]
    row = projects.get(project_id(before))
    if not isinstance(row, dict) or row.get("path") != before or project_id(path) in projects:
        return
    del projects[project_id(before)]
    projects[project_id(path)] = row
    row["path"] = path
    folders = {before: path}
    former = str(row.get("common_dir") or "")
    if former == f"{before}/.git" and common == f"{path}/.git":
        folders[former] = common
        for each in projects.values():
            if isinstance(each, dict) and each.get("common_dir") == former:
                each["common_dir"] = common
    for each in (document, *projects.values()):
        if isinstance(each, dict) and isinstance(each.get("left_out"), list) and before in each["left_out"]:
            each["left_out"] = [path if one == before else one for one in each["left_out"]]
    approvals, lost = document.get("approvals"), document.get("lost")
    for old, new in folders.items():
        if isinstance(approvals, dict) and old in approvals and new not in approvals:
            approvals[new] = approvals.pop(old)
        if isinstance(lost, dict) and isinstance(lost.get("answered"), list) and old in lost["answered"]:
            lost["answered"] = sorted({new, *(one for one in lost["answered"] if isinstance(one, str))})
