"""wrk: a load generator that costs little of the cores it shares with what it loads."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Each connection takes the next token with every request, so that many people ask in turn.
SCRIPT = """
local tokens = {{}}
for line in io.lines("{tokens}") do tokens[#tokens + 1] = "Bearer " .. line end
local at = 0
request = function()
    at = at % #tokens + 1
    return wrk.format("GET", nil, {{["Authorization"] = tokens[at], ["Accept"] = "application/json"}})
end
done = function(summary, latency, requests)
    io.write(string.format("FIGURES %f %f %f %d %d\\n", latency:percentile(50) / 1000, latency:percentile(95) / 1000,
        latency:percentile(99) / 1000, summary.requests, summary.errors.status + summary.errors.connect
        + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""
FIGURES = re.compile(r"FIGURES (\S+) (\S+) (\S+) (\d+) (\d+)")
PER_SECOND = re.compile(r"Requests/sec:\s+(\S+)")


class Load(NamedTuple):
    """Percentiles in ms."""

    p50: float
    p95: float
    p99: float
    per_second: float
    errors: int


def is_there() -> bool:
    return shutil.which("wrk") is not None


def load(url: str, tokens: Sequence[str], *, clients: int, seconds: int) -> Load:
    """Ask for `url` over so many connections for so long."""
    with tempfile.TemporaryDirectory(prefix="nova-wrk-") as folder:
        names = Path(folder) / "tokens"
        names.write_text("\n".join(tokens))
        script = Path(folder) / "load.lua"
        script.write_text(SCRIPT.format(tokens=names))
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figures, per_second = FIGURES.search(said), PER_SECOND.search(said)
    assert figures and per_second, said
    p50, p95, p99 = (float(each) for each in figures.groups()[:3])
    return Load(p50, p95, p99, float(per_second[1]), int(figures[5]))
