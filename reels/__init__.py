"""The catalogue: what exists."""
