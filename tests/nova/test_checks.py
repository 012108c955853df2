"""What `manage.py check --deploy` says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from nova import environment


def ours() -> list[CheckMessage]:
    return [message for message in run_checks() if (message.id or "").startswith("nova.")]


def check_in_production(var: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` with these variables and no other."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR"],
        cwd=environment.BASE_DIR,
        env={"PATH": os.environ["PATH"], "APP_ENV": "production", "NOVA_VAR_DIR": str(var), **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_with_everything_set_there_is_nothing_to_say() -> None:
    assert ours() == []


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("DATABASE_URL", "nova.E001"),
        ("REDIS_URL", "nova.E002"),
        ("CELERY_BROKER_URL", "nova.E003"),
        ("CLICKHOUSE_URL", "nova.E004"),
        ("SECRET_KEY", "nova.E005"),
        ("JWT_ISSUER", "nova.E006"),
        ("JWT_AUDIENCE", "nova.E007"),
        ("PERSON_HASH_KEY", "nova.E013"),
    ],
)
def test_a_missing_setting_is_named_with_what_to_set(settings: Settings, name: str, identifier: str) -> None:
    setattr(settings, name, "")
    (message,) = ours()
    assert (message.id, message.msg) == (identifier, f"{name} is not set.")
    assert message.is_serious()
    assert name in (message.hint or "")


def test_no_key_to_verify_tokens_with_is_an_error(settings: Settings) -> None:
    settings.JWT_PUBLIC_KEY_FILES, settings.JWT_JWKS = [], ""
    (message,) = ours()
    assert message.id == "nova.E008"
    assert "JWT_JWKS" in (message.hint or "")
    assert "JWT_PUBLIC_KEY_FILES" in (message.hint or "")


def test_a_key_set_alone_is_enough_to_verify_tokens_with(settings: Settings) -> None:
    settings.JWT_PUBLIC_KEY_FILES, settings.JWT_JWKS = [], "https://identity.example.com/jwks.json"
    assert ours() == []


def test_a_key_file_that_is_not_there_is_named(settings: Settings) -> None:
    settings.JWT_PUBLIC_KEY_FILES = [*settings.JWT_PUBLIC_KEY_FILES, "/nowhere.pem"]
    (message,) = ours()
    assert message.id == "nova.E009"
    assert "/nowhere.pem" in message.msg
    assert message.hint


@pytest.mark.parametrize("url", ["http://clickhouse:8123/nova", "https://clickhouse:8443/nova"])
def test_an_http_address_of_clickhouse_is_refused_with_why(settings: Settings, url: str) -> None:
    settings.CLICKHOUSE_URL = url
    (message,) = ours()
    assert message.id == "nova.E010"
    assert "native protocol" in (message.hint or "")


@pytest.mark.parametrize("url", ["clickhouse://user:word@host:9000/nova", "clickhouses://user:word@host:9440/nova"])
def test_the_native_protocol_is_right_with_and_without_tls(settings: Settings, url: str) -> None:
    settings.CLICKHOUSE_URL = url
    assert ours() == []


@pytest.mark.parametrize("name", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
def test_a_kafka_that_asks_for_a_login_needs_one(settings: Settings, name: str) -> None:
    settings.KAFKA_SECURITY_PROTOCOL = "SASL_SSL"
    settings.KAFKA_SASL_USERNAME = settings.KAFKA_SASL_PASSWORD = "nova"
    assert ours() == []
    setattr(settings, name, "")
    (message,) = ours()
    assert message.id == "nova.E014"
    assert f"{name}_FILE" in (message.hint or "")


def test_a_signing_key_is_refused_in_production(settings: Settings) -> None:
    settings.APP_ENV = "production"
    (message,) = ours()
    assert message.id == "nova.E011"
    assert "JWT_PRIVATE_KEY_FILE" in (message.hint or "")


def test_production_without_a_signing_key_is_right(settings: Settings) -> None:
    settings.APP_ENV, settings.JWT_PRIVATE_KEY_FILE = "production", ""
    assert ours() == []


def test_production_with_nothing_set_hears_of_everything_at_once(tmp_path: Path) -> None:
    done = check_in_production(tmp_path)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    for number in range(1, 9):
        assert f"nova.E{number:03}" in said
    assert said.count("HINT: ") >= 8
    assert "Traceback" not in said


def test_production_with_everything_set_passes(tmp_path: Path) -> None:
    done = check_in_production(
        tmp_path,
        DATABASE_URL="postgresql://nova:secret@postgres:5432/nova",
        REDIS_URL="redis://:secret@redis:6379/0",
        CELERY_BROKER_URL="redis://:secret@redis:6379/1",
        CLICKHOUSE_URL="clickhouse://nova:secret@clickhouse:9000/nova",
        SECRET_KEY="qu1te-Random_0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
        ALLOWED_HOSTS="api.example.com",
        JWT_PUBLIC_KEY_FILES=",".join(django_settings.JWT_PUBLIC_KEY_FILES),
        JWT_ISSUER="https://identity.example.com",
        JWT_AUDIENCE="nova",
        PERSON_HASH_KEY="qu1te-Random_0123456789-abcdefghij",
    )
    assert done.returncode == 0, done.stderr
    assert "nova." not in done.stdout + done.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("qu1te-Random_0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG\n")
    said = check_in_production(tmp_path, SECRET_KEY_FILE=str(secret)).stderr
    assert "nova.E001" in said
    assert "nova.E005" not in said
