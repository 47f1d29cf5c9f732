"""Print the SQL of a number of made-up tickets; always the same ones for the same number."""

import os
import random
import sys

FIRST = ("Aino", "Bela", "Chidi", "Dora", "Emre", "Freya")
BERTHS = ("seat", "seat", "seat", "bicycle", "dog", "car lane")


def main(count: int) -> int:
    if not os.environ.get("TIDEWATER_DB_URL", "").endswith("_dev"):
        print("TIDEWATER_DB_URL is not that of a development database.", file=sys.stderr)
        return 2
    dice = random.Random(count)
    for number in range(1, count + 1):
        name, berth, crossing = dice.choice(FIRST), dice.choice(BERTHS), dice.randint(1, 84)
        print(f"INSERT INTO tickets VALUES ({number}, '{name}', '{berth}', {crossing});")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
