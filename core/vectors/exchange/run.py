"""Has every language write its corpus and every language read all of them; then every reader must refuse what was tampered with.

usage: python3 run.py DIR LANGUAGE...
DIR is made anew. `PROGRAMS` says how a language's program is called, from the project's top.
"""

import copy
import json
import pathlib
import shlex
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = {
    "rust": "cargo run --quiet --locked --package fieldward-examples --bin exchange --",
    "python": "{python} bindings-python/examples/exchange.py",
    "node": "node bindings-node/examples/exchange.mjs",
    "swift": "bindings-swift/swift/exchange.sh",
    "kotlin": "bindings-swift/kotlin/exchange.sh",
}


class Wrong(Exception):
    """What was found wrong."""


def call(language, *arguments):
    # the newest environment that the tests of the Python package made
    python = max(TOP.glob("target/python/3.*/bin/python"), key=lambda path: int(path.parts[-3].split(".")[1]), default="python3")
    program = shlex.split(PROGRAMS[language].format(python=python))
    return subprocess.run([*program, *map(str, arguments)], cwd=TOP, capture_output=True, text=True)


def must(language, *arguments):
    done = call(language, *arguments)
    if done.returncode != 0:
        raise Wrong(f"{language} {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def other_letter(text, at):
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1:]


def one_bit(corpus):
    name = sorted(corpus["values"])[0]
    stored = corpus["values"][name]
    corpus["values"][name] = other_letter(stored, len(stored) // 2)


def two_swapped(corpus):
    values = corpus["values"]
    first, second = sorted(values)[:2]
    values[first], values[second] = values[second], values[first]


def one_missing(corpus):
    del corpus["values"][sorted(corpus["values"])[-1]]


def another_token(corpus):
    name = sorted(corpus["tokens"])[0]
    token = corpus["tokens"][name][0]
    corpus["tokens"][name][0] = other_letter(token, len(token) // 2)


def records_swapped(corpus):
    corpus["records"][0], corpus["records"][1] = corpus["records"][1], corpus["records"][0]


TAMPERING = (one_bit, two_swapped, one_missing, another_token, records_swapped)


def exchange(directory, languages):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for language in languages:
        must(language, "write", directory)
    for language in languages:
        must(language, "read", directory, *languages)
        print(f"{language} reads {', '.join(languages)}")
    for at, writer in enumerate(languages):
        path = directory / writer / "corpus.json"
        whole = json.loads(path.read_text())
        for reader_at, reader in enumerate(languages):
            # every reader meets every kind, where there are as many writers
            tamper = TAMPERING[(at + reader_at) % len(TAMPERING)]
            corpus = copy.deepcopy(whole)
            tamper(corpus)
            if corpus == whole:
                raise Wrong(f"{tamper.__name__} changes nothing")
            path.write_text(json.dumps(corpus))
            if call(reader, "read", directory, writer).returncode == 0:
                raise Wrong(f"{reader} takes what {writer} wrote and {tamper.__name__} changed")
        path.write_text(json.dumps(whole))
    for language in languages:
        must(language, "read", directory, *languages)
    print(f"{len(languages) ** 2} corpora read, {len(languages) ** 2} tampered ones refused")


def main():
    directory, *languages = sys.argv[1:] or [None]
    unknown = sorted(set(languages) - set(PROGRAMS))
    if not languages or unknown:
        sys.exit(__doc__ if not languages else f"run.py: no such language: {', '.join(unknown)}")
    try:
        exchange(pathlib.Path(directory).resolve(), languages)
    except Wrong as wrong:
        sys.exit(f"run.py: {wrong}")


if __name__ == "__main__":
    main()
