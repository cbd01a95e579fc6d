#!/usr/bin/env bash
# Installs the wheel that the tests use, built where it is not there yet, with its peers in an environment of its own, and runs bench.py with
# the arguments given.
set -euo pipefail
cd "$(dirname "$0")/../.."
. bindings-python/setup.sh

found="$(interpreters 3.13 3.12 3.11 3.10)"
python="${found%%$'\n'*}"
venv=target/python/bench
if [ ! -e "$venv/ready" ] || [ benches/python/requirements.txt -nt "$venv/ready" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
    # one by one: a peer that does not install is named by the bench, and left out
    grep -v '^#' benches/python/requirements.txt | while read -r peer; do
        "$venv/bin/python" $pip $peer || echo "missing: $peer"
    done
    touch "$venv/ready"
fi
build_wheel "$python"
install_wheel "$venv"
"$venv/bin/python" benches/python/bench.py "$@"
