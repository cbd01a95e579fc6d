#!/usr/bin/env bash
# Builds the native module and runs the package's tests. Arguments go to node. NODE_PROFILE=dev builds without optimisation.
set -euo pipefail
cd "$(dirname "$0")"

command -v node >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 18)' || { echo "missing: Node 18 or later"; exit 1; }
command -v npm >/dev/null || { echo "missing: npm"; exit 1; }
if [ ! -e node_modules/ready ] || [ package-lock.json -nt node_modules/ready ]; then
    npm ci --ignore-scripts --silent
    touch node_modules/ready
fi
cp index.d.ts node_modules/index.d.ts.committed
./build.sh --profile "${NODE_PROFILE:-release}" -- --locked
cmp index.d.ts node_modules/index.d.ts.committed || { echo "index.d.ts is not what the native module declares: commit the new one"; exit 1; }
node --expose-gc --test "$@" tests/
