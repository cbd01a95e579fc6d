#!/bin/sh
# What building AWS-LC's FIPS module needs beside a C compiler: found, or installed where that is possible, or named.
set -eu
missing=
command -v cmake >/dev/null || missing="$missing cmake"
command -v go >/dev/null || missing="$missing golang-go"
command -v perl >/dev/null || missing="$missing perl"
command -v make >/dev/null || missing="$missing make"
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086 # words
"$(dirname "$0")/packages.sh" $missing || { echo "missing:$missing (to build AWS-LC's FIPS module)"; exit 1; }
