"""The Hub: a port, and the only place that uses huggingface_hub."""
