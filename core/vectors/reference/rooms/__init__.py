"""The inputs of the rooms that stand on the byte-producing ones. Each has `cases()`: (id, operation, input) or, where the
reference derives nothing, (id, operation, input, expectation)."""
