#!/bin/sh
# The Kotlin package: builds what is under it, compiles, and runs all tests. Sets up the JDK and Maven where they are missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
    "$here/../../core/tests/packages.sh" maven default-jdk-headless ||
        { echo "missing: a JDK and Maven (packages default-jdk-headless and maven)"; exit 1; }
fi
"$here/../generate.sh" kotlin
cd "$here"
mvn --batch-mode --no-transfer-progress test org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath -DincludeScope=test -Dmdep.outputFile="$here/../../target/kotlin/classpath" "$@"
# the examples, and the language's part of the exchange, alone
exchange=$(mktemp -d)
trap 'rm -rf "$exchange"' EXIT
./exchange.sh write "$exchange"
./exchange.sh read "$exchange" kotlin
# what scripts/android.sh holds libraries to
for size in 16384 4096; do
    cc -shared -nostdlib -x c /dev/null -Wl,-z,max-page-size=$size -o "$exchange/$size.so"
done
../scripts/android.sh --check "$exchange/16384.so"
! ../scripts/android.sh --check "$exchange/4096.so" 2>/dev/null || { echo "android.sh takes pages of 4 KiB"; exit 1; }
