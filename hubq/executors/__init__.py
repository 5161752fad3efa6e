"""Executors: where and when the stages of a plan run."""
