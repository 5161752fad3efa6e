"""Evaluation: tasks, prompts, scorers and records."""
