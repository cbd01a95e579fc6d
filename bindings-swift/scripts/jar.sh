#!/bin/sh
# Makes the jar of the Kotlin package for the JVM, with what it needs beside it, in target/mobile/jar/out: jar.sh [--dry-run] NATIVES.
# NATIVES holds one folder for each platform, named as JNA names it, with the release library: linux-x86-64/libfieldward_native.so.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
run() { "$@"; }
if [ "${1:-}" = --dry-run ]; then
    run() { echo "$*"; }
    shift
fi
[ $# = 1 ] || { echo "usage: jar.sh [--dry-run] NATIVES" >&2; exit 1; }
natives=$1
case $natives in /*) ;; *) natives=$PWD/$natives ;; esac
for library in "$natives"/*/*fieldward_native.*; do
    [ -f "$library" ] || { echo "missing: libraries in $natives" >&2; exit 1; }
done
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
out=$root/target/mobile/jar
case $(uname -s) in Darwin) library=libfieldward_native.dylib ;; *) library=libfieldward_native.so ;; esac

run rm -rf "$out"
run mkdir -p "$out/sources"
# without what the tests need beside
run cargo build --locked --package fieldward-native --features bindgen
run "$target/debug/uniffi-bindgen" generate "$target/debug/$library" --config bindings-swift/uniffi.toml \
    --language kotlin --no-format --out-dir "$out/sources"
run cp -R "$natives" "$out/native"
run mvn --batch-mode --no-transfer-progress --file bindings-swift/kotlin/pom.xml -Dmaven.test.skip=true "-Dgenerated=$out" "-Dout=$out/build" \
    package org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$out/out"
run cp "$out/build/fieldward-0.1.0.jar" "$out/out/fieldward.jar"
