"""People who go on asking whatever happens to the engines, and a record of every answer."""

import http.client
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

TIMEOUT = 10.0  # seconds: longer than any answer may take
PAUSE = 0.08  # between two requests of one person


class Answer(NamedTuple):
    """`began` is monotonic; status 0 when there was no answer."""

    what: str
    began: float
    seconds: float
    status: int
    cache: str
    retry_after: str


class Person(threading.Thread):
    """Asks for one kind of thing, again and again."""

    def __init__(self, port: int, tokens: Sequence[str], what: str, ask: Callable[["Person"], None]) -> None:
        super().__init__(daemon=True)
        self.port, self.what, self.ask = port, what, ask
        self.tokens = itertools.cycle(tokens)
        self.answers: list[Answer] = []
        self.random = random.Random(len(tokens))
        self._stopped = threading.Event()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

    def run(self) -> None:
        while not self._stopped.wait(PAUSE):
            self.ask(self)
        self._connection.close()

    def stop(self) -> None:
        self._stopped.set()

    def call(self, method: str, path: str, body: object = None, what: str = "") -> dict[str, Any]:
        """The JSON of the answer, which is recorded whatever it is."""
        began = time.monotonic()
        headers = {"Authorization": f"Bearer {next(self.tokens)}", "Content-Type": "application/json"}
        status, cache, retry_after, content = 0, "", "", b""
        try:
            self._connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
            answer = self._connection.getresponse()
            status, content = answer.status, answer.read()
            cache, retry_after = answer.getheader("X-Cache", ""), answer.getheader("Retry-After", "")
        except (OSError, http.client.HTTPException):
            self._connection.close()
        self.answers.append(Answer(what or self.what, began, time.monotonic() - began, status, cache, retry_after))
        return json.loads(content) if content else {}


class Crowd:
    """Some who read feeds, among them ever new people, some who like and some who watch."""

    def __init__(self, port: int, regulars: Sequence[str], strangers: Sequence[str], videos: Sequence[str]) -> None:
        def read(person: Person) -> None:
            person.call("GET", "/reels")

        def like(person: Person) -> None:
            person.call("POST", f"/reels/{person.random.choice(videos)}/like")

        def watch(person: Person) -> None:
            shown = person.call("GET", "/reels").get("data")
            body = {"completion_percent": 40, "event_id": f"{id(person)}-{len(person.answers)}"}
            if isinstance(shown, list) and shown:
                person.call("POST", f"/reels/{person.random.choice(shown)['id']}/watch", body, what="watch")

        def turn_pages(person: Person) -> None:
            page = person.call("GET", "/reels")
            for _ in range(2):
                if page.get("next_cursor"):
                    page = person.call("GET", f"/reels?cursor={page['next_cursor']}")

        self.people = [
            *(Person(port, regulars[number::4], "feed", read) for number in range(4)),
            *(Person(port, [each], "feed", turn_pages) for each in regulars[:2]),
            Person(port, strangers, "feed", read),
            Person(port, regulars, "like", like),
            Person(port, regulars, "feed", watch),
        ]

    def start(self) -> None:
        for each in self.people:
            each.start()

    def stop(self) -> None:
        for each in self.people:
            each.stop()
        for each in self.people:
            each.join(TIMEOUT + 5)

    def answers(self, what: str = "", *, since: float = 0.0, until: float = float("inf")) -> list[Answer]:
        """Those to requests that began in that time, in their order."""
        every = itertools.chain.from_iterable(list(each.answers) for each in self.people)
        found = (each for each in every if what in ("", each.what) and since <= each.began < until)
        return sorted(found, key=lambda each: each.began)


def slowest(answers: Iterable[Answer]) -> float:
    return max((each.seconds for each in answers), default=0.0)
