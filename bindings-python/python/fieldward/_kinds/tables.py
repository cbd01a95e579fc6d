"""Tables of each library as named columns: replaced and added without touching the others."""

from __future__ import annotations

import json
from typing import Any

from .._errors import Error

_NOTE = "fieldward"


class Table:
    """A table of pyarrow, pandas or polars, seen as columns by name."""

    def __init__(self, table: Any) -> None:
        self._library = type(table).__module__.partition(".")[0]
        kinds = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": ("Table", "RecordBatch")}
        wanted = kinds.get(self._library, ())
        if type(table).__name__ not in ((wanted,) if isinstance(wanted, str) else wanted):
            raise Error.of("wrong_type", "a table: pandas.DataFrame, polars.DataFrame, pyarrow.Table or RecordBatch")
        self._table = table
        self.names: list[str] = list(table.schema.names if self._library == "pyarrow" else table.columns)
        if not all(isinstance(name, str) for name in self.names):
            raise Error.of("record_shape", "a column whose name is not a str")
        if len(set(self.names)) != len(self.names):
            raise Error.of("record_shape", "two columns of one name")

    def column(self, name: str) -> Any:
        """The column of this name."""
        return self._table[name]

    def values(self, name: str) -> list[Any]:
        """A column's values as Python objects; missing ones are `None`."""
        column = self._table[name]
        if self._library == "pandas":
            import pandas as pd

            missing = column.isna()
            objects = column.astype(object).where(~missing, None)
            return [value.to_pydatetime() if isinstance(value, pd.Timestamp) else value for value in objects]
        listed: list[Any] = column.to_pylist() if self._library == "pyarrow" else column.to_list()
        return listed

    def made(self, name: str, values: list[Any]) -> Any:
        """A column of other values in this one's place."""
        if self._library == "pandas":
            import pandas as pd

            return pd.Series(values, index=self._table.index, name=name).convert_dtypes()
        if self._library == "polars":
            import polars as pl

            return pl.Series(name, values)
        import pyarrow as pa

        return pa.array(values)

    def with_columns(self, columns: dict[str, Any], dropped: set[str], note: dict[str, str]) -> Any:
        """The table with columns in the places of those of their names, others after them, and some left out."""
        kept = [name for name in self.names if name not in dropped]
        order = kept + [name for name in columns if name not in kept]
        if self._library == "pandas":
            return self._pandas(order, columns, note)
        if self._library == "polars":
            import polars as pl

            return self._table.select(
                [pl.lit(columns[name]).alias(name) if name in columns else pl.col(name) for name in order]
            )
        return self._pyarrow(order, columns, note)

    def type_of(self, name: str) -> str:
        """What a column's type is called, so that it can be had again."""
        column = self._table[name]
        return str(column.type if self._library == "pyarrow" else column.dtype)

    def note(self) -> dict[str, str]:
        """What encryption noted of the types that columns had."""
        if self._library == "pandas":
            return dict(self._table.attrs.get(_NOTE, {}))
        if self._library == "pyarrow":
            raw = (self._table.schema.metadata or {}).get(_NOTE.encode())
            return {} if raw is None else dict(json.loads(raw))
        return {}

    def like(self, name: str, noted: str | None, given: Any) -> Any:
        """The type that a decrypted column is to have: given by name, or noted; `None` for the natural one."""
        if given is not None:
            return given
        if noted is None:
            return None
        if self._library == "pyarrow":
            return _arrow_type(noted)
        return noted

    def _pandas(self, order: list[str], columns: dict[str, Any], note: dict[str, str]) -> Any:
        made = self._table.copy(deep=False)
        made = made[[name for name in order if name in self.names]].copy(deep=False)
        for name, column in columns.items():
            made[name] = column
        made = made[order]
        made.attrs = {key: value for key, value in self._table.attrs.items() if key != _NOTE}
        if note:
            made.attrs[_NOTE] = note
        return made

    def _pyarrow(self, order: list[str], columns: dict[str, Any], note: dict[str, str]) -> Any:
        import pyarrow as pa

        def field(name: str) -> Any:
            if name in columns:
                return pa.field(name, columns[name].type)
            return self._table.schema.field(name)

        metadata = dict(self._table.schema.metadata or {})
        metadata.pop(_NOTE.encode(), None)
        if note:
            metadata[_NOTE.encode()] = json.dumps(note).encode()
        schema = pa.schema([field(name) for name in order], metadata=metadata or None)
        arrays = [columns.get(name, self._table[name] if name in self.names else None) for name in order]
        return type(self._table).from_arrays(arrays, schema=schema)


def _arrow_type(name: str) -> Any:
    """An Arrow type by what it is called; `None` for one that has to be given."""
    import re

    import pyarrow as pa

    moment = re.fullmatch(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]", name)
    if moment is not None:
        return pa.timestamp(moment[1], tz=moment[2])
    number = re.fullmatch(r"decimal(128|256)\((\d+), (-?\d+)\)", name)
    if number is not None:
        return (pa.decimal128 if number[1] == "128" else pa.decimal256)(int(number[2]), int(number[3]))
    try:
        return pa.type_for_alias({"double": "float64", "float": "float32"}.get(name, name))
    except ValueError:
        return None
