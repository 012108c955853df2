"""Nova for an ASGI server, to compare: Django runs views like ours in threads there."""

from django.core.asgi import get_asgi_application

import nova.wsgi  # noqa: F401 - sets how long requests wait for engines

application = get_asgi_application()
