#!/usr/bin/env bash
# Builds the native module and runs the package's tests. Arguments go to node. NODE_PROFILE=dev builds without optimisation.
set -euo pipefail
cd "$(dirname "$0")"

command -v node >/dev/null && node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' ||
    { echo "missing: Node 20.19 or later, which packages want that only the tests use"; exit 1; }
command -v npm >/dev/null || { echo "missing: npm"; exit 1; }
# the packages of a folder's lock file
packages() {
    if [ ! -e "$1/node_modules/ready" ] || [ "$1/package-lock.json" -nt "$1/node_modules/ready" ]; then
        npm ci --prefix "$1" --ignore-scripts --silent
        touch "$1/node_modules/ready"
    fi
}
packages .
packages tests/oldest
oldest="$(echo tests/oldest/node_modules/node-*/bin/node)"
[ -x "$oldest" ] || { echo "missing: a Node 18.17 for this system on npm, for the tests on the oldest that the package supports"; exit 1; }
venv=../target/node/venv
if [ ! -e "$venv/ready" ] || [ ../core/tests/services/requirements.txt -nt "$venv/ready" ]; then
    python3 -m venv "$venv" || { echo "missing: Python's venv module (package python3-venv), for the emulator of AWS KMS"; exit 1; }
    "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check --requirement ../core/tests/services/requirements.txt
    touch "$venv/ready"
fi
FIELDWARD_MOTO="$(realpath "$venv")/bin/moto_server"
export FIELDWARD_MOTO
command -v go >/dev/null || { echo "missing: Go, for FerretDB, which the tests of the Mongoose plug-in talk to"; exit 1; }
FIELDWARD_FERRETDB="$(realpath ../target)/node/ferretdb"
export FIELDWARD_FERRETDB
(cd tests/ferretdb && go build -mod=readonly -o "$FIELDWARD_FERRETDB" .)
cp index.d.ts node_modules/index.d.ts.committed
# without a profile, what is built is `dev`, which cargo keeps under another name
case "${NODE_PROFILE:-release}" in dev) profile=() ;; *) profile=(--profile "${NODE_PROFILE:-release}") ;; esac
# a module with what only tests call; then the one that users get, of the same types, which benches find built
testing="$(realpath ../target)/node/testing"
./build.sh "${profile[@]}" --features testing --output-dir "$testing" -- --locked
./build.sh "${profile[@]}" -- --locked
for made in index.d.ts "$testing/index.d.ts"; do
    cmp "$made" node_modules/index.d.ts.committed || { echo "index.d.ts is not what the native module declares: commit the new one"; exit 1; }
done
FIELDWARD_TESTING="$(echo "$testing"/*.node)"
export FIELDWARD_TESTING
node --expose-gc --test "$@" tests/*.test.js
# the oldest: all but the tests of packages that want a later one themselves
echo "on Node $("$oldest" --version)"
"$oldest" --expose-gc --test tests/{batch,drizzle,examples,keyed,keyring,panics,records,stress,values,vectors}.test.js
"$oldest" --test --test-name-pattern='^(ESM|CommonJS)$' tests/package.test.js
