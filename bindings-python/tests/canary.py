"""Opens the keyring of a directory by a provider written in Python, uses it, closes it, and says which keys are in this process's memory:
while it is open, after it is closed, and when its handles and its configuration are gone too.

usage: canary.py DIRECTORY MASKED..., where MASKED is a key in hexadecimal, each byte XOR 0x55: a needle must not be in memory itself.
Prints three lines of `True` and `False`.
"""

import gc
import re
import sys
from pathlib import Path

import pyarrow as pa

import fieldward as fw
from conftest import MaskProvider, canary_schema, mask
from fieldward import columns

NEEDLES = [bytes.fromhex(masked) for masked in sys.argv[2:]]
# too little of a key to be one
STARTS = [mask(masked[:4]) for masked in NEEDLES]
PART = 1 << 20
# most of what is mapped was never written
NOTHING = bytes(PART + 31)


def holds(buffer: bytearray, length: int, start: bytes, masked: bytes) -> bool:
    at = buffer.find(start, 0, length)
    while at >= 0:
        if at + len(masked) <= length and all(byte ^ 0x55 == buffer[at + offset] for offset, byte in enumerate(masked)):
            return True
        at = buffer.find(start, at + 1, length)
    return False


def in_memory() -> list[bool]:
    found = [False] * len(NEEDLES)
    with open("/proc/self/maps") as maps:
        spans = [(int(start, 16), int(end, 16)) for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps.read(), re.M)]
    # one buffer, wiped after each part, so that no copy of what was read is found later
    buffer = bytearray(NOTHING)
    with open("/proc/self/mem", "rb", 0) as memory:
        for start, end in spans:
            for at in range(start, end, PART):
                try:
                    memory.seek(at)
                    # parts overlap by a key's length
                    read = memory.readinto(memoryview(buffer)[: min(PART + 31, end - at)])
                except (OSError, OverflowError, ValueError):
                    break
                if buffer == NOTHING:
                    continue
                for number, (first, masked) in enumerate(zip(STARTS, NEEDLES, strict=True)):
                    found[number] = found[number] or holds(buffer, read, first, masked)
                buffer[:] = NOTHING
    return found


root = Path(sys.argv[1])
config = fw.KeyringConfig(
    "clinic",
    providers={
        "python": MaskProvider(),
        "file": fw.LocalKeyProvider.from_file(root / "root.key"),
    },
    store=fw.FileStore(root / "keys"),
    pin=fw.FilePin(root / "pins"),
)
keyring = config.open()
handles = [keyring.field(canary_schema(), name) for name in ("random", "paired")]
for handle in handles:
    stored = [handle.encrypt(f"text {number}") for number in range(100)]
    assert handle.decrypt(stored[7]) == "text 7"
    sealed = columns.encrypt(handle, pa.array(["text"] * 40_000))
    assert len(columns.decrypt(handle, sealed)) == 40_000
    handle.index_values("text")
print(*in_memory())
keyring.close()
for handle in handles:
    try:
        handle.encrypt("text")
    except fw.MisuseError as error:
        assert error.code == "closed"
# Python wipes nothing that it frees: what the provider returned is there until its place is used again
used_again = [[bytes([0x55]) * length for _ in range(20_000)] for length in range(16, 64)]
print(*in_memory())
# handles lead to the configuration, and it to its providers, which could open the keyring again
del keyring, config, handles, handle
gc.collect()
print(*in_memory())
