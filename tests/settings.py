"""The settings of the tests: the real ones, on a server of their own and with no worker."""

from __future__ import annotations

from importlib import import_module

from tests.server import provide

provide()
globals().update(
    {name: value for name, value in vars(import_module("orchestrator.settings")).items() if name.isupper()}
)

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
CELERY_BROKER_URL = "memory://"  # tests of the brokers start processes with the real settings
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
