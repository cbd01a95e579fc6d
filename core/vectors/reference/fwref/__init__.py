"""A second implementation of everything that bytes depend on, small and slow, on the `cryptography` package.

It follows core/spec and shares no code with the core. It is for tests only: it wipes nothing and resists no timing attack.
"""


class Refused(Exception):
    """The input is refused, with the stable error code of core/spec/error.md."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code
