"""Experiments: `run_*` functions that return frozen dataclasses of numbers and a few images."""
