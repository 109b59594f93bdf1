"""Game days: stand-in providers, faults to break them by, and the demo that puts them before the product.

The drill knows the product by its command line and HTTP only, as an operator does. Providers are real
servers in processes of their own; faults are real too: closed ports, swallowed bytes, stopped processes.
"""
