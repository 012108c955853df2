"""Where a wheel keeps its files. Importing the package would run its own start-up code."""

from importlib.util import find_spec
from pathlib import Path


def folder(package: str) -> Path:
    """Raises RuntimeError, which says what to do, when the wheel is not installed."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise RuntimeError(f"{package} is not installed: run `make .venv`, or set the engine's URL.")
    return Path(found.origin).parent
