#!/bin/sh
# Sets up Debian 13 with its Swift and a C compiler in the directory named: root.sh DIRECTORY. Does nothing where that was done.
set -eu
inside=$1
[ ! -e "$inside/.ready" ] || exit 0
command -v debootstrap >/dev/null || "$(dirname "$0")/../../core/tests/packages.sh" debootstrap ||
    { echo "missing: debootstrap (package debootstrap)"; exit 1; }
# shellcheck disable=SC2016 # for apt
# the mirror that this system uses, or debootstrap's own
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep '/debian/*$' | head -n 1)
rm -rf "$inside"
# shellcheck disable=SC2086 # one word, or none
debootstrap --variant=minbase trixie "$inside" $mirror >"$inside.log" 2>&1 ||
    { tail -n 5 "$inside.log"; echo "missing: Debian 13's packages, by debootstrap"; exit 1; }
# shellcheck disable=SC2016 # expanded where it runs
unshare --mount --propagation private sh -eu -c '
    mount -t proc proc "$1/proc"
    mount --bind /dev "$1/dev"
    DEBIAN_FRONTEND=noninteractive chroot "$1" sh -c "apt-get update -qq &&
        apt-get install -qq -y --no-install-recommends swiftlang gcc g++ libc6-dev"' swift-root "$inside" >>"$inside.log" 2>&1 ||
    { tail -n 5 "$inside.log"; echo "missing: Swift 6 (Debian's package swiftlang)"; exit 1; }
touch "$inside/.ready"
