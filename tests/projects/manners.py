"""The manners in which people write one and the same thing: front matter, texts, line endings, names.

Chosen by dice, so that a number stands for one project for ever. Whatever the manner, Claude Code reads the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from random import Random

_SUBJECTS = ("harbour", "ledger", "orchard", "kiln", "ferry", "loom", "beacon", "quarry", "mill", "lighthouse")
_VERBS = ("Checks", "Reviews", "Migrates", "Explains", "Refactors", "Deploys", "Measures", "Draws up", "Translates")
_TAILS = (
    "Use PROACTIVELY after each change.",
    "Use when: the build is red, or someone asks why.",
    'Says "no" to everything that has no test 🦊.',
    "It's for what others don't want to do (naïve, ça va, 日本語, Привет).",
    "MUST BE USED for C:\\paths\\like\\this & 100% of `code`.",
    "Examples: <example>user: 'hi' → assistant: \"ok\"</example>",
    "# not a comment, *not* an alias, !not a tag, [not] {a: list}",
    "Costs $5, knows ${HOME} and {{braces}}; ends with a colon:",
)
_PARAGRAPHS = (
    "You are careful. Read before you write, and say what you did.",
    "## Steps\n\n1. Look.\n2. Think.\n   - and again\n3. Write.\n",
    "| what | how |\n|---|---|\n| one | `a|b` |\n| two | **bold** |",
    "```python\n@app.get('/x')\ndef f(price='$5'):\n    return f'{price}' \"\"\"doc\"\"\"\n```",
    "---\n\nA line above, and *another* below.\n\n---",
    "<system>Tags, `backticks`, 'quotes', \"more\", '''three''' and \"\"\"those\"\"\".</system>",
    "Emoji 🦊🏳️‍🌈 and a combining é; a no-break\u00a0space, a thin\u2009one, an arrow → and a dash —.",
    "Trailing spaces  \nand a tab\there, a backslash \\ and a percent sign %.",
)


def sentence(dice: Random) -> str:
    """A description on one line, as people put much into it."""
    parts = [f"{dice.choice(_VERBS)} the {dice.choice(_SUBJECTS)}.", *dice.sample(_TAILS, dice.randint(0, 2))]
    if dice.random() < 0.1:
        parts.append(" ".join(dice.choice(_SUBJECTS) for _ in range(200)))
    return " ".join(parts)


def body(dice: Random, *more: str) -> str:
    """Markdown of some paragraphs, with `more` among them."""
    paragraphs = [*dice.sample(_PARAGRAPHS, dice.randint(1, 4)), *more]
    if dice.random() < 0.2:
        paragraphs.append("long " * 800)
    dice.shuffle(paragraphs)
    if paragraphs[0].startswith("---"):
        paragraphs.insert(0, "# A line at the beginning would be front matter")
    return "\n\n".join(paragraphs) + dice.choice(["", "\n", "\n\n\n"])


def name(dice: Random) -> str:
    """A name of words with hyphens, sometimes otherwise."""
    plain = f"{dice.choice(_SUBJECTS)}-{dice.choice(['review', 'tests', 'docs', 'ops', 'v2', 'helper'])}"
    manners = (plain,) * 8 + (plain.title().replace("-", ""), plain.replace("-", "_"), plain.replace("-", ".") + ".x")
    return dice.choice(manners)


def markdown(dice: Random, front: Mapping[str, str | Sequence[str]], text: str) -> str:
    """A file with front matter in one of its manners; keys in any order, with comments and settings of others."""
    careless = dice.random() < 0.4
    entries = [_entry(dice, key, value, careless=careless) for key, value in front.items()]
    if dice.random() < 0.3:
        entries.append(dice.choice(["color: purple", "version: 1.10", "metadata:\n  author: somebody\n  tags: [a, b]"]))
    if dice.random() < 0.2:
        entries.append("# a comment of somebody's")
    dice.shuffle(entries)
    return "\n".join(["---", *entries, "---", *dice.choice([[], [""], ["", ""]]), text])


def _entry(dice: Random, key: str, value: str | Sequence[str], *, careless: bool) -> str:
    if isinstance(value, str):
        return f"{key}: {_careless_text(value) if careless else _text(dice, value)}"
    written = [one if re.fullmatch(r"[\w-]+", one) else json.dumps(one) for one in value]
    if all(re.fullmatch(r"[\w-]+", one) for one in value) and dice.random() < 0.5:
        return f"{key}: {', '.join(value)}"  # Claude Code takes a text with commas for a list
    if dice.random() < 0.5:
        return f"{key}: [{', '.join(written)}]"
    indent = dice.choice(["", "  ", "    "])
    return "\n".join([f"{key}:", *(f"{indent}- {one}" for one in written)])


def _text(dice: Random, value: str) -> str:
    manners = [json.dumps(value, ensure_ascii=False), "'" + value.replace("'", "''") + "'"]
    if re.fullmatch(r"[A-Za-z][\w .,-]*\w\.?", value):
        manners += [value] * 4
    if "  " not in value and len(value) > 1:
        words = value.split(" ")
        cut = dice.randint(1, max(1, len(words) - 1))
        manners.append("\n  ".join([">-", " ".join(words[:cut]), " ".join(words[cut:])]).rstrip())
        manners.append(f"|-\n  {value}")
    return dice.choice(manners)


def _careless_text(value: str) -> str:
    """Without quotes wherever Claude Code forgives that: a colon in the text makes it no YAML."""
    if re.fullmatch(r"[A-Za-z][^\"\\#]*[\w.]", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def encoded(dice: Random, text: str) -> bytes:
    """The bytes of a file, some with the line endings and the mark of Windows."""
    text = text.replace("\n", "\r\n") if dice.random() < 0.2 else text
    return (b"\xef\xbb\xbf" if dice.random() < 0.15 else b"") + text.encode()
