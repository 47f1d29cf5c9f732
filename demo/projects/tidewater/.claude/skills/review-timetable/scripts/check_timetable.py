"""Print every pair of departures that one ferry can't both make. Columns: ferry, from, to, leaves, arrives (HH:MM)."""

import csv
import sys
from itertools import groupby, pairwise

TURNAROUND_MINUTES = 15


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return int(hours) * 60 + int(rest)


def main(path: str) -> int:
    with open(path, newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["ferry"], minutes(row["leaves"])))
    findings = 0
    for ferry, crossings in groupby(rows, key=lambda row: row["ferry"]):
        for earlier, later in pairwise(crossings):
            pause = minutes(later["leaves"]) - minutes(earlier["arrives"])
            if earlier["to"] != later["from"] or pause < TURNAROUND_MINUTES:
                findings += 1
                print(f"{ferry}: {earlier['leaves']} to {earlier['to']}, then {later['leaves']} from {later['from']}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
