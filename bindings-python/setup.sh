# Read by test.sh, jobs/test.sh and benches/python/run.sh, at the top of the repository: interpreters, clean environments, and the wheel that
# users get, which they share.

wheels=target/wheels
pip="-m pip install --quiet --disable-pip-version-check --only-binary :all:"

# The interpreters of these versions that can be had, on the path or of pyenv; python3 if there is none of them.
interpreters() {
    local version candidate
    local -A found=()
    for version in "$@"; do
        for candidate in "$(command -v "python$version" || true)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
            if [ -z "${found[$version]:-}" ] && [ -x "$candidate" ] &&
                "$candidate" -c "import sys, venv; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
                found[$version]="$candidate"
                echo "$candidate"
            fi
        done
    done
    [ "${#found[@]}" -eq 0 ] || return 0
    candidate="$(command -v python3 || true)"
    if [ -z "$candidate" ] || ! "$candidate" -c "import sys, venv; sys.exit(sys.version_info < (3, 10))" 2>/dev/null; then
        echo "missing: Python 3.10 or later with its venv module (package python3-venv)" >&2
        return 1
    fi
    echo "$candidate"
}

# environment FOLDER PYTHON REQUIREMENTS [OPTION...]: made anew when the requirements are newer than it, or it is of another Python.
environment() {
    local folder="$1" python="$2" requirements="$3" version
    shift 3
    version="$("$python" --version)"
    if [ "$(cat "$folder/ready" 2>/dev/null)" != "$version" ] || [ "$requirements" -nt "$folder/ready" ]; then
        rm -rf "$folder"
        "$python" -m venv "$folder"
        "$folder/bin/python" $pip --requirement "$requirements" "$@"
        echo "$version" >"$folder/ready"
    fi
}

# Builds the wheel into $wheels; what cargo has built already stays.
build_wheel() {
    local tools=target/python/tools
    if [ ! -x "$tools/bin/maturin" ]; then
        "$1" -m venv "$tools"
        "$tools/bin/python" $pip "maturin>=1.13,<2"
    fi
    rm -rf "$wheels"
    "$tools/bin/maturin" build --quiet --locked --profile "${WHEEL_PROFILE:-release}" --manifest-path bindings-python/Cargo.toml --out "$wheels"
}

# Puts the wheel into an environment.
install_wheel() {
    "$1/bin/python" $pip --no-deps --force-reinstall "$wheels"/*.whl
}
