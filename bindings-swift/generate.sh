#!/bin/sh
# Builds the native library with what its tests need, and writes the sources of the boundary: generate.sh kotlin|swift.
# They go to target/mobile, which no commit holds.
set -eu
language=$1
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
out=$root/target/mobile/$language
cd "$root"
cargo build --locked --package fieldward-native --features bindgen,golden
case $(uname -s) in Darwin) library=libfieldward_native.dylib ;; *) library=libfieldward_native.so ;; esac
rm -rf "$out"
mkdir -p "$out/sources"
"$target/debug/uniffi-bindgen" generate "$target/debug/$library" --config bindings-swift/uniffi.toml \
    --language "$language" --no-format --out-dir "$out/sources"
if [ "$language" = kotlin ]; then
    # where JNA looks for it on the class path
    case $(uname -s)-$(uname -m) in
    Linux-x86_64) place=linux-x86-64 ;;
    Linux-aarch64) place=linux-aarch64 ;;
    Darwin-arm64) place=darwin-aarch64 ;;
    Darwin-x86_64) place=darwin-x86-64 ;;
    *) echo "missing: a JNA platform name for $(uname -s) $(uname -m)"; exit 1 ;;
    esac
    mkdir -p "$out/native/$place"
    cp "$target/debug/$library" "$out/native/$place/"
fi
