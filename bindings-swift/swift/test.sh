#!/bin/sh
# The Swift package: builds what is under it, compiles, and runs all tests. Takes the Swift of this system (6 or later); where there is
# none, on Linux and as root, the distribution's package `swiftlang` in a root of its own, target/swift-root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
inside=$top/target/swift-root
"$here/../generate.sh" swift
# the commands of the Apple build, as far as they can be gone through elsewhere
"$here/../scripts/xcframework.sh" --dry-run >/dev/null

# tests, the examples, then the language's part of the exchange, alone
# shellcheck disable=SC2016 # expanded where it runs
run='cd "$1/target/mobile/swift/package" && FIELDWARD_ROOT=$1 && export FIELDWARD_ROOT && shift
    swift test -Xlinker -Llib -Xlinker -rpath -Xlinker "$PWD/lib" "$@"
    exchange=$(mktemp -d)
    trap "rm -rf $exchange" EXIT
    .build/debug/examples record search rotate provider file >"$exchange/examples.txt"
    diff "$FIELDWARD_ROOT/bindings-swift/examples.txt" "$exchange/examples.txt"
    .build/debug/exchange write "$exchange"
    .build/debug/exchange read "$exchange" swift'
if command -v swift >/dev/null; then
    exec sh -eu -c "$run" swift-test "$top" "$@"
fi
{ [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; } ||
    { echo "missing: Swift 6 (https://swift.org), or root on Debian to set it up"; exit 1; }
"$here/root.sh" "$inside"
# mounts of its own: they end with the command, whatever happens
# shellcheck disable=SC2016 # expanded where it runs
exec unshare --mount --propagation private sh -eu -c '
    inside=$1 top=$2 run=$3
    shift 3
    mount -t proc proc "$inside/proc"
    mount --bind /dev "$inside/dev"
    mkdir -p "$inside/fieldward"
    mount --bind "$top" "$inside/fieldward"
    chroot "$inside" sh -eu -c "$run" swift-test /fieldward "$@"' swift-root "$inside" "$top" "$run" "$@"
