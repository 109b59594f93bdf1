"""The rules. Values in, values out: no I/O, no clock, no randomness.

`now` is an argument everywhere. State machines are tables: a missing row is an illegal move.
Detection decides whether something happened; the tables only say what it would mean.
Imports: value modules of the standard library and nothing else (import-linter enforces it).
"""
