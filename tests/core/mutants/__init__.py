"""Seeded bugs, one line each, in the rules of failover: the tests have to find every one.

`python -m tests.core.mutants` puts each into a copy of the package, runs the failover tests against it and prints
which were killed; with names as arguments, only those. It fails if any survives. The test run itself only checks
that every line to be changed still stands where it was.
"""
