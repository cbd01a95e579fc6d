"""From Fernet to envelopes: a table is read mixed while it is moved, in small transactions, and searched at the end.

Before: a column of Fernet tokens under two keys, of which the older was rotated out with MultiFernet. After: envelopes bound to their rows, and an
index column that finds a value. The application reads through `FernetReader` from the first day on; the move can stop and go on at any row.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

import fieldward as fw
from fieldward.fernet import FernetReader

PEOPLE = {f"p-{number}": f"999-41-{number:04d}" for number in range(250)}


def before(database: sqlite3.Connection, old: Fernet, new: Fernet) -> None:
    """The table as the application left it: half of it under the older key."""
    database.execute("CREATE TABLE patients (patient_id TEXT PRIMARY KEY, ssn BLOB, ssn_exact BLOB)")
    for number, (patient, ssn) in enumerate(PEOPLE.items()):
        token = (old if number % 2 else new).encrypt(ssn.encode())
        database.execute("INSERT INTO patients (patient_id, ssn) VALUES (?, ?)", (patient, token))
    database.commit()


def rows(database: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    """Rows without an index value: what is not moved yet."""
    yield from database.execute("SELECT patient_id, ssn FROM patients WHERE ssn IS NOT NULL AND ssn_exact IS NULL ORDER BY patient_id").fetchall()


def move(database: sqlite3.Connection, reader: FernetReader, ssn: fw.Field, *, at_most: int) -> int:
    """Moves so many rows. A row that changed meanwhile is left for the next call."""
    moved = 0
    for patient, stored in list(rows(database))[:at_most]:
        envelope = reader.move(stored, record_id=patient)
        index = ssn.index_values(reader.decrypt(stored, record_id=patient))["ssn_exact"]
        done = database.execute(
            "UPDATE patients SET ssn = ?, ssn_exact = ? WHERE patient_id = ? AND ssn = ?", (envelope, index, patient, stored)
        )
        moved += done.rowcount
    database.commit()
    return moved


def find(database: sqlite3.Connection, ssn: fw.Field, value: str) -> list[str]:
    """The patients of a number, among the rows that were moved."""
    query = ssn.query("exact", value)
    marks = ", ".join("?" * len(query.tokens))
    found = database.execute(f"SELECT patient_id FROM patients WHERE {query.column} IN ({marks})", query.tokens)
    return [patient for (patient,) in found]


def main(folder: Path) -> list[int]:
    """How many rows each step moved."""
    config = fw.KeyringConfig(
        "clinic",
        providers={"primary": fw.LocalKeyProvider.create_file(folder / "root.key")},
        store=fw.FileStore(folder / "keys"),
        pin=fw.FilePin(folder / "pins"),
    )
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    database = sqlite3.connect(folder / "clinic.db")
    with config.create() as keyring:
        ssn = keyring.field(fw.Schema.patient(), "ssn")
        reader = FernetReader(ssn, MultiFernet([new, old]))
        before(database, old, new)
        steps = []
        while True:
            moved = move(database, reader, ssn, at_most=100)
            everything = dict(database.execute("SELECT patient_id, ssn FROM patients"))
            assert {patient: reader.decrypt(cell, record_id=patient) for patient, cell in everything.items()} == PEOPLE, "read mixed"
            if not moved:
                break
            steps.append(moved)
        # The reader, and with it the Fernet keys, can go now.
        assert all(ssn.decrypt(cell, record_id=patient) == PEOPLE[patient] for patient, cell in everything.items())
        assert find(database, ssn, "999 41 0007") == ["p-7"]
    database.close()
    return steps


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(f"rows moved, step by step: {main(Path(folder))}")
