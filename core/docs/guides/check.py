"""Runs the shell commands of a guide as they stand in it, from the top of the repository.

usage: python3 check.py GUIDE.md
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]


def commands(text):
    """Every block marked `sh`, in order: they are one script, so that later ones see what earlier ones set."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def main():
    guide = pathlib.Path(sys.argv[1])
    script = commands(guide.read_text())
    if not script:
        print(f"{guide}: no commands")
        return 1
    code = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT).returncode
    print(f"{guide.name}: {'the commands run' if code == 0 else 'a command failed'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
