"""What tests of the catalogue need."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

Load = Callable[..., Path]


@pytest.fixture
def load(tmp_path: Path, engines: None) -> Load:
    def write(*records: dict[str, Any]) -> Path:
        path = tmp_path / "videos.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        call_command("import_catalogue", path, verbosity=0)
        return path

    return write
