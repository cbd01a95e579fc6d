#!/usr/bin/env bash
# Builds the wheel, installs it with its peers in an environment of its own, and runs bench.py with the arguments given.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=target/python/bench
if [ ! -e "$venv/ready" ] || [ benches/python/requirements.txt -nt "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" || { echo "missing: Python's venv module (package python3-venv)"; exit 1; }
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "maturin>=1.13,<2"
    # one by one: a peer that does not install is named by the bench, and left out
    grep -v '^#' benches/python/requirements.txt | while read -r peer; do
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$peer" || echo "missing: $peer"
    done
    touch "$venv/ready"
fi
"$venv/bin/maturin" build --quiet --locked --release --manifest-path bindings-python/Cargo.toml --out target/python/wheels-bench
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/python/wheels-bench/*.whl
"$venv/bin/python" benches/python/bench.py "$@"
