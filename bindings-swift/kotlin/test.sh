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
for example in Record Search Rotate Provider File; do ./run.sh "fieldward.examples.${example}Kt"; done >"$exchange/examples.txt"
diff ../examples.txt "$exchange/examples.txt"
./exchange.sh write "$exchange"
./exchange.sh read "$exchange" kotlin
# what scripts/android.sh holds libraries to
for size in 16384 4096; do
    cc -shared -nostdlib -x c /dev/null -Wl,-z,max-page-size=$size -o "$exchange/$size.so"
done
../scripts/android.sh --check "$exchange/16384.so"
! ../scripts/android.sh --check "$exchange/4096.so" 2>/dev/null || { echo "android.sh takes pages of 4 KiB"; exit 1; }
# the commands of the packages, as far as they can be gone through here
../scripts/jar.sh --dry-run ../../target/mobile/kotlin/native >/dev/null
for abi in arm64-v8a armeabi-v7a x86_64 x86; do
    mkdir -p "$exchange/jni/$abi" && cp "$exchange/16384.so" "$exchange/jni/$abi/libfieldward_native.so"
done
../scripts/aar.sh --dry-run fieldward.jar "$exchange/jni" "$exchange/fieldward.aar" >/dev/null
cp "$exchange/4096.so" "$exchange/jni/x86/libfieldward_native.so"
! ../scripts/aar.sh --dry-run fieldward.jar "$exchange/jni" "$exchange/fieldward.aar" 2>/dev/null ||
    { echo "aar.sh takes pages of 4 KiB"; exit 1; }
