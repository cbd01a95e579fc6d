"""Proves two things of the library's default tree: no network in it, and every crate that can wipe secrets does.

usage: python3 dependencies.py [--self-test]
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NETWORK = {
    "async-std", "aws-config", "aws-lc-sys", "aws-sdk-kms", "curl", "curl-sys", "h2", "http", "hyper", "isahc", "native-tls",
    "openssl", "openssl-sys", "quinn", "reqwest", "ring", "rustls", "schannel", "security-framework", "smol", "socket2", "tokio",
    "tungstenite", "ureq",
}


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def tree():
    """Names, versions and resolved features of everything that a program gets with `fieldward` alone."""
    command = ["cargo", "tree", "--locked", "--package", "fieldward", "--edges", "normal", "--prefix", "none", "--format", "{p}|{f}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    found = {}
    for line in lines:
        package, _, features = line.partition("|")
        if package:
            name, version = package.split()[:2]
            features = features.removesuffix(" (*)")
            found.setdefault((name, version.removeprefix("v")), set()).update(filter(None, features.split(",")))
    return found


def problems(found, declared):
    for (name, version), features in sorted(found.items()):
        if name in NETWORK:
            yield f"{name} {version}: network or TLS in the default tree"
        can_wipe = "zeroize" in declared.get((name, version), ())
        if can_wipe and "zeroize" not in features:
            yield f"{name} {version}: the feature `zeroize` is off"
    for name in ("aes", "aes-gcm", "ctr", "hmac", "polyval", "sha2"):
        if not any(other == name for other, _ in found):
            yield f"{name}: expected in the tree"


def self_test():
    base = {(name, "1"): {"zeroize"} for name in ("aes", "aes-gcm", "ctr", "hmac", "polyval", "sha2")}
    declared = {key: ["zeroize"] for key in base}
    assert not list(problems(base, declared))
    assert len(list(problems(base | {("hyper", "1"): set()}, declared))) == 1
    assert len(list(problems(base | {("aes", "1"): set()}, declared))) == 1
    assert len(list(problems({key: value for key, value in base.items() if key[0] != "ctr"}, declared))) == 1
    print("dependencies.py: it can fail")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    declared = {(package["name"], package["version"]): package["features"] for package in metadata()["packages"]}
    found = tree()
    wrong = list(problems(found, declared))
    for problem in wrong:
        print(problem)
    wiping = sorted(name for (name, version), features in found.items() if "zeroize" in features)
    print(f"{len(found)} crates in the default tree, no network; wiping is on in: {', '.join(wiping)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
