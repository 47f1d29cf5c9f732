"""Prompts of commands in the syntax of Gemini CLI, which Qwen Code has kept: `{{args}}`, `!{command}`, `@{file}`."""

from __future__ import annotations

import re
from itertools import pairwise

from harnesssync_adapters.shared import commands
from harnesssync_orchestrator.core import prompts

_SPECIAL = re.compile(r"\{\{args\}\}|[!@]\{")


def in_gemini_syntax(prompt: str, harness: str) -> tuple[str, dict[str, str]]:
    """The prompt in that syntax, and what of it is lost."""
    losses: dict[str, str] = {}
    singled = prompts.has_singles(prompt)
    before_all = {one for one, after in pairwise(prompts.parts(prompt)) if isinstance(after, prompts.Arguments)}

    def text(plain: str) -> str:
        is_glued = plain in before_all and plain.endswith(("!", "@"))
        if singled and commands.NUMBERS.search(plain):
            losses["$"] = "the model would see an argument in what is behind it: a space keeps it as text"
            plain = commands.spaced(plain)
        for match in _SPECIAL.finditer(plain):
            losses[match[0]] = f"{harness} would put something in its place: a space keeps it as text"
        if is_glued:
            losses[f"{plain[-1]}$ARGUMENTS"] = f"{harness} would run or read what is typed: a space keeps it as text"
            plain += " "
        return _kept(plain)

    def part(one: prompts.Part) -> str:
        if isinstance(one, prompts.Arguments):
            return "{{args}}"
        if isinstance(one, prompts.File):
            return f"@{{{one.path}}}" if not one.path.startswith("~") else one.written
        if isinstance(one, prompts.Shell):
            if prompts.singles(one) or one.is_block:
                losses[one.written] = f"{harness} has nothing like it: the model is told in words"
                return _kept(commands.in_words(one))
            if _is_balanced(one.command):
                return f"!{{{one.command.replace('$ARGUMENTS', '{{args}}')}}}"
            losses[one.written] = "its braces are not balanced, so the model is only shown it"
            return _kept(f"`{one.command}`")
        losses[one.written] = commands.why_explained(harness)
        return f"${one.number}"

    rewritten = commands.rewritten(prompt, text, part).strip()
    if singled:
        rewritten += commands.explained("{{args}}")
    return rewritten + "\n", losses


def runs(prompt: str) -> bool:
    """Is there anything in a prompt of that syntax that the harness runs?"""
    return "!{" in prompt


def _kept(plain: str) -> str:
    """Text in which the harness finds nothing to put in."""
    return _SPECIAL.sub(lambda match: f"{match[0][0]} {match[0][1:]}", plain)


def _is_balanced(command: str) -> bool:
    depth = 0
    for character in command:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0
