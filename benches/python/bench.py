"""Benches of the Python package with its peers in the same run; writes target/bench/python.json.

usage: bench.py [--quick]

Each figure is the median of several rounds, in nanoseconds for each value, with its quartiles; ratios are of rounds that follow one
another. `benches/README.md` has the form of the file. Peers that are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fieldward as fw
from fieldward import columns

VALUE = "999-41-1234"
OUTPUT = Path(__file__).resolve().parents[2] / "target" / "bench" / "python.json"
SCHEMA = fw.Schema.from_dict(
    {
        "table": "patients",
        "record_binding": "none",
        "fields": [
            {"id": "ssn", "type": "text", "mode": "randomized"},
            {"id": "number", "type": "text", "mode": "deterministic"},
        ],
    }
)


class Bench:
    """Cases that are measured in turns: a round of each, and again, so that all meet the same noise."""

    def __init__(self, seconds: float, rounds: int) -> None:
        self.seconds, self.rounds = seconds, rounds
        self.cases: dict[str, tuple[Callable[[], Any], int]] = {}
        self.results: dict[str, list[float]] = {}
        self.missing: list[str] = []

    def row(self, name: str, call: Callable[[], Any], values: int = 1) -> None:
        self.cases[name] = (call, values)

    def run(self) -> None:
        times = {}
        for name, (call, _) in self.cases.items():
            call()
            started = time.perf_counter_ns()
            call()
            once = max(time.perf_counter_ns() - started, 100)
            times[name] = max(1, int(self.seconds * 1e9 / self.rounds / once))
            self.results[name] = []
        for _ in range(self.rounds):
            for name, (call, values) in self.cases.items():
                started = time.perf_counter_ns()
                for _ in range(times[name]):
                    call()
                self.results[name].append((time.perf_counter_ns() - started) / times[name] / values)

    def figures(self) -> dict[str, dict[str, Any]]:
        """Nanoseconds for each value."""
        return {name: {**quartiles(results), "unit": "ns"} for name, results in self.results.items()}

    def ratio(self, ours: str, theirs: str) -> dict[str, dict[str, float]] | None:
        """Our time divided by the peer's, round by round."""
        if ours not in self.results or theirs not in self.results:
            return None
        return {"time_ratio": quartiles([x / y for x, y in zip(self.results[ours], self.results[theirs], strict=True)])}

    def slowest(self, ours: list[str], theirs: str) -> dict[str, dict[str, float]] | None:
        """The highest of the ratios: what holds for each of several columns."""
        ratios = [ratio for name in ours if (ratio := self.ratio(name, theirs)) is not None]
        return max(ratios, key=lambda ratio: ratio["time_ratio"]["median"], default=None)


def quartiles(results: list[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(results, n=4)
    return {"median": median, "low": low, "high": high}


def versions(names: list[str]) -> dict[str, str]:
    found = {}
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def own(bench: Bench, keyring: fw.Keyring, rows: int) -> None:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    ssn, number = keyring.field(SCHEMA, "ssn"), keyring.field(SCHEMA, "number")
    stored, token = ssn.encrypt(VALUE), number.encrypt(VALUE)
    bench.row("fieldward value encrypt", lambda: ssn.encrypt(VALUE))
    bench.row("fieldward value decrypt", lambda: ssn.decrypt(stored))
    bench.row("fieldward deterministic encrypt", lambda: number.encrypt(VALUE))
    bench.row("fieldward deterministic decrypt", lambda: number.decrypt(token))
    texts = [f"999-{row % 100:02d}-{row % 10_000:04d}" for row in range(rows)]
    kinds = {
        "pyarrow": pa.array(texts),
        "pandas": pd.Series(texts, dtype=pd.ArrowDtype(pa.string())),
        "pandas objects": pd.Series(texts, dtype=object),
        "polars": pl.Series("x", texts),
        "numpy objects": np.array(texts, dtype=object),
    }
    for name, column in kinds.items():
        sealed = columns.encrypt(ssn, column)
        bench.row(f"fieldward column encrypt {name}", lambda column=column: columns.encrypt(ssn, column), rows)
        bench.row(f"fieldward column decrypt {name}", lambda sealed=sealed: columns.decrypt(ssn, sealed), rows)


def cryptography(bench: Bench) -> None:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

    plaintext, place = VALUE.encode(), b"patients/ssn"
    gcm, siv, fernet = AESGCM(os.urandom(32)), AESSIV(os.urandom(64)), Fernet(Fernet.generate_key())

    def seal() -> bytes:
        nonce = os.urandom(12)
        return nonce + gcm.encrypt(nonce, plaintext, place)

    sealed, token, wrapped = seal(), fernet.encrypt(plaintext), siv.encrypt(plaintext, [place])
    bench.row("cryptography AESGCM encrypt", seal)
    bench.row("cryptography AESGCM decrypt", lambda: gcm.decrypt(sealed[:12], sealed[12:], place))
    bench.row("cryptography AESSIV encrypt", lambda: siv.encrypt(plaintext, [place]))
    bench.row("cryptography AESSIV decrypt", lambda: siv.decrypt(wrapped, [place]))
    bench.row("cryptography Fernet encrypt", lambda: fernet.encrypt(plaintext))
    bench.row("cryptography Fernet decrypt", lambda: fernet.decrypt(token))


def tink_peer(bench: Bench) -> None:
    import tink
    from tink import aead, daead

    aead.register()
    daead.register()
    sealer = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    pairs = tink.new_keyset_handle(daead.deterministic_aead_key_templates.AES256_SIV).primitive(daead.DeterministicAead)
    plaintext, place = VALUE.encode(), b"patients/ssn"
    bench.row("tink AES256_GCM encrypt", lambda: sealer.encrypt(plaintext, place))
    bench.row("tink AES256_SIV encrypt", lambda: pairs.encrypt_deterministically(plaintext, place))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="short rounds, for a look")
    quick = parser.parse_args().quick
    bench = Bench(0.2 if quick else 4, 5 if quick else 25)
    config = fw.KeyringConfig(
        "bench", providers={"primary": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="a bench"
    )
    with config.create() as keyring:
        own(bench, keyring, 20_000 if quick else 100_000)
        for name, peer in {"cryptography": cryptography, "tink": tink_peer}.items():
            try:
                peer(bench)
            except ImportError:
                bench.missing.append(name)
                print(f"missing: {name}")
        bench.run()
    kinds = [f"fieldward column encrypt {kind}" for kind in ("pyarrow", "pandas", "polars")]
    rows = {
        "python_value": bench.ratio("fieldward value encrypt", "cryptography AESGCM encrypt"),
        "python_column_aesgcm": bench.slowest(kinds, "cryptography AESGCM encrypt"),
        "python_column_fernet": bench.slowest(kinds, "cryptography Fernet encrypt"),
    }
    report = {
        "bench": "python",
        "versions": {"python": sys.version.split()[0], **versions(["cryptography", "tink", "pyarrow", "pandas", "polars"])},
        "figures": bench.figures(),
        "rows": {name: row for name, row in rows.items() if row is not None},
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    width = max(map(len, bench.cases))
    for name, figure in report["figures"].items():
        print(f"{name:{width}} {figure['median']:>12,.1f} ns  {figure['low']:,.1f} to {figure['high']:,.1f}")
    for name, row in report["rows"].items():
        print(f"{name:{width}} {1 / row['time_ratio']['median']:>12.2f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
