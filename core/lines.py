#!/usr/bin/env python3
"""Reports the lines of code of each binding against the core's: no blank lines, comments or tests. Fails where a
layer has more than a third of the core's: rules and state belong in the core.

usage: python3 lines.py [--self-test]
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 1 / 3
LAYERS = {
    "core": ["core/src"],
    "Python: Rust": ["bindings-python/src"],
    "Python: Python": ["bindings-python/python/fieldward"],
    "Node: Rust": ["bindings-node/src"],
    "Node: JavaScript": ["bindings-node/lib", "bindings-node/adapters", "bindings-node/index.mjs", "bindings-node/index.js"],
    "Swift and Kotlin: Rust": ["bindings-swift/src"],
    "Swift": ["bindings-swift/swift/Sources"],
    "Kotlin": ["bindings-swift/kotlin/src/main"],
}
SUFFIXES = {".rs", ".py", ".js", ".mjs", ".swift", ".kt"}
TESTS = re.compile(r"(^|/)(tests?|golden|fuzzing)(/|\.rs$)")


def lines_of(suffix: str, text: str) -> int:
    """The lines that hold code."""
    if suffix == ".py":
        return python_lines(text)
    # the tail of a file that is tests
    text = re.split(r"^#\[cfg\(test\)\]\nmod \w+ \{", text, maxsplit=1, flags=re.MULTILINE)[0]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    stripped = (line.strip() for line in text.splitlines())
    return sum(1 for line in stripped if line and not line.startswith("//"))


def python_lines(text: str) -> int:
    """As for the others; a string that is a statement is a comment."""
    held: set[int] = set()
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
    starts = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in skipped:
            starts = starts or token.type == tokenize.NEWLINE
            continue
        if not (starts and token.type == tokenize.STRING):
            held.update(range(token.start[0], token.end[0] + 1))
        starts = False
    return len(held)


def count(places: list[str]) -> int:
    found = (path for place in places for path in ((ROOT / place).rglob("*") if (ROOT / place).is_dir() else [ROOT / place]))
    return sum(lines_of(path.suffix, path.read_text("utf-8")) for path in found if path.suffix in SUFFIXES and not TESTS.search(str(path.relative_to(ROOT))))


def problems(counts: dict[str, int]) -> list[str]:
    """What is wrong with these layers."""
    found = [f"{layer}: no files: the places are wrong" for layer, lines in counts.items() if lines == 0]
    most = counts["core"] * MOST
    large = [layer for layer, lines in counts.items() if layer != "core" and lines > most]
    return found + [f"{layer}: more than a third of the core's lines: what is no conversion belongs there" for layer in large]


def self_test() -> int:
    """Shows that it counts what it says, and can fail."""
    for suffix, text, lines in [
        (".rs", "//! A room.\n\nfn one() { // said\n    /* left\n    out */\n}\n\n#[cfg(test)]\nmod tests {\n    fn two() {}\n}\n", 2),
        (".swift", "/// One.\nlet one = 1\n", 1),
        (".py", '"""A room.\n\nLines.\n"""\n# said\n\nONE = """\ntwo\n"""\n\ndef one():\n    """Gives one."""\n    return 1\n', 5),
    ]:
        assert lines_of(suffix, text) == lines, (suffix, lines_of(suffix, text))
    for counts, wrong in [({"core": 90, "Node": 30}, 0), ({"core": 90, "Node": 31}, 1), ({"core": 90, "Node": 0}, 1)]:
        assert len(problems(counts)) == wrong, counts
    assert TESTS.search("core/src/audit/tests.rs") and TESTS.search("core/src/golden/schema.rs") and not TESTS.search("core/src/audit.rs")
    print("lines.py: it can fail")
    return 0


def main() -> int:
    if "--self-test" in sys.argv:
        return self_test()
    counts = {layer: count(places) for layer, places in LAYERS.items()}
    for layer, lines in counts.items():
        print(f"{layer:24} {lines:7,}  {lines / counts['core']:5.0%}")
    wrong = problems(counts)
    for problem in wrong:
        print(problem)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
