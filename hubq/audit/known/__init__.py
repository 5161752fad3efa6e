"""What is known of packages: dated tables made from the packages' own releases.

The tables are JSON files in `tables/`, made by `python -m hubq.audit.known.making`; see
`docs/known-releases.md`. They are read when first asked for, and once.
"""
