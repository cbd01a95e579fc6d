"""What criterion cannot measure, by small programs of the benches: instructions, and whole processes of many sizes.

usage: python3 measure.py instructions|scale DIRECTORY_OF_PROGRAMS [ROWS...]
Writes target/bench/instructions.json or target/bench/scale.json.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

FOUND = pathlib.Path(__file__).resolve().parent.parent / "target" / "bench"
# how many values a run works on; columns have 1,000 rows
OPERATIONS = {
    "column_randomized_encrypt": 10_000, "column_randomized_decrypt": 10_000, "column_randomized_record_ids_encrypt": 10_000,
    "column_randomized_record_ids_decrypt": 10_000, "column_other_prefixes_decrypt": 10_000, "column_deterministic_encrypt": 10_000,
    "column_deterministic_decrypt": 10_000, "index_exact_column": 10_000, "value_randomized_encrypt": 2_000,
    "value_randomized_decrypt": 2_000, "value_deterministic_encrypt": 2_000, "value_tokens": 2_000,
}


def counted(program, operation, values):
    """Instructions of a whole run, as callgrind counts them."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, operation, str(values)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"measure.py: callgrind, {operation}: {done.stderr.strip().splitlines()[-1:]}")
    return int(found[1])


def instructions(programs):
    """Three times the work less the work, over two: what one value costs, without the start."""
    if not shutil.which("valgrind"):
        sys.exit("missing: valgrind (package valgrind)")
    for operation, values in OPERATIONS.items():
        more = counted(programs / "instructions", operation, 3 * values) - counted(programs / "instructions", operation, values)
        yield operation, {"median": more / (2 * values), "unit": "instructions a value"}


def scale(programs, sizes):
    for rows in sizes:
        for threads in (1, 2):
            done = subprocess.run([programs / "scale", str(rows), str(threads)], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"measure.py: scale {rows} {threads}: {done.stderr.strip().splitlines()[-1:]}")
            found = json.loads(done.stdout)
            name = f"{rows:,} rows, {threads} thread{'s' if threads > 1 else ''}"
            yield f"{name}, encrypt", {"median": found["encrypt_ns"], "unit": "ns a row"}
            yield f"{name}, decrypt", {"median": found["decrypt_ns"], "unit": "ns a row"}
            for key, what in (("input_bytes", "input"), ("stored_bytes", "stored"), ("peak_before", "peak memory before"),
                              ("peak", "peak memory")):
                yield f"{name}, {what}", {"median": found[key] / 2**20, "unit": "MiB"}


def main():
    kind, programs, sizes = sys.argv[1], pathlib.Path(sys.argv[2]), [int(rows) for rows in sys.argv[3:]]
    figures = dict(instructions(programs) if kind == "instructions" else scale(programs, sizes))
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{kind}.json").write_text(json.dumps({"bench": kind, "figures": figures, "rows": {}}, indent=2) + "\n")
    for name, figure in figures.items():
        print(f"{name:50} {figure['median']:12,.1f} {figure['unit']}")


if __name__ == "__main__":
    main()
