#!/bin/sh
# Runs a program of the Kotlin package's tests: run.sh CLASS ARGUMENT... Needs what test.sh built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../target/kotlin
[ -e "$build/classpath" ] || { echo "missing: $build/classpath, made by bindings-swift/kotlin/test.sh" >&2; exit 1; }
exec java -Dfieldward.root="$here/../.." -cp "$build/test-classes:$build/classes:$(cat "$build/classpath")" "$@"
