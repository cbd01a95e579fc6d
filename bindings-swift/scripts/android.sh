#!/bin/sh
# Builds libfieldward_native.so for the four Android ABIs into target/mobile/android/jniLibs, aligned to 16 KiB pages, and checks the
# alignment. Needs an NDK (r27 or later) in ANDROID_NDK_HOME; `--dry-run` prints the commands and runs none;
# `--check FILE...` checks libraries alone.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
api=26

# every LOAD segment of an ELF file at a multiple of 16 KiB
check() {
    for file in "$@"; do
        aligned=$(readelf -lW "$file" | awk '$1 == "LOAD" { print $NF }')
        [ -n "$aligned" ] || { echo "$file: no LOAD segment" >&2; exit 1; }
        for alignment in $aligned; do
            [ $((alignment % 16384)) -eq 0 ] || { echo "$file: aligned to $alignment, not to 16 KiB" >&2; exit 1; }
        done
    done
}

case ${1:-} in
'') run() { "$@"; } ;;
--dry-run) run() { echo "$*"; } ;;
--check) shift; check "$@"; exit ;;
*) echo "usage: android.sh [--dry-run | --check FILE...]" >&2; exit 1 ;;
esac
if [ "${1:-}" != --dry-run ]; then
    [ -n "${ANDROID_NDK_HOME:-}" ] || { echo "missing: ANDROID_NDK_HOME" >&2; exit 1; }
fi
cd "$root"
target=${CARGO_TARGET_DIR:-$root/target}
out=$root/target/mobile/android/jniLibs
host=linux-x86_64
[ "$(uname -s)" = Linux ] || host=darwin-x86_64
tools=${ANDROID_NDK_HOME:-NDK}/toolchains/llvm/prebuilt/$host/bin

for place in aarch64-linux-android:arm64-v8a armv7-linux-androideabi:armeabi-v7a x86_64-linux-android:x86_64 \
    i686-linux-android:x86; do
    triple=${place%%:*}
    linker=$tools/$(echo "$triple" | sed 's/^armv7-/armv7a-/')$api-clang
    variable=CARGO_TARGET_$(echo "$triple" | tr 'a-z-' 'A-Z_')_LINKER
    run rustup target add "$triple"
    # build.rs sets the page size for these targets
    run env "$variable=$linker" cargo build --locked --release --package fieldward-native --lib --target "$triple"
    run mkdir -p "$out/${place##*:}"
    run cp "$target/$triple/release/libfieldward_native.so" "$out/${place##*:}/"
    run check "$out/${place##*:}/libfieldward_native.so"
done
