"""What the web server loads."""

import os

from django.core.wsgi import get_wsgi_application

from nova import environment

# A request that waits longer than this on one statement has lost its reader already.
os.environ.setdefault("DATABASE_STATEMENT_TIMEOUT_MS", "2000")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())
application = get_wsgi_application()
