"""Ways to tell. One file a kind; the file name is the type; files that start with `_` are shared parts.

A kind is a module with `Config` (its options), `urls(config)` (the addresses it sends to, by option),
`compose(config, message, context) -> Outgoing` and a docstring that ends in a TOML example. `compose` is pure: the
same message at the same moment gives the same bytes. It sends nothing; `delivery` does, through its guard.
A kind whose alerts wake people and stay open until they are resolved says `PAGES = True`: it hears of every end.
One kind never imports another. What goes to the public never holds `message.evidence`.
"""
