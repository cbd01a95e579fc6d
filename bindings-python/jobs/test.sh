#!/usr/bin/env bash
# Runs the jobs of the engines, Spark and Dask, on workers of this machine. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."
. bindings-python/setup.sh

command -v java >/dev/null || core/tests/packages.sh default-jre-headless ||
    { echo "missing: Java 17 or later (package default-jre-headless)"; exit 1; }

# newest first: one is enough, the package is tested on the others by test.sh
found="$(interpreters ${PYTHONS:-3.13 3.12 3.11 3.10})"
python="${found%%$'\n'*}"
build_wheel "$python"
venv=target/python/jobs
echo "jobs on $("$python" --version) in $venv"
# Spark comes as sources alone; nothing in them is compiled
environment "$venv" "$python" bindings-python/jobs/requirements.txt --no-binary pyspark
install_wheel "$venv"
cd bindings-python/jobs
"../../$venv/bin/python" -m pytest --config-file ../pyproject.toml --rootdir . "$@" .
