"""Builds the report of the last `make bench`: every figure, and every goal with its ratio, met or not, and why not.

usage: python3 report.py [--short | --self-test]
A short run shows that everything works, not how fast: a goal that it misses needs no reason.
Reads target/bench/*.json, goals.toml and misses.toml; writes reports/latest.json and reports/latest.md beside this file.
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
FOUND = ROOT / "target" / "bench"
# rows of goals.toml: one that is taken out must be taken out here too
GOALS = 33
# always there; the others belong to goals that may be "not yet", or to the peers that are asked for
BENCHES = ("column", "field", "search", "record", "keyring", "instructions", "scale", "python", "node")
PEERS = ("aes-gcm", "aes-siv", "aws-lc-rs", "hmac", "ring", "sha2", "xaes-256-gcm", "criterion", "rayon")
HEAVY_PEERS = ("asherah", "aws-esdk", "ironcore-alloy", "tink-aead", "tink-daead")


class Wrong(Exception):
    """A report that would not be honest is not written."""


def judge(name, goal, found):
    """One row: its figure against its goal."""
    row = {key: goal[key] for key in ("what", "against", "at_most", "at_least", "exactly") if key in goal}
    if found is None:
        if "not_yet" not in goal:
            raise Wrong(f"{name}: no figure in target/bench/{goal['from']}.json")
        return row | {"met": "not yet", "reason": goal["not_yet"]}
    if "exactly" in goal:
        return row | {"value": found["count"], "met": found["count"] == goal["exactly"]}
    if "amount" in found:
        return row | {"value": found["amount"], "met": found["amount"] <= goal["at_most"]}
    ratio = found["time_ratio"]
    median, low, high = ratio["median"], ratio["low"], ratio["high"]
    if "at_least" in goal:
        median, low, high = 1 / median, 1 / high, 1 / low
        met = median >= goal["at_least"]
    else:
        met = median <= goal["at_most"]
    return row | {"value": median, "low": low, "high": high, "met": met}


def judge_all(goals, misses, benches, short=False):
    """Every row of the table, in its order. A missed one without a reason is refused."""
    unknown = sorted(set(misses) - set(goals))
    if unknown:
        raise Wrong(f"misses.toml: no such goal: {', '.join(unknown)}")
    rows = {}
    for name, goal in goals.items():
        found = benches.get(goal["from"], {}).get("rows", {}).get(name)
        row = rows[name] = judge(name, goal, found)
        if row["met"] is False:
            reason = " ".join(misses.get(name, "").split())
            if not reason and not short:
                raise Wrong(f"{name}: {row['value']:.3g} misses its goal, and misses.toml does not say why")
            row["reason"] = reason or "a short run: no reason is known"
    return rows


def read(names):
    benches = {path.stem: json.loads(path.read_text()) for path in sorted(FOUND.glob("*.json"))}
    missing = [name for name in names if name not in benches]
    if missing:
        raise Wrong(f"missing: target/bench/{missing[0]}.json: run `make bench`")
    return benches


def locked(lock, wanted):
    packages = tomllib.loads(lock.read_text())["package"] if lock.exists() else []
    return {package["name"]: package["version"] for package in packages if package["name"] in wanted}


def version(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine():
    """Processor, cores and system: no name of the machine."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = set((re.search(r"^flags\s*:\s*(.+)$", text, re.MULTILINE) or [""])[0].split())
    return {
        "processor": model[1].strip() if model else platform.machine(),
        "instructions": sorted(flags & {"aes", "pclmulqdq", "avx2", "avx512f", "vaes", "vpclmulqdq", "sha_ni"}),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def said(row):
    if row["met"] == "not yet":
        return "not yet"
    if "low" not in row:
        return f"{row['value']:,}"
    return f"{row['value']:.3g} ({row['low']:.3g} to {row['high']:.3g})"


def goal_of(row):
    for key, word in (("at_most", "at most"), ("at_least", "at least"), ("exactly", "exactly")):
        if key in row:
            return f"{word} {row[key]:g}"
    raise Wrong("a goal without a number")


def readable(report):
    at = report["machine"]
    lines = [
        "# Benches", "",
        f"{at['processor']} ({', '.join(at['instructions'])}), {at['cores']} cores, {at['system']}, {report['rustc']}.",
        "Medians of one run, with quartiles. `at most` is the library's time divided by the peer's; `at least` the reverse.", "",
        *(["A short run: it shows that everything works, not how fast.", ""] if report["short"] else []),
        "| row | what | against | goal | found | met |", "|---|---|---|---|---|---|",
    ]
    words = {True: "yes", False: "**no**", "not yet": "not yet"}
    for name, row in report["goals"].items():
        lines.append(f"| {name} | {row['what']} | {row['against']} | {goal_of(row)} | {said(row)} | {words[row['met']]} |")
    missed = {name: row["reason"] for name, row in report["goals"].items() if row["met"] is False}
    if missed:
        lines += ["", "## Why a goal is missed", ""] + [f"- **{name}**: {reason}" for name, reason in missed.items()]
    for bench, figures in report["figures"].items():
        lines += ["", f"## {bench}", "", "| figure | median | quartiles | unit |", "|---|---|---|---|"]
        for name, figure in figures.items():
            spread = f"{figure['low']:,.1f} to {figure['high']:,.1f}" if "low" in figure else ""
            lines.append(f"| {name} | {figure['median']:,.1f} | {spread} | {figure['unit']} |")
    lines += ["", "## Versions", ""] + [f"- {name} {number}" for name, number in report["versions"].items()]
    return "\n".join(lines) + "\n"


def check_private(text):
    """Nothing of the machine it was made on: no host name, no path."""
    # a name that is a plain word may stand in the text by chance
    node = "" if platform.node().isalpha() else platform.node()
    for secret in (node, str(ROOT), str(pathlib.Path.home())):
        if len(secret) > 3 and secret in text:
            raise Wrong("the report names this machine or a path of it")


def build(short):
    goals, misses = (tomllib.loads((HERE / name).read_text()) for name in ("goals.toml", "misses.toml"))
    benches = read(BENCHES)
    versions = {"fieldward": version("git", "describe", "--always", "--dirty")}
    versions |= locked(ROOT / "Cargo.lock", PEERS)
    if "peers" in benches:
        versions |= locked(HERE / "peers" / "Cargo.lock", HEAVY_PEERS)
    for bench in benches.values():
        versions |= bench.get("versions", {})
    report = {
        "machine": machine(), "rustc": version("rustc", "--version"), "versions": versions,
        "short": short, "goals": judge_all(goals, misses, benches, short),
        "figures": {name: bench["figures"] for name, bench in benches.items() if bench.get("figures")},
    }
    texts = {"latest.json": json.dumps(report, indent=2) + "\n", "latest.md": readable(report)}
    for text in texts.values():
        check_private(text)
    (HERE / "reports").mkdir(exist_ok=True)
    for name, text in texts.items():
        (HERE / "reports" / name).write_text(text)
    return report


def refused(function, *arguments):
    try:
        function(*arguments)
    except Wrong:
        return True
    return False


def self_test():
    goals = tomllib.loads((HERE / "goals.toml").read_text())
    assert len(goals) == GOALS, f"goals.toml has {len(goals)} rows, not {GOALS}: a goal vanished or came"
    for name, goal in goals.items():
        assert sum(key in goal for key in ("at_most", "at_least", "exactly")) == 1, name
        assert {"what", "against", "from"} <= set(goal), name
    half = {"time_ratio": {"median": 0.5, "low": 0.4, "high": 0.8}}
    one = {"what": "w", "against": "a", "from": "b"}
    assert judge("n", one | {"at_most": 0.5}, half)["met"] is True
    assert judge("n", one | {"at_most": 0.4}, half)["met"] is False
    fast = judge("n", one | {"at_least": 2}, half)
    assert (fast["met"], fast["value"], fast["low"], fast["high"]) == (True, 2, 1.25, 2.5)
    assert judge("n", one | {"at_least": 3}, half)["met"] is False
    assert [judge("n", one | {"exactly": 1}, {"count": count})["met"] for count in (0, 1, 2)] == [False, True, False]
    assert judge("n", one | {"at_most": 16}, {"amount": 17})["met"] is False
    assert refused(judge, "n", one | {"at_most": 1}, None), "a row without a figure"
    assert judge("n", one | {"at_most": 1, "not_yet": "why"}, None)["met"] == "not yet"
    assert judge("n", one | {"at_most": 0.4, "not_yet": "why"}, half)["met"] is False, "not yet ends with a figure"
    table, found = {"n": one | {"at_most": 0.4}}, {"b": {"rows": {"n": half}}}
    assert refused(judge_all, table, {}, found), "a missed goal without a reason"
    assert refused(judge_all, table, {"n": " "}, found)
    assert judge_all(table, {}, found, short=True)["n"]["met"] is False
    assert refused(judge_all, table, {"n": "why", "other": "why"}, found), "a reason for no goal"
    missed = judge_all(table, {"n": "why"}, found)
    assert missed["n"]["reason"] == "why"
    met = judge_all({"n": one | {"at_most": 0.9}}, {"n": "why"}, found)
    assert "reason" not in met["n"], "a met goal needs none"
    report = {
        "machine": machine(), "rustc": "rustc 1", "versions": {"ring": "1"}, "short": True, "goals": missed,
        "figures": {"b": {"f": {"median": 1.0, "unit": "ns"}}},
    }
    text = readable(report)
    assert "| n | w | a | at most 0.4 | 0.5 (0.4 to 0.8) | **no** |" in text and "- **n**: why" in text
    assert refused(check_private, f"made in {ROOT}/target")
    check_private(text)
    print("report.py: it can fail")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    try:
        report = build("--short" in sys.argv)
    except Wrong as wrong:
        sys.exit(f"report.py: {wrong}")
    rows = report["goals"]
    for name, row in rows.items():
        print(f"{'met' if row['met'] is True else row['met'] or 'MISSED':8} {name:42} {goal_of(row):16} {said(row)}")
    print(f"{sum(row['met'] is True for row in rows.values())} of {len(rows)} goals met; benches/reports/latest.md has the rest")


if __name__ == "__main__":
    sys.exit(main())
