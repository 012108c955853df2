"""System checks: every setting that must be there, each with an id and what to do. `manage.py check --deploy`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured

START = "In development `make run` or `manage.py engines start` starts one; otherwise set"
REQUIRED = {
    "DATABASE_URL": ("nova.E001", f"{START} DATABASE_URL=postgresql://user:password@host:5432/nova."),
    "REDIS_URL": ("nova.E002", f"{START} REDIS_URL=redis://:password@host:6379/0."),
    "CELERY_BROKER_URL": ("nova.E003", f"{START} CELERY_BROKER_URL=redis://:password@host:6379/1."),
    "CLICKHOUSE_URL": ("nova.E004", f"{START} CLICKHOUSE_URL=clickhouse://user:password@host:9000/nova."),
    "SECRET_KEY": ("nova.E005", "Set SECRET_KEY, or SECRET_KEY_FILE, to at least 50 random characters."),
    "PERSON_HASH_KEY": (
        "nova.E013",
        "Set PERSON_HASH_KEY, or PERSON_HASH_KEY_FILE, to at least 32 random characters, and keep it for good.",
    ),
    "JWT_ISSUER": ("nova.E006", "Set JWT_ISSUER to the `iss` of the tokens your identity service signs."),
    "JWT_AUDIENCE": (
        "nova.E007",
        "Set JWT_AUDIENCE to the `aud` your identity service puts into tokens for Nova.",
    ),
}

Apps = Sequence[AppConfig] | None


@register(Tags.compatibility)
def required_settings(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{name} is not set.", hint=hint, id=identifier)
        for name, (identifier, hint) in REQUIRED.items()
        if not _value(name)
    ]


@register(Tags.security)
def token_keys(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.JWT_PUBLIC_KEY_FILES and not settings.JWT_JWKS:
        hint = "Set JWT_JWKS to a file or https address, or JWT_PUBLIC_KEY_FILES to PEM files (comma-separated)."
        return [Error("No key to verify tokens with.", hint=hint, id="nova.E008")]
    hint = "Mount the file, or correct JWT_PUBLIC_KEY_FILES."
    return [
        Error(f"JWT_PUBLIC_KEY_FILES names {path}, which cannot be read.", hint=hint, id="nova.E009")
        for path in settings.JWT_PUBLIC_KEY_FILES
        if not Path(path).is_file()
    ]


@register(Tags.compatibility)
def clickhouse_protocol(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    url = settings.CLICKHOUSE_URL
    if not url or url.startswith(("clickhouse://", "clickhouses://")):
        return []
    hint = (
        "clickhouse-driver speaks the native protocol: clickhouse://user:password@host:9000/nova, not HTTP's port 8123."
    )
    return [Error("CLICKHOUSE_URL is not a clickhouse:// address.", hint=hint, id="nova.E010")]


@register(Tags.security)
def kafka_credentials(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.KAFKA_SECURITY_PROTOCOL.upper().startswith("SASL_"):
        return []
    hint = "Set it, or {0}_FILE, or KAFKA_SECURITY_PROTOCOL to one without SASL (SSL, PLAINTEXT)."
    return [
        Error(f"KAFKA_SECURITY_PROTOCOL needs a login: {name} is not set.", hint=hint.format(name), id="nova.E014")
        for name in ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD")
        if not getattr(settings, name)
    ]


@register(Tags.security)
def allowed_hosts(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if settings.ALLOWED_HOSTS:
        return []
    hint = "Set ALLOWED_HOSTS=feed.example.com (comma-separated): every other Host is refused."
    return [Error("ALLOWED_HOSTS is not set.", hint=hint, id="nova.E012")]


@register(Tags.security)
def no_development_keys(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if settings.APP_ENV != "production" or not settings.JWT_PRIVATE_KEY_FILE:
        return []
    hint = "Unset JWT_PRIVATE_KEY_FILE: only development signs its own tokens."
    return [Error("A token signing key is set in production.", hint=hint, id="nova.E011")]


def _value(name: str) -> object:
    try:
        return getattr(settings, name)
    except ImproperlyConfigured:  # Django's own way to say that SECRET_KEY is empty
        return ""
