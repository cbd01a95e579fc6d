#!/bin/sh
# What building AWS-LC's FIPS module needs beside a C compiler: found, or installed where that is possible, or named.
set -eu
missing=
command -v cmake >/dev/null || missing="$missing cmake"
command -v go >/dev/null || missing="$missing golang-go"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update && apt-get -qq --yes install --no-install-recommends $missing >/dev/null && exit 0
fi
echo "missing:$missing (to build AWS-LC's FIPS module)"
exit 1
