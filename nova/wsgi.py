"""What the web server loads."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from nova import environment
from nova.chunked import WithContentLength

# A request that waits longer than this on one statement has lost its reader already.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_MS", "2000")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())
application = WithContentLength(get_wsgi_application())
get_resolver().url_patterns  # noqa: B018 - imports every view now, or the first request would wait for it
