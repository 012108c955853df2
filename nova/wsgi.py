"""What the web server loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from nova import environment, remembered
from nova.chunked import WithContentLength
from nova.clients import tasks
from nova.database import giving_back

# A request that waits longer than this for one engine has lost its reader already.
PATIENCE_MS = {
    "DATABASE_STATEMENT_TIMEOUT_MS": "700",  # the server gives up first, and the connection lives
    "DATABASE_ANSWER_TIMEOUT_MS": "800",
    "DATABASE_POOL_TIMEOUT_MS": "500",
    "REDIS_ANSWER_TIMEOUT_MS": "250",
    "CLICKHOUSE_ANSWER_TIMEOUT_MS": "500",
    "ENGINE_CONNECT_TIMEOUT_MS": "250",
}
for name, value in PATIENCE_MS.items():
    os.environ.setdefault(name, value)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())
application = WithContentLength(get_wsgi_application())
tasks.prepare()
giving_back.prepare()
remembered.in_background = True
get_resolver().url_patterns  # noqa: B018 - imports every view now, or the first request would wait for it
gc.collect()
gc.freeze()  # what was imported stays: looking through it for garbage would hold up a request by 80 ms now and then
