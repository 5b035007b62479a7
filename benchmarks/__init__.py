"""Kept measurements, each a ratio against a peer in the same run: `uv run python -m benchmarks.<name>`."""
