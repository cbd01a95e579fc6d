"""Turns the figures of the last `cargo bench` into a report: every median, and the ratios that the library is held to.

usage: python3 report.py [directory of criterion's output]
Writes reports/latest.json and reports/latest.md beside this file.
"""

import json
import pathlib
import platform
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROWS = 10_000
# name: (what is measured, its peer, the largest ratio that meets the goal)
GOALS = {
    "randomized column, encrypt": ("randomized column/fieldward encrypt", "randomized column/peer: ring encrypt", 0.4),
    "randomized column, decrypt": ("randomized column/fieldward decrypt", "randomized column/peer: ring decrypt", 0.4),
    "randomized column with record ids, encrypt": (
        "randomized column/fieldward encrypt with record ids", "randomized column/peer: ring encrypt with record ids", 0.5),
    "randomized column with record ids, decrypt": (
        "randomized column/fieldward decrypt with record ids", "randomized column/peer: ring decrypt with record ids", 0.5),
    "deterministic column, up to 15 bytes": (
        "deterministic column/fieldward encrypt/8 to 14 bytes", "deterministic column/peer: aes-siv encrypt/8 to 14 bytes", 1 / 20),
    "deterministic value, up to 15 bytes": (
        "deterministic, 9 bytes/fieldward encrypt", "deterministic, 9 bytes/peer: aes-siv, cached key bytes", 1 / 4),
    "exact index column": ("exact index, 11 bytes/fieldward index column", "exact index, 11 bytes/peer: hmac, key set up once", 1.0),
    "randomized value, decrypt, repeated prefix": (
        "randomized, 11 bytes/fieldward decrypt", "randomized, 11 bytes/peer: xaes-256-gcm decrypt", 1 / 1.5),
}


def version(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def figures(output):
    """Median and spread of every bench, in nanoseconds."""
    found = {}
    for path in sorted(output.glob("**/new/benchmark.json")):
        name = json.loads(path.read_text())["full_id"]
        estimates = json.loads((path.parent / "estimates.json").read_text())["median"]
        interval = estimates["confidence_interval"]
        found[name] = {
            "median_ns": estimates["point_estimate"], "low_ns": interval["lower_bound"], "high_ns": interval["upper_bound"],
        }
    return found


def main():
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "target" / "criterion"
    found = figures(output)
    if not found:
        sys.exit(f"no figures in {output}: run cargo bench first")
    ratios = {}
    for name, (own, peer, goal) in GOALS.items():
        if own not in found or peer not in found:
            ratios[name] = {"ratio": None, "goal": goal, "met": None}
            continue
        ratio = found[own]["median_ns"] / found[peer]["median_ns"]
        ratios[name] = {"ratio": ratio, "goal": goal, "met": ratio <= goal}
    report = {
        "machine": processor(), "rustc": version("rustc", "--version"), "system": platform.platform(), "figures": found, "ratios": ratios,
    }
    reports = HERE / "reports"
    reports.mkdir(exist_ok=True)
    (reports / "latest.json").write_text(json.dumps(report, indent=2) + "\n")
    lines = [f"# Benches\n\n{report['machine']}, {report['rustc']}. Ratios of medians of one run; smaller is faster.\n"]
    lines += ["| what | ratio to the peer | goal | met |", "|---|---|---|---|"]
    for name, ratio in ratios.items():
        said = "not run" if ratio["ratio"] is None else f"{ratio['ratio']:.3f}"
        lines.append(f"| {name} | {said} | {ratio['goal']:.3f} | {'' if ratio['met'] is None else 'yes' if ratio['met'] else 'no'} |")
    lines += ["", "| bench | median | per row of a column |", "|---|---|---|"]
    for name, figure in found.items():
        per_row = f"{figure['median_ns'] / ROWS:.1f} ns" if "column" in name.split("/")[0] or "index, 11" in name else ""
        lines.append(f"| {name} | {figure['median_ns']:,.0f} ns | {per_row} |")
    (reports / "latest.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines[: len(ratios) + 3]))


if __name__ == "__main__":
    main()
