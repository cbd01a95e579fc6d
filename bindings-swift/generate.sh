#!/bin/sh
# Builds the native library with what its tests need, and writes the sources of the boundary: generate.sh kotlin|swift.
# They go to target/mobile, which no commit holds.
set -eu
language=$1
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
out=$root/target/mobile/$language
cd "$root"
cargo build --locked --package fieldward-native --features bindgen,testing
case $(uname -s) in Darwin) library=libfieldward_native.dylib ;; *) library=libfieldward_native.so ;; esac
rm -rf "$out/sources" "$out/native" "$out/package/Sources" "$out/package/Tests" "$out/package/Exchange" "$out/package/Examples"
mkdir -p "$out/sources"
"$target/debug/uniffi-bindgen" generate "$target/debug/$library" --config bindings-swift/uniffi.toml \
    --language "$language" --no-format --out-dir "$out/sources"
case $language in
kotlin)
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
    ;;
swift)
    # the package, with its Generated/
    package=$out/package
    mkdir -p "$package/Generated/FieldwardNative" "$package/Generated/FieldwardNativeFFI" "$package/lib"
    cp -pR bindings-swift/swift/Package.swift bindings-swift/swift/Sources bindings-swift/swift/Exchange \
        bindings-swift/swift/Examples bindings-swift/swift/Tests "$package/"
    cp "$out/sources/FieldwardNative.swift" "$package/Generated/FieldwardNative/"
    cp "$out/sources/FieldwardNativeFFI.h" "$package/Generated/FieldwardNativeFFI/"
    sed 's/^    export \*$/&\n    link "fieldward_native"/' "$out/sources/FieldwardNativeFFI.modulemap" \
        >"$package/Generated/FieldwardNativeFFI/module.modulemap"
    cp "$target/debug/$library" "$package/lib/"
    ;;
esac
