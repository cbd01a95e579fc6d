"""Opens the keyring of a directory, and says whether its root key is in this process's memory: while it is open, and after.

usage: canary.py DIRECTORY MASKED, where MASKED is the key in hexadecimal, each byte XOR 0x55: the needle must not be in memory itself
"""

import gc
import re
import sys
from pathlib import Path

import fieldward as fw

MASKED = bytes.fromhex(sys.argv[2])


def holds(part: bytes) -> bool:
    at = part.find(MASKED[0] ^ 0x55)
    while at >= 0:
        if len(part) - at >= len(MASKED) and all(part[at + offset] ^ 0x55 == byte for offset, byte in enumerate(MASKED)):
            return True
        at = part.find(MASKED[0] ^ 0x55, at + 1)
    return False


def is_in_memory() -> bool:
    with open("/proc/self/maps") as maps:
        spans = [(int(start, 16), int(end, 16)) for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps.read(), re.M)]
    with open("/proc/self/mem", "rb", 0) as memory:
        for start, end in spans:
            for at in range(start, end, 1 << 20):
                try:
                    memory.seek(at)
                    # parts overlap by a key's length
                    if holds(memory.read(min((1 << 20) + 31, end - at))):
                        return True
                except (OSError, OverflowError, ValueError):
                    break
    return False


root = Path(sys.argv[1])
config = fw.KeyringConfig(
    "clinic",
    providers={"primary": fw.LocalKeyProvider.from_file(root / "root.key")},
    store=fw.FileStore(root / "keys"),
    pin=fw.FilePin(root / "pins"),
)
keyring = config.open()
print(is_in_memory())
keyring.close()
del keyring, config
gc.collect()
print(is_in_memory())
