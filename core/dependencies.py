"""Proves three things of the library's default tree: no network in it, no AWS-LC and no provider of a feature, and every crate that
can wipe secrets does. With the features of the other back ends it proves that AWS-LC comes, and nothing beyond it that the default
tree refuses.

usage: python3 dependencies.py [--self-test]
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# HTTP, TLS, SDKs, and the runtimes that come with them
NETWORK = {
    "async-std", "boring", "curl", "curl-sys", "h2", "h3", "http", "hyper", "hyper-util", "isahc", "mio", "native-tls",
    "openssl", "openssl-sys", "quinn", "reqwest", "ring", "rustls", "rustls-webpki", "schannel", "security-framework", "smol",
    "socket2", "surf", "tokio", "tokio-rustls", "tonic", "tungstenite", "ureq",
}
NETWORK_FAMILIES = ("aws-", "azure_", "google-cloud-")
# the other back ends, by feature: what comes with it, and what must stay out
BACKENDS = {"aws-lc": ({"aws-lc-rs", "aws-lc-sys"}, {"aws-lc-fips-sys"}), "fips": ({"aws-lc-rs", "aws-lc-fips-sys"}, {"aws-lc-sys"})}
# hardware modules: foreign code in the process
MODULES = {"cryptoki", "cryptoki-sys", "libloading", "pkcs11", "secrecy"}
# what the design needs; a name missing here means that the tree was not read
EXPECTED = ("aes", "aes-gcm", "ctr", "hmac", "polyval", "sha2")
# crates that declare `zeroize` and go without it: name -> reason
NOT_WIPING = {}


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def declared_features():
    packages = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked"))["packages"]
    return {(package["name"], package["version"]): set(package["features"]) for package in packages}


def parse(lines):
    """Each crate with every set of features that it is built with: one that wipes does not excuse one that does not."""
    found = {}
    for line in lines:
        package, _, features = line.partition("|")
        if package:
            name, version = package.split()[:2]
            features = frozenset(filter(None, features.removesuffix(" (*)").split(",")))
            found.setdefault((name, version.removeprefix("v")), set()).add(features)
    return found


def tree(*features):
    """What a program gets with `fieldward` and these features alone, on any platform."""
    return parse(run(
        "cargo", "tree", "--locked", "--package", "fieldward", "--edges", "normal", "--target", "all",
        "--prefix", "none", "--format", "{p}|{f}", "--features", ",".join(features),
    ).splitlines())


def problems(found, declared, exceptions, allowed=()):
    for (name, version), builds in sorted(found.items()):
        if name not in allowed and (name in NETWORK or name.startswith(NETWORK_FAMILIES)):
            yield f"{name} {version}: network, TLS, an SDK or AWS-LC where it must not be"
        if name in MODULES:
            yield f"{name} {version}: a provider in the default tree"
        can_wipe = "zeroize" in declared.get((name, version), ())
        wipes = all("zeroize" in features for features in builds)
        if can_wipe and not wipes and name not in exceptions:
            yield f"{name} {version}: the feature `zeroize` is off"
        if name in exceptions and (wipes or not can_wipe):
            yield f"{name} {version}: needs no exception"
    names = {name for name, _ in found}
    for name in sorted(set(EXPECTED) - names):
        yield f"{name}: expected in the tree"
    for name in sorted(set(exceptions) - names):
        yield f"{name}: an exception for a crate that is not in the tree"


def backend_problems(feature, found, declared, exceptions):
    """The tree with another back end: AWS-LC is there, the other AWS-LC is not, and all else is as in the default tree."""
    wanted, unwanted = BACKENDS[feature]
    names = {name for name, _ in found}
    for name in sorted(wanted - names):
        yield f"{feature}: {name}: expected in the tree"
    for name in sorted(unwanted & names):
        yield f"{feature}: {name}: not this one"
    for problem in problems(found, declared, exceptions, wanted | unwanted):
        yield f"{feature}: {problem}"


def self_test():
    lines = [f"{name} v1|zeroize" for name in EXPECTED]
    declared = {(name, "1"): {"zeroize"} for name in (*EXPECTED, "cmac")}
    for extra, exceptions, count in [
        ([], {}, 0),
        (["hyper v1|"], {}, 1),
        (["aws-lc-rs v1|"], {}, 1),
        (["cryptoki v0|"], {}, 1),
        (["cmac v1|alloc"], {}, 1),
        (["cmac v1|alloc"], {"cmac": "a reason"}, 0),
        (["cmac v1|zeroize"], {"cmac": "a reason"}, 1),
        (["aes v1|alloc (*)"], {}, 1),
        ([], {"cmac": "a reason"}, 1),
    ]:
        found = list(problems(parse(lines + extra), declared, exceptions))
        assert len(found) == count, (extra, exceptions, found)
    assert len(list(problems(parse(lines[1:]), declared, {}))) == 1
    for extra, count in [
        (["aws-lc-rs v1|", "aws-lc-sys v1|"], 0),
        (["aws-lc-rs v1|"], 1),
        (["aws-lc-rs v1|", "aws-lc-sys v1|", "aws-lc-fips-sys v1|"], 1),
        (["aws-lc-rs v1|", "aws-lc-sys v1|", "aws-config v1|"], 1),
    ]:
        found = list(backend_problems("aws-lc", parse(lines + extra), declared, {}))
        assert len(found) == count, (extra, found)
    print("dependencies.py: it can fail")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    found, declared = tree(), declared_features()
    wrong = list(problems(found, declared, NOT_WIPING))
    for feature in BACKENDS:
        wrong += backend_problems(feature, tree(feature), declared, NOT_WIPING)
    for problem in wrong:
        print(problem)
    for name, reason in sorted(NOT_WIPING.items()):
        print(f"{name}: does not wipe: {reason}")
    wiping = sorted(name for (name, _), builds in found.items() if any("zeroize" in features for features in builds))
    print(f"{len(found)} crates in the default tree, {len(wrong)} problems, {len(NOT_WIPING)} exceptions")
    print(f"wiping is on in: {', '.join(wiping)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
