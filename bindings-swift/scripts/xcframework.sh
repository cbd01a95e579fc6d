#!/bin/sh
# Makes swift/Generated/ for Apple systems: the sources of the boundary and FieldwardNativeFFI.xcframework, for macOS, iOS and its
# simulator. Needs a Mac with Xcode and Rust's targets; `--dry-run` prints the commands and runs none.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
case ${1:-} in
'') run() { "$@"; } ;;
--dry-run) run() { echo "$*"; } ;;
*) echo "usage: xcframework.sh [--dry-run]" >&2; exit 1 ;;
esac
if [ "${1:-}" != --dry-run ]; then
    [ "$(uname -s)" = Darwin ] || { echo "missing: a Mac" >&2; exit 1; }
    for tool in cargo rustup lipo xcodebuild; do
        command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 1; }
    done
fi
cd "$root"
# the systems that Package.swift names
export MACOSX_DEPLOYMENT_TARGET=12.0 IPHONEOS_DEPLOYMENT_TARGET=15.0
target=${CARGO_TARGET_DIR:-$root/target}
out=$root/target/mobile/apple
generated=$root/bindings-swift/swift/Generated
library=libfieldward_native.a

for triple in aarch64-apple-darwin x86_64-apple-darwin aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios; do
    run rustup target add "$triple"
    run cargo build --locked --release --package fieldward-native --lib --target "$triple"
done
run cargo build --locked --package fieldward-native --features bindgen
run rm -rf "$out" "$generated"
run mkdir -p "$out/headers" "$out/macos" "$out/simulator" "$generated/FieldwardNative"
run "$target/debug/uniffi-bindgen" generate "$target/debug/libfieldward_native.dylib" --config bindings-swift/uniffi.toml \
    --language swift --no-format --out-dir "$out/sources"
run cp "$out/sources/FieldwardNative.swift" "$generated/FieldwardNative/"
run cp "$out/sources/FieldwardNativeFFI.h" "$out/headers/"
run cp "$out/sources/FieldwardNativeFFI.modulemap" "$out/headers/module.modulemap"
run lipo -create "$target/aarch64-apple-darwin/release/$library" "$target/x86_64-apple-darwin/release/$library" \
    -output "$out/macos/$library"
run lipo -create "$target/aarch64-apple-ios-sim/release/$library" "$target/x86_64-apple-ios/release/$library" \
    -output "$out/simulator/$library"
run xcodebuild -create-xcframework \
    -library "$out/macos/$library" -headers "$out/headers" \
    -library "$target/aarch64-apple-ios/release/$library" -headers "$out/headers" \
    -library "$out/simulator/$library" -headers "$out/headers" \
    -output "$generated/FieldwardNativeFFI.xcframework"
