"""`python -m hubq.cli` is the program `hubq`."""

from hubq.cli.main import main

main()
