#!/usr/bin/env bash
# Builds the wheel that users get, once, and tests it in a clean virtual environment each, on the oldest and the newest Python that can be
# had: tests, types of tests and stubs. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. bindings-python/setup.sh

compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null || core/tests/packages.sh postgresql ||
    { echo "missing: PostgreSQL's initdb (package postgresql)"; exit 1; }

# the oldest that the package supports, and the newest that pyo3's stable ABI was tried on
found="$(interpreters ${PYTHONS:-3.10 3.13})"
build_wheel "${found##*$'\n'}"
# what Python exchanges data with
cargo build --quiet --locked --package fieldward-examples --bin exchange
export EXCHANGE="$PWD/target/debug/exchange"

test_on() {
    local python="$1" venv="$2"
    shift 2
    echo "testing on $("$python" --version) in $venv"
    environment "$venv" "$python" bindings-python/requirements-test.txt
    install_wheel "$venv"
    cd bindings-python
    "../$venv/bin/python" -m pytest "$@"
    "../$venv/bin/python" -m mypy --strict tests
    "../$venv/bin/python" -m mypy.stubtest --mypy-config-file pyproject.toml fieldward
}

# side by side: each is one thread's work, and shown when it has ended
jobs=()
for python in $found; do
    venv="target/python/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    (set -e; test_on "$python" "$venv" "$@") >"$venv.log" 2>&1 &
    jobs+=("$!" "$venv.log")
done
failed=0
for ((at = 0; at < ${#jobs[@]}; at += 2)); do
    wait "${jobs[at]}" || failed=1
    cat "${jobs[at + 1]}"
done
[ "$failed" = 0 ]
bindings-python/install.sh
