"""JSON text of Python values that comes back as the same value."""

from __future__ import annotations

import json
from typing import Any

from ._errors import Error


def to_text(value: Any) -> str:
    """The text of a value of JSON's types. What would come back as something else, such as a tuple, is refused."""
    same = None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        same = bool(json.loads(text) == value)
    except Exception:
        # It may show the value: it goes no further.
        pass
    if same is None:
        raise Error.of("invalid_json")
    if not same:
        raise Error.of("value_not_canonical", "only what JSON gives back as it was")
    return text
