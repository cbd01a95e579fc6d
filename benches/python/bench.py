"""Benches of the Python package with its peers in the same run; writes target/bench/python.json.

usage: bench.py [--quick]

Each row is the median of several rounds, in nanoseconds for each value, with the spread between the quartiles. Peers that are not
installed are named and left out.
"""

from __future__ import annotations

import argparse
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
    """Collects rows."""

    def __init__(self, seconds: float, rounds: int) -> None:
        self.seconds, self.rounds = seconds, rounds
        self.rows: list[dict[str, Any]] = []
        self.missing: list[str] = []

    def row(self, name: str, call: Callable[[], Any], values: int = 1) -> None:
        call()
        started = time.perf_counter_ns()
        call()
        once = max(time.perf_counter_ns() - started, 100)
        times = max(1, int(self.seconds * 1e9 / once))
        results = []
        for _ in range(self.rounds):
            started = time.perf_counter_ns()
            for _ in range(times):
                call()
            results.append((time.perf_counter_ns() - started) / times / values)
        low, _, high = statistics.quantiles(results, n=4)
        median = statistics.median(results)
        self.rows.append({"name": name, "median_ns": round(median, 1), "spread": round((high - low) / median, 3)})

    def median(self, name: str) -> float | None:
        return next((float(row["median_ns"]) for row in self.rows if row["name"] == name), None)

    def ratio(self, slow: str, fast: str) -> float | None:
        one, other = self.median(slow), self.median(fast)
        return None if one is None or other is None else round(one / other, 2)


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
    bench = Bench(0.02 if quick else 0.2, 5 if quick else 15)
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
    one = "cryptography AESGCM encrypt"
    ratios = {
        "python value, AESGCM / fieldward": bench.ratio(one, "fieldward value encrypt"),
        "python deterministic value, AESSIV / fieldward": bench.ratio("cryptography AESSIV encrypt", "fieldward deterministic encrypt"),
    }
    for kind in ("pyarrow", "pandas", "polars"):
        ratios[f"python column {kind}, AESGCM loop / fieldward"] = bench.ratio(one, f"fieldward column encrypt {kind}")
        ratios[f"python column {kind}, Fernet loop / fieldward"] = bench.ratio(
            "cryptography Fernet encrypt", f"fieldward column encrypt {kind}"
        )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "python": sys.version.split()[0],
        "rows": bench.rows,
        "ratios": {name: ratio for name, ratio in ratios.items() if ratio is not None},
        "missing": bench.missing,
    }
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    width = max(len(row["name"]) for row in bench.rows)
    for row in bench.rows:
        print(f"{row['name']:{width}} {row['median_ns']:>12,.1f} ns  spread {row['spread']:.0%}")
    for name, ratio in report["ratios"].items():
        print(f"{name:{width}} {ratio:>12.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
