"""Derives every vector that the reference can derive again, refuses the negative ones again, and counts all of them.

usage: python check.py [directory of the vectors]
"""

import json
import pathlib
import sys

from fwref import Refused
from fwref.ops import OPS

MIN_CASES = 250
MIN_NEGATIVE = 0.60


def run(case):
    try:
        return OPS[case["op"]](case["input"])
    except Refused as refused:
        return {"error": refused.code}


def main():
    directory = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    total = negative = derived = skipped = wrong = 0
    ids = set()
    for path in sorted(directory.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            name = f"{path.stem}/{case['id']}"
            if name in ids:
                print(f"{name}: this id stands twice")
                wrong += 1
            ids.add(name)
            total += 1
            negative += "error" in case["expect"]
            if case["op"] not in OPS:
                continue
            # Only a case that says so itself is left out.
            if case.get("reference") is False:
                skipped += 1
                continue
            derived += 1
            actual = run(case)
            if actual != case["expect"]:
                wrong += 1
                print(f"{name}: the file says {case['expect']}, the reference {actual}")
    print(f"{total} vectors, {negative} negative ({negative / max(total, 1):.0%}), {derived} derived again")
    print(f"{total - derived - skipped} of operations that the reference has not, {skipped} marked as beyond it")
    if total < MIN_CASES or negative < MIN_NEGATIVE * total:
        print(f"fewer than {MIN_CASES} vectors, or fewer than {MIN_NEGATIVE:.0%} of them negative")
        wrong += 1
    print(f"{derived - min(wrong, derived)} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
