"""hubq: release engineering for quantized models."""
