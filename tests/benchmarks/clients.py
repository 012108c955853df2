"""Clients that put load on a running Nova: one keep-alive connection each, as an app has."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

from tests.integration.running import Nova


class Client:
    """One person's connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = Message()  # of the last answer
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def authorize(self, token: str) -> None:
        """Be somebody else from here on."""
        self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a 2xx answer. Raises AssertionError for any other."""
        data = None if body is None else json.dumps(body)
        try:
            answer = self._send(method, path, data)
        except (BrokenPipeError, http.client.RemoteDisconnected):  # the server closes connections that idle
            self._connection.close()
            answer = self._send(method, path, data)
        content, self.headers = answer.read(), answer.headers
        assert 200 <= answer.status < 300, (answer.status, content[:300])
        return json.loads(content) if content else None

    def _send(self, method: str, path: str, data: str | None) -> http.client.HTTPResponse:
        self._connection.request(method, f"/api/v1{path}", data, self._headers)
        return self._connection.getresponse()


def latencies(calls: Iterator[Callable[[], object]], count: int) -> list[float]:
    """Milliseconds of `count` calls, one after the other."""
    taken = []
    for _ in range(count):
        call = next(calls)
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def side_by_side(work: Callable[[int], int], clients: int) -> float:
    """Run `work` in as many threads; returns units of work a second, all together."""
    done: list[int] = []
    threads = [threading.Thread(target=lambda number=number: done.append(work(number))) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == clients, "a client failed; its error stands above"
    return sum(done) / (time.perf_counter() - started)


def token_of(user_id: str) -> str:
    from nova.api import jwt

    return jwt.sign(user_id, lifetime=7200)


def feed_url(nova: Nova) -> str:
    return f"http://127.0.0.1:{nova.port}/api/v1/reels"
