#!/bin/sh
# Installs packages of Debian where that is possible, after whoever is installing some: packages.sh PACKAGE... Fails in silence: the caller
# says what is missing.
set -eu
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
exec 9>"${TMPDIR:-/tmp}/fieldward-packages.lock"
flock 9
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
