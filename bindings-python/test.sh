#!/usr/bin/env bash
# Builds the wheel that users get, once, and tests it in a clean virtual environment each, on the oldest and the newest Python that can be
# had: tests, types of tests and stubs. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. bindings-python/setup.sh

if ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null && ! command -v initdb >/dev/null &&
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null
fi

# the oldest that the package supports, and the newest that pyo3's stable ABI was tried on
found="$(interpreters ${PYTHONS:-3.10 3.13})"
build_wheel "${found##*$'\n'}"
# what Python exchanges data with
cargo build --quiet --locked --package fieldward-examples --bin exchange
export EXCHANGE="$PWD/target/debug/exchange"

for python in $found; do
    venv="target/python/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    echo "testing on $("$python" --version) in $venv"
    environment "$venv" "$python" bindings-python/requirements-test.txt
    install_wheel "$venv"
    (
        cd bindings-python
        "../$venv/bin/python" -m pytest "$@"
        "../$venv/bin/python" -m mypy --strict tests
        "../$venv/bin/python" -m mypy.stubtest --mypy-config-file pyproject.toml fieldward
    )
done
bindings-python/install.sh
