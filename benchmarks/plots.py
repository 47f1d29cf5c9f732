"""`python -m benchmarks.plots FIGURES`: the curves of growth as pictures, from what `benchmarks growth --json` wrote.

`make plots` does both, and puts the pictures beside docs/performance.md.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt

DOCS = Path(__file__).resolve().parents[1] / "docs"
_POINT = re.compile(r"(\d+) (files|projects): (.+)")
Curves = dict[str, list[tuple[int, float, str]]]


def main(figures: Path) -> None:
    rows = json.loads(figures.read_text(encoding="utf-8"))
    for kind, curves in _curves(rows).items():
        _draw(kind, curves, DOCS / f"growth-{kind}.svg")


def _curves(rows: Sequence[Mapping[str, object]]) -> dict[str, Curves]:
    """By what grows, and by what is measured: points of a size and a value, with its unit."""
    found: dict[str, Curves] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if (match := _POINT.fullmatch(str(row["name"]))) is not None:
            found[match[2]][match[3]].append((int(match[1]), float(str(row["value"])), str(row["unit"])))
    return found


def _draw(kind: str, curves: Curves, file: Path) -> None:
    """One small diagram for each curve, both axes logarithmic, with a line in proportion to its last point."""
    plt.rcParams.update({"svg.hashsalt": "harnesssync", "font.size": 9})
    drawing, places = plt.subplots(1, len(curves), figsize=(3.4 * len(curves), 2.8), constrained_layout=True)
    for place, (name, points) in zip(places, curves.items(), strict=True):
        sizes, values = [size for size, _, _ in points], [value for _, value, _ in points]
        place.loglog(sizes, values, marker="o", linewidth=1.5, label="measured")
        place.loglog(
            sizes,
            [values[-1] * size / sizes[-1] for size in sizes],
            "--",
            linewidth=1,
            color="grey",
            label="in proportion",
        )
        place.set_title(name)
        place.set_xlabel(kind)
        place.set_ylabel(points[0][2])
        place.legend(frameon=False)
    drawing.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
