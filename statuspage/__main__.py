"""`python -m statuspage`."""

from statuspage.cli import main

main(prog_name="statuspage")
