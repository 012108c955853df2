"""`python -m nova.engines.daemon`: the embedded engines alone, in the background (`manage.py engines start`)."""

import os
import signal
import sys
import time
from types import FrameType

from nova import environment
from nova.engines import development, lock
from nova.engines.supervisor import StartError, Supervisor

READY = "ready"
NOTE = "manage.py engines start"


class Stopped(Exception):  # noqa: N818 - no error: somebody asked
    """SIGTERM, SIGINT or SIGHUP arrived."""


def stop_on_signals() -> None:
    """Turn the signals that end a process into Stopped, so that what was started is also stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # once is enough: do not interrupt the stopping
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - goes to var/log/engines.log


def main() -> int:
    var = environment.var_dir()
    try:
        held = lock.acquire(var / "engines.lock", f"{os.getpid()} {NOTE}")
    except lock.AlreadyHeldError as error:
        say(f"The engines of {var} are already running (process {error.note}).")
        return 1
    supervisor = Supervisor(var / "log", say)
    stop_on_signals()
    try:
        development.start(var, supervisor)
        print(READY, flush=True)  # noqa: T201 - what `engines start` waits for
        while True:
            time.sleep(0.25)
            supervisor.tend()
    except Stopped:
        return 0
    except (StartError, development.postgres.MissingToolError) as error:
        say(str(error))
        return 1
    finally:
        supervisor.stop()
        held.close()


if __name__ == "__main__":
    sys.exit(main())
