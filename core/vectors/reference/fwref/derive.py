"""core/spec/derive.md"""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .context import parts

LENGTHS = {"deterministic": 64}


def info(label, parameters=()):
    return parts([b"fieldward/1", label.encode(), *parameters])


def expand(key, label, parameters=()):
    length = LENGTHS.get(label, 32)
    return HKDFExpand(hashes.SHA256(), length, info(label, parameters)).derive(key)
