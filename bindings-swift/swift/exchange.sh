#!/bin/sh
# The Swift part of the exchange between languages: exchange.sh write DIR | read DIR LANGUAGE... Needs what test.sh built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=target/mobile/swift/package/.build/debug/exchange
[ -x "$top/$program" ] || { echo "missing: $top/$program, made by bindings-swift/swift/test.sh" >&2; exit 1; }
command=${1:?write or read}
directory=$(mkdir -p "${2:?a directory}" && cd "$2" && pwd)
shift 2
if command -v swift >/dev/null; then
    FIELDWARD_ROOT=$top exec "$top/$program" "$command" "$directory" "$@"
fi
# shellcheck disable=SC2016 # expanded where it runs
exec unshare --mount --propagation private sh -eu -c '
    inside=$1 top=$2 program=$3 command=$4 directory=$5
    shift 5
    mount -t proc proc "$inside/proc" # Swift reads its arguments there
    mount --bind /dev "$inside/dev"
    mkdir -p "$inside/fieldward" "$inside/exchange"
    mount --bind "$top" "$inside/fieldward"
    mount --bind "$directory" "$inside/exchange"
    FIELDWARD_ROOT=/fieldward exec chroot "$inside" "/fieldward/$program" "$command" /exchange "$@"' \
    exchange "$top/target/swift-root" "$top" "$program" "$command" "$directory" "$@"
