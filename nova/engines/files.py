"""Files with secrets in them."""

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone: nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)
