#!/usr/bin/env bash
# Installs the wheel that is there as users do, without an index, in a clean environment of the oldest Python, and encrypts with it from outside
# the repository. On Linux it says which platforms the wheel is for.
set -euo pipefail
cd "$(dirname "$0")/.."
. bindings-python/setup.sh

found="$(interpreters ${PYTHONS:-3.10 3.13})"
python="${found%%$'\n'*}"
venv=target/python/installed
rm -rf "$venv"
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$wheels"/*.whl
# nothing else came with it
[ "$("$venv/bin/python" -m pip list --format freeze --disable-pip-version-check | grep -cvE '^(pip|setuptools)==')" = 1 ]
"$venv/bin/python" -I bindings-python/examples/first.py | grep ", aws-lc: "

if [ "$(uname)" = Linux ]; then
    tools=target/python/auditwheel
    [ -x "$tools/bin/auditwheel" ] || { "$python" -m venv "$tools" && "$tools/bin/python" $pip auditwheel; }
    shown="$("$tools/bin/auditwheel" show "$wheels"/*.whl)"
    grep -oE '"(many|musl)linux_[0-9_a-z]+"' <<<"$shown" | sort -u
fi
