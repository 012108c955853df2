"""Production. `dev.py` and `test.py` only relax what stands here.

Every value comes from the environment; secrets may also come from a file named in `NAME_FILE`. A missing value never
stops the import: `nova.checks` reports each one with an id and a hint.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from psycopg.conninfo import conninfo_to_dict

from nova.logging import add_request_id

BASE_DIR = Path(__file__).resolve().parents[2]
env = environ.FileAwareEnv()

APP_ENV = env.str("APP_ENV", "production")
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY", "")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

ROOT_URLCONF = "nova.urls"
WSGI_APPLICATION = "nova.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "nova",
    "reels",
    "engagement",
    "trending",
    "ranking",
]

MIDDLEWARE = [
    "nova.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# The API knows tokens, not sessions: in the web server (nova.wsgi) it does without the layers that only pages need.
API_MIDDLEWARE = [
    "nova.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# What answers in place of a view that is asked most, before Django makes a request of it, and leaves the rest to it.
API_SHORTCUTS = ["ranking.feed_hits.FeedHits"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq address: `postgresql://user:password@host:port/name?sslmode=require`."""
    given = conninfo_to_dict(url)
    return {
        "ENGINE": "nova.database",
        "NAME": given.pop("dbname", ""),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        # After PostgreSQL was restarted, every connection that lies ready in the pool is dead: one failed request each.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,  # the pool's own threads wait for that, not requests
            "options": f"-c statement_timeout={DATABASE_STATEMENT_TIMEOUT_MS} -c lock_timeout=10000",
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", 8),
                "timeout": DATABASE_POOL_TIMEOUT_MS / 1000,
                # The pause between attempts doubles until this: with the usual five minutes, PostgreSQL could be back
                # for two of them before anybody looked.
                "reconnect_timeout": 4,
            },
            **given,
        },
    }


# How long to wait for engines. Defaults suit workers, consumers and commands; nova.wsgi sets what requests can bear.
ENGINE_CONNECT_TIMEOUT_MS = env.int("ENGINE_CONNECT_TIMEOUT_MS", 2000)  # Redis and ClickHouse
REDIS_ANSWER_TIMEOUT_MS = env.int("REDIS_ANSWER_TIMEOUT_MS", 2000)
CLICKHOUSE_ANSWER_TIMEOUT_MS = env.int("CLICKHOUSE_ANSWER_TIMEOUT_MS", 10_000)  # of queries that name no timeout
# 0 is no limit, which bulk loads and migrations need. The first is kept by PostgreSQL, the second by us, for one that
# is there and says nothing.
DATABASE_STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", 0)
DATABASE_ANSWER_TIMEOUT_MS = env.int("DATABASE_ANSWER_TIMEOUT_MS", 0)
DATABASE_POOL_TIMEOUT_MS = env.int("DATABASE_POOL_TIMEOUT_MS", 1000)  # for a connection to become free
DATABASE_URL = env.str("DATABASE_URL", "")
DATABASES = {"default": database(DATABASE_URL)}

REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "nova.clients.redis.plain_key",
        "OPTIONS": {
            "CLIENT_CLASS": "django_redis.client.DefaultClient",
            "REDIS_CLIENT_CLASS": "nova.clients.redis_guarded.GuardedRedis",
            "SOCKET_CONNECT_TIMEOUT": ENGINE_CONNECT_TIMEOUT_MS / 1000,
            "SOCKET_TIMEOUT": REDIS_ANSWER_TIMEOUT_MS / 1000,
            "CONNECTION_POOL_KWARGS": {"max_connections": 64},
        },
    }
}

CLICKHOUSE_URL = env.str("CLICKHOUSE_URL", "")
CLICKHOUSE_DATABASE = env.str("CLICKHOUSE_DATABASE", "") or urlsplit(CLICKHOUSE_URL).path.strip("/") or "nova"

# Without brokers the outbox is delivered to ClickHouse directly.
KAFKA_BROKERS = env.str("KAFKA_BROKERS", "")
KAFKA_EVENTS_TOPIC = env.str("KAFKA_EVENTS_TOPIC", "engagement-events")
KAFKA_CDC_TOPIC = env.str("KAFKA_CDC_TOPIC", "cdc.posts")
KAFKA_SECURITY_PROTOCOL = env.str("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
KAFKA_SASL_MECHANISM = env.str("KAFKA_SASL_MECHANISM", "PLAIN")
KAFKA_SASL_USERNAME = env.str("KAFKA_SASL_USERNAME", "")
KAFKA_SASL_PASSWORD = env.str("KAFKA_SASL_PASSWORD", "")

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "engagement.tasks.*": {"queue": "events"},
    "ranking.tasks.index_videos": {"queue": "events"},
    "ranking.tasks.build_ahead": {"queue": "feeds"},
    "ranking.tasks.warm_feeds": {"queue": "feeds"},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "visibility_timeout": 3600,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A tick that was not run before the next one is due is worth nothing: it expires, and queues stay short.
CELERY_BEAT_SCHEDULE = {
    "deliver-outbox": {"task": "engagement.tasks.deliver_outbox", "schedule": 1.0, "options": {"expires": 5}},
    "repair-redis": {"task": "engagement.tasks.repair_redis", "schedule": 1.0, "options": {"expires": 5}},
    "build-ahead": {"task": "ranking.tasks.build_ahead", "schedule": 1.0, "options": {"expires": 5}},
    "index-videos": {"task": "ranking.tasks.index_videos", "schedule": 1.0, "options": {"expires": 5}},
    "index-popular": {"task": "ranking.tasks.index_popular", "schedule": 3600.0, "options": {"expires": 3000}},
    "refresh-signals": {
        "task": "ranking.tasks.refresh_signals",
        "schedule": 30.0,
        "options": {"expires": 25},
    },
    "refresh-trending": {
        "task": "trending.tasks.refresh_trending",
        "schedule": 300.0,
        "options": {"expires": 240},
    },
    "sweep-erasures": {
        "task": "engagement.tasks.sweep_erasures",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "prune-receipts": {
        "task": "engagement.tasks.prune_receipts",
        "schedule": 3600.0,
        "options": {"expires": 3000},
    },
}

JWT_PUBLIC_KEY_FILES = env.list("JWT_PUBLIC_KEY_FILES", default=[])
JWT_JWKS = env.str("JWT_JWKS", "")
JWT_ISSUER = env.str("JWT_ISSUER", "")
JWT_AUDIENCE = env.str("JWT_AUDIENCE", "")
JWT_PRIVATE_KEY_FILE = env.str("JWT_PRIVATE_KEY_FILE", "")  # signs development tokens; never set in production

# Keys the hashes that are kept of erased people: with another key they would be strangers again. Never rotate it.
PERSON_HASH_KEY = env.str("PERSON_HASH_KEY", "")

FEED_LIFETIME_SECONDS = env.int("FEED_LIFETIME_SECONDS", 3600)
# For how long after they were last here people's feeds are built again before they expire; 0: never.
FEED_AHEAD_SECONDS = env.int("FEED_AHEAD_SECONDS", 24 * 3600)

RATE_LIMIT_PER_MINUTE = env.int("RATE_LIMIT_PER_MINUTE", 100)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["nova.api.jwt.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["nova.api.jwt.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["nova.api.throttle.UserRateThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["nova.api.renderers.ORJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nova.api.negotiation.JSONNegotiation",
    "DEFAULT_PARSER_CLASSES": ["nova.api.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "nova.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "nova.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # the largest JSON body; 500 watches are 100 kB

SPECTACULAR_SETTINGS = {
    "TITLE": "Nova",
    "DESCRIPTION": "A personalised short-video feed.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {},
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^api/v1/health", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31536000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
X_FRAME_OPTIONS = "DENY"

LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
SHARED_LOG_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    add_request_id,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": SHARED_LOG_PROCESSORS,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Two lines for each tick of the scheduler say nothing that a metric would not say better.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # A traceback for every connection that fails; our own line says which call failed, and how.
        "clickhouse_driver.connection": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},  # 4xx answers are the client's business
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *SHARED_LOG_PROCESSORS,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

# NumPy's kernels here are single matrix-vector products: more BLAS threads only fight for the same cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
