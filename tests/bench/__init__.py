"""Benchmarks. They are run by hand, print what they measured, and assert nothing: a test run is no place for times.

Each module has `main(arguments)` that prints a table; what it returns is printed as JSON.
"""
