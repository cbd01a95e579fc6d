"""Model weights: bit for bit, and nothing missing, swapped or foreign."""

from __future__ import annotations

import ast
import gzip
import io
import pickle
import tempfile
from pathlib import Path
from typing import IO, Any, cast

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
        "complex": random.random(4) + 1j,
        "days": np.array(["2020-02-29", "NaT"], dtype="M8[D]"),
        "text": np.array(["a", "ß"]),
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
    with pytest.raises(fw.EnvelopeError, match="use load"):
        weights.load_file(keyring, "m", io.BytesIO(whole), io.BytesIO())
    of_file = io.BytesIO()
    weights.save_file(keyring, "m", io.BytesIO(b"whole"), of_file)
    with pytest.raises(fw.EnvelopeError, match="use load_file"):
        weights.load(keyring, "m", io.BytesIO(of_file.getvalue()))


# Any: older numpy has no types for it
MASKED: Any = np.ma.masked_array


@pytest.mark.parametrize(
    "given",
    [
        {"x": np.array([object()])},
        {"x": np.array(["text"], dtype=object)},
        {"x": np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])},
        # what arrays of types beside numpy's own, such as bfloat16, look like from outside
        {"x": np.zeros(2, dtype="V2")},
        {"x": MASKED([1, 2], mask=[True, False])},
        {"x": [1.0, 2.0]},
        {("x", 1): np.zeros(2)},
    ],
    ids=["objects", "texts-as-objects", "records", "void", "masked", "list", "name"],
)
def test_arrays_that_would_not_come_back(keyring: fw.Keyring, given: Any) -> None:
    file = io.BytesIO()
    with pytest.raises(fw.WrongTypeError):
        weights.save(keyring, "m", given, file)
    assert file.getvalue() == b""


class Slow:
    """A file that has nothing but `read` and `write`, and does a little of either at a time."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)

    def read(self, length: int) -> bytes:
        part = bytes(self.content[: min(length, 100_000)])
        del self.content[: len(part)]
        return part

    def write(self, data: memoryview) -> int:
        self.content += data[:70_000]
        return min(len(data), 70_000)


def test_files_of_other_kinds(keyring: fw.Keyring, tmp_path: Path) -> None:
    slow: Any = Slow()
    weights.save(keyring, "m", arrays(), slow)
    back = weights.load(keyring, "m", slow)
    assert back["large"].tobytes() == arrays()["large"].tobytes()
    assert slow.content == b""

    content = np.random.default_rng(1).bytes(9_000_000)
    (tmp_path / "plain").write_bytes(content)
    with gzip.open(tmp_path / "sealed.gz", "wb", compresslevel=0) as packed, (tmp_path / "plain").open("rb", buffering=0) as source:
        source.seek(5)
        weights.save_file(keyring, "m", source, cast(IO[bytes], packed))
    with gzip.open(tmp_path / "sealed.gz", "rb") as packed, tempfile.SpooledTemporaryFile(1_000) as target:
        weights.load_file(keyring, "m", cast(IO[bytes], packed), target)
        target.seek(0)
        assert target.read() == content[5:]


def test_sources_that_do_not_do(keyring: fw.Keyring) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 10))[:0]

    for source in (Slow(b"content"), Shrinking(b"content")):
        with pytest.raises(fw.MisuseError) as refused:
            weights.save_file(keyring, "m", cast(IO[bytes], source), io.BytesIO())
        assert refused.value.code == "invalid_argument"


def test_no_pickle_anywhere(keyring: fw.Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("pickle")

    for name in ("dump", "dumps", "load", "loads", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    with pytest.raises(AssertionError, match="pickle"):
        np.save(io.BytesIO(), np.array([object()]), allow_pickle=True)
    whole = saved(keyring)
    assert list(weights.load(keyring, "m", io.BytesIO(whole))) == list(arrays())
    file = io.BytesIO()
    weights.save_file(keyring, "m", io.BytesIO(b"a model"), file)
    weights.load_file(keyring, "m", io.BytesIO(file.getvalue()), io.BytesIO())
    tree = ast.parse(Path(weights.__file__).read_text("utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"__future__", "json", "math", "collections.abc", "typing", "_errors", "_native", "numpy"}
