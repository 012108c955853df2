"""What an embedded engine is: a process, and the variables that tell everybody else where it is."""

from dataclasses import dataclass

from nova.engines.process import Process


@dataclass(frozen=True)
class Engine:
    process: Process
    variables: dict[str, str]

    @property
    def name(self) -> str:
        return self.process.name
