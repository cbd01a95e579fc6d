"""What a refusal must be: an error of the library's with its code and rows, and no data anywhere in it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fieldward as fw
from fieldward._native import ERROR_CODES

# Put together here, so that no source line in a traceback has them.
CANARY = "-".join(["canary", "7f3a9c"])
HUGE = int("918273645" * 4)
FORMS = (CANARY, CANARY.encode().hex(), str(HUGE), f"{HUGE:x}", "7f3a9c")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and all that it was raised from or while handling, shown or not."""
    seen: list[BaseException] = []
    while error is not None and not any(error is other for other in seen):
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def refused(call: Callable[[], Any], code: str, rows: tuple[int, ...] = ()) -> fw.Error:
    """Calls, and checks the refusal."""
    with pytest.raises(fw.Error) as caught:
        call()
    error = caught.value
    assert (error.code, error.rows) == (code, rows), error
    assert error.kind == ERROR_CODES[code][0]
    assert type(error) is not fw.Error
    for one in chain(error):
        shown = f"{one}\n{one!r}\n{one.args}\n{vars(one)}\n{''.join(traceback.format_exception(one))}"
        assert not any(form in shown for form in FORMS), type(one)
    return error
