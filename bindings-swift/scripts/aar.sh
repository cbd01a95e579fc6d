#!/bin/sh
# Makes fieldward.aar for Android of the jar's classes and the libraries of android.sh: aar.sh [--dry-run] JAR LIBRARIES AAR.
set -eu
run() { "$@"; }
if [ "${1:-}" = --dry-run ]; then
    run() { echo "$*"; }
    shift
fi
[ $# = 3 ] || { echo "usage: aar.sh [--dry-run] JAR LIBRARIES AAR" >&2; exit 1; }
jar=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
libraries=$(cd "$2" && pwd)
aar=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
scripts=$(cd "$(dirname "$0")" && pwd)
for abi in arm64-v8a armeabi-v7a x86_64 x86; do
    [ -f "$libraries/$abi/libfieldward_native.so" ] || { echo "missing: $libraries/$abi/libfieldward_native.so" >&2; exit 1; }
    "$scripts/android.sh" --check "$libraries/$abi/libfieldward_native.so"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/classes" "$work/aar/jni"
cat >"$work/aar/AndroidManifest.xml" <<'XML'
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="fieldward">
    <uses-sdk android:minSdkVersion="26" />
</manifest>
XML
# the boundary is called by name
cat >"$work/aar/proguard.txt" <<'RULES'
-keep class fieldward.ffi.** { *; }
-keep class com.sun.jna.** { *; }
-dontwarn java.awt.**
RULES
: >"$work/aar/R.txt"
cd "$work/classes"
run jar xf "$jar" fieldward META-INF
run jar cf "$work/aar/classes.jar" fieldward META-INF
run cp -R "$libraries/." "$work/aar/jni/"
cd "$work/aar"
run jar cMf "$aar" AndroidManifest.xml proguard.txt R.txt classes.jar jni
