#!/usr/bin/env bash
# Packs what npm gets: the package itself, and for each platform one that holds its native module.
# usage: pack.sh MODULES TARBALLS   a folder with the native modules of all platforms, and one for what is made
set -euo pipefail
modules="$(realpath "$1")"
tarballs="$(realpath "$2")"
cd "$(dirname "$0")"
napi="$PWD/node_modules/.bin/napi"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cp -R package.json README.md index.js index.mjs index.d.ts index.d.mts native.js lib adapters "$folder"
cat ../LICENSE-MIT ../LICENSE-APACHE >"$folder/LICENSE"
cp -R "$modules" "$folder/artifacts"
cd "$folder"
"$napi" create-npm-dirs
# refuses a platform that is missing
"$napi" artifacts
# names them in the package's optionalDependencies
"$napi" pre-publish --tag-style npm --skip-optional-publish --no-gh-release
for platform in npm/*; do
    cp LICENSE "$platform"
    npm pack --silent --ignore-scripts --pack-destination "$tarballs" "./$platform"
done
npm pack --silent --ignore-scripts --pack-destination "$tarballs"
