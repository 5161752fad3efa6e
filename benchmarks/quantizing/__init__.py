"""Quantizing: hubq's worker against a bare script of the same library and rows."""
