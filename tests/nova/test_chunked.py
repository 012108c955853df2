"""Bodies sent in chunks, as the web server hands them over: a stream, and no length."""

import io
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from engagement.models import OutboxEvent
from nova.api import jwt
from nova.chunked import WithContentLength
from reels.models import Video
from tests.conftest import API


def post_in_chunks(path: str, body: bytes) -> str:
    """The status line of an answer."""
    lines: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {jwt.sign('ann', lifetime=60)}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    application = WithContentLength(WSGIHandler())
    list(application(environ, lambda status, headers: lines.append(status)))
    return lines[0]


def test_a_chunked_body_is_read(make_video: Callable[..., Video]) -> None:
    path = f"{API}/reels/{make_video().id}/share"
    assert post_in_chunks(path, b'{"destination": "pigeon"}').startswith("400")
    for _ in range(2):
        assert post_in_chunks(path, b'{"event_id": "s-1"}').startswith("200")
    assert OutboxEvent.objects.count() == 1


def test_a_chunked_body_has_the_same_limit(engines: None) -> None:
    body = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 2)
    assert post_in_chunks(f"{API}/reels/watch", body).startswith("413")
