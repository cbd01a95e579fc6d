#!/usr/bin/env bash
# Builds the wheel that users get, once, and tests it in a clean virtual environment each, on the oldest and the newest Python that can be
# had: tests, types of tests and stubs. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

profile="${WHEEL_PROFILE:-release}"
wheels=target/wheels
# the oldest that the package supports, and the newest that pyo3's stable ABI was tried on
wanted="${PYTHONS:-3.10 3.13}"

# The interpreter of a version: on the path, or of pyenv.
interpreter() {
    local candidate
    for candidate in "$(command -v "python$1" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
        if [ -x "$candidate" ] && "$candidate" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

interpreters=()
for version in $wanted; do
    found="$(interpreter "$version")"
    [ -n "$found" ] && interpreters+=("$found")
done
if [ "${#interpreters[@]}" -eq 0 ]; then
    found="$(command -v python3 || true)"
    if [ -z "$found" ] || ! "$found" -c "import sys, venv; sys.exit(sys.version_info < (3, 10))" 2>/dev/null; then
        echo "missing: Python 3.10 or later with its venv module (package python3-venv)"
        exit 1
    fi
    interpreters=("$found")
fi

tools=target/python/tools
if [ ! -x "$tools/bin/maturin" ]; then
    "${interpreters[-1]}" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "maturin>=1.13,<2"
fi
rm -rf "$wheels"
"$tools/bin/maturin" build --quiet --locked --profile "$profile" --manifest-path bindings-python/Cargo.toml --out "$wheels"

for python in "${interpreters[@]}"; do
    venv="target/python/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    echo "testing on $("$python" --version) in $venv"
    if [ ! -e "$venv/ready" ] || [ bindings-python/requirements-test.txt -nt "$venv/ready" ]; then
        rm -rf "$venv"
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --requirement bindings-python/requirements-test.txt
        touch "$venv/ready"
    fi
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$wheels"/*.whl
    (
        cd bindings-python
        "../$venv/bin/python" -m pytest "$@"
        "../$venv/bin/python" -m mypy --strict tests
        "../$venv/bin/python" -m mypy.stubtest --mypy-config-file pyproject.toml fieldward
    )
done
