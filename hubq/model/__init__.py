"""The values of hubq: frozen msgspec Structs, and how they are read and written."""
