#!/usr/bin/env bash
# Builds the native module beside the package's entry, with its loader and types. Arguments go to `napi build`.
set -euo pipefail
cd "$(dirname "$0")"
exec npx napi build --platform --package fieldward-node --js native.js --dts index.d.ts "$@"
