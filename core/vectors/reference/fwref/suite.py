"""core/spec/suite.md"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from . import Refused


def xaes_key(key, prefix):
    """The SP 800-108 counter KDF with CMAC, as C2SP XAES-256-GCM sets its fields: counter of 2 bytes, label "X", no length."""
    kdf = KBKDFCMAC(
        algorithms.AES,
        mode=Mode.CounterMode,
        length=32,
        rlen=2,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=b"X\x00" + prefix,
    )
    return kdf.derive(key)


def xaes_seal(key, nonce, data, plaintext):
    return nonce + AESGCM(xaes_key(key, nonce[:12])).encrypt(nonce[12:], plaintext, data)


def xaes_open(key, data, sealed):
    if len(sealed) < 40:
        raise Refused("authentication_failed")
    try:
        return AESGCM(xaes_key(key, sealed[:12])).decrypt(sealed[12:24], sealed[24:], data)
    except InvalidTag:
        raise Refused("authentication_failed") from None


def siv_seal(key, data, plaintext):
    return AESSIV(key).encrypt(plaintext, [data])


def siv_open(key, data, sealed):
    if len(sealed) < 16:
        raise Refused("authentication_failed")
    try:
        return AESSIV(key).decrypt(sealed, [data])
    except InvalidTag:
        raise Refused("authentication_failed") from None
