#!/bin/sh
# The Kotlin part of the exchange between languages: exchange.sh write DIR | read DIR LANGUAGE... Needs what test.sh built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../target/kotlin
[ -e "$build/classpath" ] || { echo "missing: $build/classpath, made by bindings-swift/kotlin/test.sh" >&2; exit 1; }
exec java -Dfieldward.root="$here/../.." -cp "$build/test-classes:$build/classes:$(cat "$build/classpath")" fieldward.Exchange "$@"
