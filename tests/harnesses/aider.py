"""aider: a turn of `--message` with a model of one's own. Observed with 0.86.2."""

from __future__ import annotations

from harnesses.asking import Asking
from harnesses.seen import Seen

_OPTIONS = (
    *("--model", "openai/stub", "--no-show-model-warnings", "--no-check-update", "--no-show-release-notes"),
    *("--analytics-disable", "--yes-always", "--no-stream", "--no-gitignore", "--no-auto-commits"),
    *("--map-tokens", "0"),
)


def ask(asking: Asking) -> Seen:
    asking.environment |= {
        "OPENAI_API_KEY": "none",
        "OPENAI_API_BASE": f"{asking.model.url}/v1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return asking.seen(asking.turn(*_OPTIONS, "--message", "hello"))
