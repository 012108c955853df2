"""`python -m nova.web`: the web server, granian, whose options it takes.

granian forks its workers and has each import the application. Here it is imported before they are forked, once, so
that they share its memory and a new one is there in milliseconds.
"""

import importlib
import multiprocessing
import sys

from granian.cli import cli

# docs/performance.md has how the server was chosen, and how many threads.
OPTIONS = [
    "--interface", "wsgi", "--blocking-threads", "3", "--backlog", "2048", "--respawn-failed-workers",
    "--workers-kill-timeout", "5", "--no-ws", "--log-level", "warning",
]  # fmt: skip


def main(application: str = "nova.wsgi:application") -> None:
    importlib.import_module(application.partition(":")[0])
    multiprocessing.set_start_method("fork")  # what newer Pythons choose by themselves shares nothing
    cli([application, *OPTIONS, *sys.argv[1:]], auto_envvar_prefix="GRANIAN")


if __name__ == "__main__":
    main()
