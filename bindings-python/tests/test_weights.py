"""Model weights: bit for bit, and nothing missing, swapped or foreign."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import fieldward as fw
from fieldward import weights


def arrays() -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(7)
    return {
        "large": random.random((1_500, 800)),
        "half": random.random((3, 4)).astype(np.float16),
        "fortran": np.asfortranarray(random.random((5, 6))),
        "strided": random.random(10)[::3],
        "nan": np.array([np.nan, -0.0, np.inf]),
        "empty": np.empty((0, 3), dtype=np.float32),
        "one": np.array(7, dtype=">i4"),
        "truth": np.array([True, False]),
    }


def saved(keyring: fw.Keyring, model: str = "m") -> bytes:
    file = io.BytesIO()
    weights.save(keyring, model, arrays(), file)
    return file.getvalue()


def test_arrays_come_back_bit_for_bit(keyring: fw.Keyring) -> None:
    back = weights.load(keyring, "m", io.BytesIO(saved(keyring)))
    assert list(back) == list(arrays())
    for name, array in arrays().items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert back[name].tobytes() == array.tobytes()


def test_safetensors_files(keyring: fw.Keyring, tmp_path: Path) -> None:
    plain, sealed, back = tmp_path / "a.safetensors", tmp_path / "a.fw", tmp_path / "b.safetensors"
    given = {"w": np.arange(3_000_000, dtype=np.float32)}
    save_file(given, plain)
    with plain.open("rb") as source, sealed.open("wb") as file:
        weights.save_file(keyring, "m", source, file)
    with sealed.open("rb") as file, back.open("wb") as target:
        weights.load_file(keyring, "m", file, target)
    assert back.read_bytes() == plain.read_bytes()
    np.testing.assert_array_equal(load_file(back)["w"], given["w"])


def parts_of(file: bytes) -> list[bytes]:
    start, parts = len(b"fieldward-parts-1\n"), []
    while start < len(file):
        length = int.from_bytes(file[start : start + 4], "big")
        parts.append(file[start : start + 4 + length])
        start += 4 + length
    return parts


def test_what_is_refused(keyring: fw.Keyring) -> None:
    whole = saved(keyring)
    magic, parts = whole[: len(b"fieldward-parts-1\n")], parts_of(whole)
    assert len(parts) > 4
    cases = [
        (b"other" + whole, "m", "not_an_envelope"),
        (whole[:-1], "m", "envelope_truncated"),
        (magic, "m", "envelope_truncated"),
        (magic + b"".join(parts[:-1]), "m", "envelope_truncated"),
        (magic + b"".join([parts[0], parts[2], parts[1], *parts[3:]]), "m", "authentication_failed"),
        (magic + b"".join([parts[0], parts[1], *parts[1:]]), "m", "authentication_failed"),
        (magic + b"".join([parts_of(saved(keyring))[0], *parts[1:]]), "other", "authentication_failed"),
        (whole, "other", "authentication_failed"),
        (whole + b"x", "m", "envelope_too_long"),
    ]
    for file, model, code in cases:
        with pytest.raises(fw.Error) as refused:
            weights.load(keyring, model, io.BytesIO(file))
        assert refused.value.code == code
    with pytest.raises(fw.InputError):
        weights.save(keyring, "m", {"o": np.array([object()])}, io.BytesIO())
    with pytest.raises(fw.EnvelopeError):
        weights.load_file(keyring, "m", io.BytesIO(whole), io.BytesIO())
