"""Writes the first corpus of every fuzz target from the golden vectors.

usage: python3 seed.py [directory of the corpora]
"""

import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
VECTORS = HERE.parent / "core" / "vectors"
# which member of a vector's input feeds which target
FEEDS = {
    "envelope": ["envelope", "text"],
    "value": ["plaintext"],
    "schema": ["json", "toml", "schema", "text"],
    "keyring_document": ["document"],
    "context": ["tenant", "table", "field"],
}
AUDIT = (
    '{"v":1,"writer":"0123456789abcdef","seq":1,"time":1767225600,"epoch":1,"event":"key_rotated",'
    '"fields":{"key_id":"0badcafe","version":"2"},"prev":"' + "0" * 64 + '",'
    '"mac":"dbcae2a481f4979127ea5b2e587a16917cf013daf0f573184b2fb1e53ed77c8f"}'
)


def members(node):
    """Every (name, text) in a tree."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if isinstance(inner, str):
                yield name, inner
            else:
                yield from members(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from members(inner)


def content(text):
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode()


def main():
    corpora = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus"
    seeds = {target: set() for target in [*FEEDS, "audit"]}
    for path in sorted(VECTORS.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            for name, text in members(case):
                for target, feeds in FEEDS.items():
                    if name in feeds and len(text) < 65536:
                        data = content(text)
                        if target == "context":
                            data = bytes([3, 2, 1, 0, 2, 3, 0, 1]) + text.encode()
                        seeds[target].add(data)
    seeds["audit"] |= {AUDIT.encode(), (AUDIT + "\n" + AUDIT).encode(), AUDIT[:40].encode()}
    for target, contents in seeds.items():
        if not contents:
            sys.exit(f"no vector feeds {target}")
        directory = corpora / target
        directory.mkdir(parents=True, exist_ok=True)
        for data in contents:
            (directory / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        print(f"{target}: {len(contents)} seeds")


if __name__ == "__main__":
    main()
