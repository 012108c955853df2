"""The development environment of one folder: its keys, its engines, and the file that other shells read."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nova import environment
from nova.engines import clickhouse, postgres, redis
from nova.engines.engine import Engine
from nova.engines.supervisor import Supervisor

EMBEDDED = {"DATABASE_URL": postgres.engine, "REDIS_URL": redis.engine, "CLICKHOUSE_URL": clickhouse.engine}


def unconfigured_engines(var: Path) -> list[Engine]:
    """The embedded engines for every address that the environment does not give."""
    return [make(var) for variable, make in EMBEDDED.items() if not os.environ.get(variable)]


def start(var: Path, supervisor: Supervisor) -> dict[str, str]:
    """Start what is needed, put its addresses into this process's environment and into `var/development.env`.

    Returns the variables of the development environment. Raises StartError when an engine does not come up.
    """
    engines = unconfigured_engines(var)
    supervisor.start(engine.process for engine in engines)
    for engine in engines:
        os.environ.update(engine.variables)
    addresses = {name: os.environ[name] for name in environment.ENGINE_VARIABLES if os.environ.get(name)}
    variables = identity(var) | addresses
    environment.write(var / "development.env", variables)
    os.environ.update(variables)
    return variables


def identity(var: Path) -> dict[str, str]:
    """The secrets of this folder, made the first time."""
    path = var / "development.env"
    known = environment.read(path) if path.exists() else {}
    private, public = _key_pair(var / "keys")
    return {
        "APP_ENV": "development",
        "SECRET_KEY": known.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "PERSON_HASH_KEY": known.get("PERSON_HASH_KEY") or secrets.token_urlsafe(32),
        "JWT_PRIVATE_KEY_FILE": str(private),
        "JWT_PUBLIC_KEY_FILES": str(public),
        "JWT_ISSUER": "nova-development",
        "JWT_AUDIENCE": "nova",
    }


def _key_pair(folder: Path) -> tuple[Path, Path]:
    private, public = folder / "jwt_private.pem", folder / "jwt_public.pem"
    if not (private.exists() and public.exists()):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
    return private, public
