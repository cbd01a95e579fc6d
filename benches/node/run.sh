#!/usr/bin/env bash
# Builds the npm package as users get it, installs its peers, and runs bench.mjs with the arguments given.
set -euo pipefail
cd "$(dirname "$0")"

command -v npm >/dev/null || { echo "missing: Node 20 or later with npm"; exit 1; }
[ -e node_modules/.package-lock.json ] || npm ci --ignore-scripts --silent
(cd ../../bindings-node && { [ -e node_modules/.package-lock.json ] || npm ci --ignore-scripts --silent; } && ./build.sh --release -- --locked)
exec node bench.mjs "$@"
