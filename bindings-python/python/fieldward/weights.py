"""Model weights: numpy arrays and safetensors files, encrypted in parts and restored bit for bit. No pickle anywhere.

    >>> import numpy as np
    >>> from fieldward import weights
    >>> with open("model.fw", "wb") as file:
    ...     weights.save(keyring, "readmission-v3", {"layer1": np.arange(3.0)}, file)
    >>> with open("model.fw", "rb") as file:
    ...     weights.load(keyring, "readmission-v3", file)
    {'layer1': array([0., 1., 2.])}

Each part of up to 8 MiB is a value of its own, bound to the model's name and its place: a part that is missing, swapped, repeated or of
another model is refused. All parts of an array are in memory at once. `save_file` and `load_file` take any file, such as a safetensors
file, as it is. A file is any object with `read` or `write`; reads and writes that do less than they were asked are gone on with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from ._errors import Error
from ._native import Field, Keyring, Schema

if TYPE_CHECKING:
    import numpy as np

__all__ = ["load", "load_file", "save", "save_file"]

PART = 8 * 1024 * 1024
"""Bytes of a part."""
_MAGIC = b"fieldward-parts-1\n"
_LONGEST = PART + 1024
_SCHEMA = Schema.from_dict(
    {
        "table": "fieldward.weights",
        "record_id": [{"path": "model", "type": "text"}, {"path": "part", "type": "i64"}],
        "fields": [{"id": "content", "type": "bytes", "mode": "randomized"}],
    }
)


def save(keyring: Keyring, model: str, arrays: Mapping[str, np.ndarray[Any, Any]], file: IO[bytes]) -> None:
    """Encrypts arrays by name. Any memory order is taken, and comes back in C order.

    Refused with `wrong_type`: arrays of objects, of records, with a mask, and of types that are not numpy's own, such as bfloat16: a
    safetensors file has those, and `save_file` takes it.

        >>> import io
        >>> file = io.BytesIO()
        >>> weights.save(keyring, "m", {"w": np.eye(2, dtype="f4")}, file)
    """
    import numpy as np

    described = []
    for name, array in arrays.items():
        if not isinstance(name, str):
            raise Error.of("wrong_type", "names of arrays are text")
        is_masked = isinstance(array, np.ma.MaskedArray)
        if not isinstance(array, np.ndarray) or is_masked or array.dtype.hasobject or array.dtype.kind == "V":
            raise Error.of("wrong_type", "numpy arrays of numbers, booleans, dates or text")
        described.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "bytes": array.nbytes})

    def body(array: np.ndarray[Any, Any]) -> memoryview:
        # Any: numpy's types have no buffer protocol before Python 3.12
        flat: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8) if array.size else b""
        return memoryview(flat)

    bodies = (body(array) for array in arrays.values())
    _write(keyring, model, {"arrays": described}, sum(_parts(item["bytes"]) for item in described), _cut(bodies), file)


def load(keyring: Keyring, model: str, file: IO[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    """Decrypts what `save` wrote: a `dict` of arrays by name.

    Errors: `not_an_envelope`, `envelope_truncated`, `envelope_too_long`, `authentication_failed` for another model's name, or parts that were
    changed, swapped or repeated.

        >>> import io
        >>> file = io.BytesIO()
        >>> weights.save(keyring, "m", {"w": np.eye(2, dtype="f4")}, file)
        >>> weights.load(keyring, "m", io.BytesIO(file.getvalue()))["w"].dtype
        dtype('float32')
    """
    import numpy as np

    header, parts = _read(keyring, model, file)
    if "arrays" not in header:
        raise Error.of("value_malformed", "a file, not arrays: use load_file")
    arrays = {}
    for item in header["arrays"]:
        raw = bytearray()
        for _ in range(_parts(item["bytes"])):
            raw += next(parts)
        if len(raw) != item["bytes"]:
            raise Error.of("value_malformed", "an array of another length")
        arrays[item["name"]] = np.frombuffer(raw, dtype=np.dtype(item["dtype"])).reshape(item["shape"])
    _ended(parts)
    return arrays


def save_file(keyring: Keyring, model: str, source: IO[bytes], file: IO[bytes]) -> None:
    """Encrypts a file from where it stands, part by part: 8 MiB in memory.

    `source` must be seekable, since the number of parts comes first, and stay as it is meanwhile: else `invalid_argument`, and what is in
    `file` then is no whole file, and refused as such.

        >>> import io
        >>> file = io.BytesIO()
        >>> weights.save_file(keyring, "m", io.BytesIO(b"of any format"), file)
    """
    try:
        start = source.tell()
        size = source.seek(0, 2) - start
        source.seek(start)
    except (AttributeError, OSError) as error:
        raise Error.of("invalid_argument", "a file that is seekable") from error

    def parts() -> Iterator[memoryview]:
        for at in range(0, size, PART):
            part = _read_up_to(source, min(PART, size - at))
            if len(part) != min(PART, size - at):
                raise Error.of("invalid_argument", "the file became shorter")
            yield memoryview(part)

    _write(keyring, model, {"size": size}, _parts(size), parts(), file)


def load_file(keyring: Keyring, model: str, file: IO[bytes], target: IO[bytes]) -> None:
    """Decrypts what `save_file` wrote, part by part. A refusal leaves the parts before it in `target`: use it only after this returns.

    Errors: those of `load`.

        >>> import io
        >>> file, target = io.BytesIO(), io.BytesIO()
        >>> weights.save_file(keyring, "m", io.BytesIO(b"of any format"), file)
        >>> weights.load_file(keyring, "m", io.BytesIO(file.getvalue()), target)
        >>> target.getvalue()
        b'of any format'
    """
    header, parts = _read(keyring, model, file)
    if "size" not in header:
        raise Error.of("value_malformed", "arrays, not a file: use load")
    written = sum(_write_all(target, part) for part in parts)
    if written != header["size"]:
        raise Error.of("value_malformed", "a file of another length")


def _parts(size: int) -> int:
    return math.ceil(size / PART)


def _cut(bodies: Iterator[memoryview]) -> Iterator[memoryview]:
    for body in bodies:
        for start in range(0, len(body), PART):
            yield body[start : start + PART]


def _field(keyring: Keyring) -> Field:
    return keyring.field(_SCHEMA, "content")


def _write(keyring: Keyring, model: str, header: dict[str, Any], count: int, parts: Iterator[memoryview], file: IO[bytes]) -> None:
    field = _field(keyring)
    _write_all(file, _MAGIC)
    described = json.dumps({**header, "parts": count}).encode()
    _put(file, field.encrypt(described, record_id=(model, 0)))
    for number, part in enumerate(parts, start=1):
        _put(file, field.encrypt(part, record_id=(model, number)))


def _put(file: IO[bytes], envelope: bytes) -> None:
    _write_all(file, len(envelope).to_bytes(4, "big"))
    _write_all(file, envelope)


def _write_all(file: IO[bytes], data: bytes) -> int:
    """All of it: an unbuffered file may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    return len(data)


def _read_up_to(file: IO[bytes], length: int) -> bytes:
    """So many bytes, fewer only at the end: an unbuffered file may give less at a time."""
    data = file.read(length)
    while len(data) < length and (more := file.read(length - len(data))):
        data += more
    return data


def _read(keyring: Keyring, model: str, file: IO[bytes]) -> tuple[dict[str, Any], Iterator[bytes]]:
    if _read_up_to(file, len(_MAGIC)) != _MAGIC:
        raise Error.of("not_an_envelope", "no file of parts")
    field = _field(keyring)
    header: dict[str, Any] = json.loads(_get(field, model, 0, file))

    def parts() -> Iterator[bytes]:
        for number in range(1, header["parts"] + 1):
            yield _get(field, model, number, file)
        if file.read(1):
            raise Error.of("envelope_too_long", "more than the parts")

    return header, parts()


def _get(field: Field, model: str, number: int, file: IO[bytes]) -> bytes:
    length = int.from_bytes(_read_up_to(file, 4), "big")
    if not 0 < length <= _LONGEST:
        raise Error.of("envelope_truncated", f"part {number}")
    envelope = _read_up_to(file, length)
    if len(envelope) != length:
        raise Error.of("envelope_truncated", f"part {number}")
    part: bytes = field.decrypt(envelope, record_id=(model, number))
    return part


def _ended(parts: Iterator[bytes]) -> None:
    if next(parts, None) is not None:
        raise Error.of("value_malformed", "more parts than the arrays have")
