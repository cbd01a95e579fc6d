"""Back ends: the wheel carries the fast one, both read and write the same, and what the build does not have is refused."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

import fieldward as fw
from conftest import field_of, schema_of
from fieldward import columns

SCHEMA = schema_of(field_of("bytes"))
# by the engine for short values, at its end, and past it, where AWS-LC takes over: alone past 256 bytes, in a column past 1,024
LENGTHS = [0, 11, 255, 256, 257, 1_023, 1_024, 1_025, 100_000]


def test_the_wheel_carries_both() -> None:
    found = fw.backends()
    assert list(found) == ["portable", "aws-lc"]
    assert found["portable"] == fw.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["aws-lc"]), "of AWS-LC, not of this package"


def test_the_fast_one_is_used(keyring: fw.Keyring) -> None:
    assert keyring.backend == "aws-lc"
    assert keyring.reading_as("ana", "care").backend == "aws-lc"


def test_each_reads_the_other(config: fw.KeyringConfig) -> None:
    config.create().close()
    with replace(config, backend="portable").open() as portable, replace(config, backend="aws-lc").open() as fast:
        assert (portable.backend, fast.backend) == ("portable", "aws-lc")
        fields = [keyring.field(SCHEMA, "x") for keyring in (portable, fast)]
        values = [bytes(length) for length in LENGTHS]
        for writer, reader in (fields, reversed(fields)):
            stored = [writer.encrypt(value) for value in values]
            assert [len(envelope) for envelope in stored] == [length + 46 for length in LENGTHS]
            assert [reader.decrypt(envelope) for envelope in stored] == values
            sealed = columns.encrypt(writer, pa.array(values, type=pa.binary()))
            assert columns.decrypt(reader, sealed).to_pylist() == values
            for envelope in stored:
                with pytest.raises(fw.AuthenticationError):
                    reader.decrypt(envelope[:-1] + bytes([envelope[-1] ^ 1]))


@pytest.mark.parametrize(("name", "code"), [("aws-lc-fips", "backend_unavailable"), ("openssl", "invalid_argument")])
def test_what_there_is_not(config: fw.KeyringConfig, name: Any, code: str) -> None:
    with pytest.raises(fw.MisuseError) as refused:
        replace(config, backend=name).create()
    assert refused.value.code == code


def test_it_is_part_of_the_configuration(on_disk: fw.KeyringConfig) -> None:
    with replace(on_disk, backend="portable").open() as keyring:
        assert pickle.loads(pickle.dumps(keyring)).backend == "portable"
