"""Holds the specification against the tests: every rule with MUST names tests, and every named test exists.

usage: python3 check.py [--self-test]
"""

import pathlib
import re
import sys

SPEC = pathlib.Path(__file__).resolve().parent
CORE = SPEC.parent
WITHOUT_LIMITS = {"README.md", "threat_model.md", "error.md"}
NAME = re.compile(r"\[([a-z0-9_]+(?:::[a-z0-9_]+)+)\]")
# A function that runs as a test; a helper of the same name is none.
RUST_TEST = re.compile(r"#\[test\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z]+\))?\s+)?fn ([a-z0-9_]+)\s*\(")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|(?<=\])\s+(?=[A-Z])|(?<=\]`)\s+(?=[A-Z])")


def paragraphs(text):
    """Paragraphs and list items, each as one line, with the number of its first line."""
    current, start = [], 1
    for number, line in enumerate(text.splitlines(), 1):
        begins_item = re.match(r"\s*(?:[-*]|\d+\.)\s", line)
        if not line.strip() or begins_item or line.startswith(("#", "|")):
            if current:
                yield start, " ".join(current)
            current = []
        if line.strip():
            if not current:
                start = number
            current.append(line.strip())
    if current:
        yield start, " ".join(current)


def rules(paragraph):
    """Each sentence with MUST, together with what follows it up to the next such sentence."""
    found = []
    for sentence in SENTENCE.split(paragraph):
        if re.search(r"\bMUST\b", sentence):
            found.append(sentence)
        elif found:
            found[-1] += " " + sentence
    return found


def files_of(name, core):
    """Where a test of this name may stand: a unit test by its modules, an integration test by its file."""
    parts = name.split("::")[:-1]
    if "tests" in parts:
        rooms = parts[: parts.index("tests")]
        base = core / "src" / "/".join(rooms)
        return [base.with_suffix(".rs"), base / "tests.rs"]
    base = core / "tests" / "/".join(parts)
    found = [base.with_suffix(".rs")]
    if len(parts) == 1 and "golden" in parts:
        found.append(core / "src" / "golden.rs")
    return found


def exists(name, core):
    test = name.split("::")[-1]
    return any(path.is_file() and test in RUST_TEST.findall(path.read_text()) for path in files_of(name, core))


def problems(page, text, core):
    for number, paragraph in paragraphs(text):
        for rule in rules(paragraph):
            if not NAME.search(rule):
                yield f"{page}:{number}: a rule without a test: {rule[:60]}"
        for name in NAME.findall(paragraph):
            if not exists(name, core):
                yield f"{page}:{number}: no test {name}"
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    if page not in WITHOUT_LIMITS and (not headings or headings[0] != "Limits"):
        yield f"{page}: the first section is not Limits"


def self_test():
    here = CORE
    page = "# X\n\n## Limits\n\n- It MUST hold. [golden::every_vector]\n"
    for text, count in [
        (page.replace("[golden::every_vector]", ""), 1),
        (page.replace("every_vector", "no_such_test"), 1),
        (page.replace("every_vector", "text"), 1),
        (page.replace("It MUST", "It MUST be. It MUST"), 1),
        (page.replace("It MUST hold.", "It MUST hold. That is all."), 0),
        (page.replace("Limits", "Other"), 1),
        ("# X\n\n## Limits\n\nOne MUST.\n\nTwo MUST `[a::tests::b]`.\n", 2),
    ]:
        found = list(problems("x.md", text, here))
        assert len(found) == count, (text, found)
    print("check.py: it can fail")


def main():
    if "--self-test" in sys.argv:
        return self_test()
    wrong, musts = [], 0
    for path in sorted(SPEC.glob("*.md")):
        text = path.read_text()
        musts += len(re.findall(r"\bMUST\b", text))
        wrong += problems(path.name, text, CORE)
    for problem in wrong:
        print(problem)
    print(f"{musts} rules, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
