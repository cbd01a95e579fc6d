#!/usr/bin/env python3
"""Reports the lines of code of each binding against the core's: no blank lines, comments or tests. Fails where a
layer has more than a third of the core's: rules and state belong in the core."""

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


def lines_of(path: Path) -> int:
    """The lines that hold code."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
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
    return sum(lines_of(path) for path in found if path.suffix in SUFFIXES and not TESTS.search(str(path.relative_to(ROOT))))


def main() -> int:
    counts = {layer: count(places) for layer, places in LAYERS.items()}
    core = counts["core"]
    failed = False
    for layer, lines in counts.items():
        print(f"{layer:24} {lines:7,}  {lines / core:5.0%}")
        if lines == 0:
            print(f"{layer}: no files: the places are wrong")
            failed = True
        elif layer != "core" and lines > core * MOST:
            print(f"{layer}: more than a third of the core's lines: what is no conversion belongs there")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
