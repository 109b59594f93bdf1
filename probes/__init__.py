"""Ways to look. One file a kind; the file name is the type; files that start with `_` are shared parts.

A kind is a module with `Config` (its options), `STAGES` (the stages a run can end in, in order),
`async def probe(config, context) -> Observation` and a docstring that ends in a TOML example. It may have
`problems(config, timeout)`: what its options say against the check's time limit.
A run opens fresh connections, ends by its own deadline, caps what it reads, ignores the proxy
environment, and never raises: a failing target is an Observation. One kind never imports another.
"""
