"""A field, encrypted and read, with nothing but the package: what a wheel is tried with."""

from __future__ import annotations

import fieldward as fw


def main() -> None:
    config = fw.KeyringConfig(
        "clinic", providers={"primary": fw.LocalKeyProvider.generate()}, store=fw.MemoryStore(), no_pin="nothing is kept"
    )
    with config.create() as keyring:
        ssn = keyring.field(fw.Schema.patient(), "ssn")
        stored = ssn.encrypt("999-41-1234", record_id="p-7")
        assert ssn.decrypt(stored, record_id="p-7") == "999-41-1234"
        print(f"fieldward {fw.__version__}, {keyring.backend}: {len(stored)} bytes")


if __name__ == "__main__":
    main()
