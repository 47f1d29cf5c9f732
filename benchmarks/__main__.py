"""`python -m benchmarks [--quick] [--json FILE] [NAME…]`: measure, print, and exit with 1 if a bar is missed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from benchmarks import (
    answers,
    edit,
    fair,
    fleet,
    floor,
    growth,
    hashing,
    loop_lag,
    peers,
    rendering,
    restart,
    small,
    status,
    unchanged,
    worktrees,
)

BENCHMARKS = {
    "status": status,
    "unchanged": unchanged,
    "floor": floor,
    "hashing": hashing,
    "answers": answers,
    "rendering": rendering,
    "edit": edit,
    "worktrees": worktrees,
    "loop_lag": loop_lag,
    "fair": fair,
    "fleet": fleet,
    "growth": growth,
    "peers": peers,
    "restart": restart,
    "small": small,
}

ONLY_BY_NAME = {"growth", "peers"}
"""These take a quarter of an hour each, and `peers` needs npm."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHMARKS)}; without any all but {' and '.join(sorted(ONLY_BY_NAME))}",
    )
    parser.add_argument("--quick", action="store_true", help="smaller trees and fewer rounds: to try it, not to quote")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {min(unknown)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    rows = []
    for name in options.names or [name for name in BENCHMARKS if name not in ONLY_BY_NAME]:
        benchmark = BENCHMARKS[name]
        print(f"\n{name}: {(benchmark.__doc__ or '').splitlines()[0]}", flush=True)
        for row in benchmark.measure(quick=options.quick):
            print(row, flush=True)
            rows.append({"benchmark": name, "name": row.name, "value": row.value, "unit": row.unit, "bar": row.bar})
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    missed = [row for row in rows if row["bar"] is not None and row["value"] > row["bar"]]
    print(f"\n{len(missed)} bar(s) missed" if missed else "\nAll bars hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
