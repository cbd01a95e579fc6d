"""What a program would otherwise call, each with its keys in memory, on one value of 11 bytes. A peer that does not install is left out."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from turns import Group

VALUE = "999-41-1234"
PLAINTEXT = VALUE.encode()
PLACE = b"patients/ssn"

# the statement that `cryptography` wants for each value: it takes bytes, and asks for a nonce
SEAL = "nonce = urandom(12); sealed = nonce + gcm.encrypt(nonce, plaintext, place)"


def cryptography(values: dict[str, Group]) -> None:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV

    gcm, siv, fernet = AESGCM(os.urandom(32)), AESSIV(os.urandom(64)), Fernet(Fernet.generate_key())
    names = {"urandom": os.urandom, "gcm": gcm, "siv": siv, "fernet": fernet, "plaintext": PLAINTEXT, "place": PLACE}
    nonce = os.urandom(12)
    names |= {"stored": nonce + gcm.encrypt(nonce, PLAINTEXT, PLACE), "token": fernet.encrypt(PLAINTEXT)}
    names |= {"paired": siv.encrypt(PLAINTEXT, [PLACE])}
    values["encrypt"].add("encrypt: cryptography AESGCM, os.urandom", SEAL, names)
    values["encrypt"].add("what both ask the system for: os.urandom(12)", "urandom(12)", names)
    values["encrypt"].add("encrypt: cryptography Fernet", "fernet.encrypt(plaintext)", names)
    values["decrypt"].add("decrypt: cryptography AESGCM", "gcm.decrypt(stored[:12], stored[12:], place)", names)
    values["decrypt"].add("decrypt: cryptography Fernet", "fernet.decrypt(token)", names)
    values["deterministic"].add("encrypt deterministically: cryptography AESSIV", "siv.encrypt(plaintext, [place])", names)
    values["deterministic"].add("decrypt deterministically: cryptography AESSIV", "siv.decrypt(paired, [place])", names)


def tink(values: dict[str, Group]) -> None:
    import tink
    from tink import aead, daead

    aead.register()
    daead.register()
    sealer = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM).primitive(aead.Aead)
    pairs = tink.new_keyset_handle(daead.deterministic_aead_key_templates.AES256_SIV).primitive(daead.DeterministicAead)
    names = {"sealer": sealer, "pairs": pairs, "plaintext": PLAINTEXT, "place": PLACE, "stored": sealer.encrypt(PLAINTEXT, PLACE)}
    values["encrypt"].add("encrypt: tink AES256_GCM", "sealer.encrypt(plaintext, place)", names)
    values["decrypt"].add("decrypt: tink AES256_GCM", "sealer.decrypt(stored, place)", names)
    values["deterministic"].add(
        "encrypt deterministically: tink AES256_SIV", "pairs.encrypt_deterministically(plaintext, place)", names
    )


def asherah(values: dict[str, Group]) -> None:
    from asherah import SessionFactory

    options = {"Metastore": "memory", "KMS": "static", "StaticMasterKeyHex": os.urandom(32).hex()}
    session = SessionFactory({"ServiceName": "clinic", "ProductID": "patients", **options}).get_session("p-7")
    names = {"session": session, "plaintext": PLAINTEXT, "stored": session.encrypt_bytes(PLAINTEXT)}
    values["encrypt"].add("encrypt: asherah", "session.encrypt_bytes(plaintext)", names)
    values["decrypt"].add("decrypt: asherah", "session.decrypt_bytes(stored)", names)


def pymongocrypt(values: dict[str, Group]) -> None:
    import bson
    from pymongocrypt.options import MongoCryptOptions
    from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
    from pymongocrypt.synchronous.state_machine import MongoCryptCallback

    class Vault(MongoCryptCallback):  # type: ignore[misc]
        """A key vault of one key, in memory."""

        keys: list[bytes] = []

        def fetch_keys(self, filter: bytes) -> Iterator[bytes]:
            return iter(self.keys)

        def insert_data_key(self, key: Any) -> Any:
            self.keys.append(bytes(key))
            return bson.decode(bytes(key))["_id"]

        def bson_encode(self, document: Any) -> bytes:
            return bson.encode(document)

        def _none(self, *_: Any) -> None:
            raise NotImplementedError

        kms_request = collection_info = mark_command = close = _none

    encrypter = ExplicitEncrypter(Vault(), MongoCryptOptions({"local": {"key": os.urandom(96)}}))
    key = bytes(encrypter.create_data_key("local"))
    algorithm = "AEAD_AES_256_CBC_HMAC_SHA_512-"
    value = bson.encode({"v": VALUE})
    names = {"encrypter": encrypter, "key": key, "value": value, "random": algorithm + "Random", "pairs": algorithm + "Deterministic"}
    names["stored"] = encrypter.encrypt(value, names["random"], key_id=key)
    values["encrypt"].add("encrypt: pymongocrypt", "encrypter.encrypt(value, random, key_id=key)", names)
    values["decrypt"].add("decrypt: pymongocrypt", "encrypter.decrypt(stored)", names)
    values["deterministic"].add("encrypt deterministically: pymongocrypt", "encrypter.encrypt(value, pairs, key_id=key)", names)


def aws_encryption_sdk(values: dict[str, Group]) -> None:
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput
    from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
    from aws_encryption_sdk.identifiers import AlgorithmSuite

    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    wanted = CreateRawAesKeyringInput(
        key_namespace="clinic", key_name="key", wrapping_key=os.urandom(32), wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16
    )
    options: dict[str, Any] = {
        "keyring": AwsCryptographicMaterialProviders(config=MaterialProvidersConfig()).create_raw_aes_keyring(input=wanted),
    }
    # without the signature that its default suite makes for each message
    suite = {"algorithm": AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY, "encryption_context": {"place": "patients/ssn"}}
    names = {"client": client, "plaintext": PLAINTEXT, "options": options, "suite": suite}
    names["stored"], _ = client.encrypt(source=PLAINTEXT, **options, **suite)
    values["encrypt"].add("encrypt: aws-encryption-sdk, unsigned", "client.encrypt(source=plaintext, **options, **suite)", names)
    values["decrypt"].add("decrypt: aws-encryption-sdk, unsigned", "client.decrypt(source=stored, **options)", names)


def ironcore_alloy(values: dict[str, Group]) -> None:
    import ironcore_alloy as alloy

    def secret() -> Any:
        return alloy.StandaloneSecret(id=1, secret=alloy.Secret(os.urandom(64)))

    rotatable = {"ssn": alloy.RotatableSecret(secret(), None)}
    sdk = alloy.Standalone(alloy.StandaloneConfiguration(alloy.StandardSecrets(1, [secret()]), rotatable, {})).standard()
    metadata = alloy.AlloyMetadata.new_simple("clinic")
    loop = asyncio.new_event_loop()
    stored = loop.run_until_complete(sdk.encrypt({"ssn": PLAINTEXT}, metadata))

    # a loop entered for each value would be most of it
    async def encrypt() -> None:
        for _ in range(20):
            await sdk.encrypt({"ssn": PLAINTEXT}, metadata)

    async def decrypt() -> None:
        for _ in range(20):
            await sdk.decrypt(stored, metadata)

    values["encrypt"].add("encrypt: ironcore-alloy, standalone", lambda: loop.run_until_complete(encrypt()), values=20)
    values["decrypt"].add("decrypt: ironcore-alloy, standalone", lambda: loop.run_until_complete(decrypt()), values=20)


ALL: dict[str, Callable[[dict[str, Group]], None]] = {
    "cryptography": cryptography,
    "tink": tink,
    "asherah": asherah,
    "pymongocrypt": pymongocrypt,
    "aws-encryption-sdk": aws_encryption_sdk,
    "ironcore-alloy": ironcore_alloy,
}


def add(values: dict[str, Group]) -> list[str]:
    """Adds what is installed; the names of what is not."""
    missing = []
    for name, peer in ALL.items():
        try:
            importlib.import_module(name.replace("-", "_"))
        except ImportError:
            missing.append(name)
            continue
        peer(values)
    return missing


def column_loops(columns: Group, texts: list[str]) -> None:
    """The loop over a column that a program would otherwise write: a list of what is stored."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    gcm, fernet, urandom = AESGCM(os.urandom(32)), Fernet(Fernet.generate_key()), os.urandom

    def sealed() -> list[bytes]:
        stored = []
        for text in texts:
            nonce = urandom(12)
            stored.append(nonce + gcm.encrypt(nonce, text.encode(), PLACE))
        return stored

    def wrapped() -> list[bytes]:
        return [fernet.encrypt(text.encode()) for text in texts]

    stored, tokens = sealed(), wrapped()
    columns.add("encrypt: a loop over cryptography AESGCM", sealed, values=len(texts))
    columns.add("encrypt: a loop over cryptography Fernet", wrapped, values=len(texts))
    columns.add(
        "decrypt: a loop over cryptography AESGCM", lambda: [gcm.decrypt(one[:12], one[12:], PLACE).decode() for one in stored], values=len(texts)
    )
    columns.add("decrypt: a loop over cryptography Fernet", lambda: [fernet.decrypt(one).decode() for one in tokens], values=len(texts))
