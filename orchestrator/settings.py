"""Wiring only: every value that differs between machines comes from the environment."""

from __future__ import annotations

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = Path(env.str("SIGNALBOX_VAR", default=str(BASE_DIR / "var")))

SECRET_KEY = env.str("SECRET_KEY", default="insecure-development-key")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000")

INSTALLED_APPS = [
    "orchestrator.operations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "orchestrator.definitions",
    "orchestrator.runtime",
    "orchestrator.alerts",
    "orchestrator.api",
    "designer",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "orchestrator.urls"
WSGI_APPLICATION = "orchestrator.wsgi.application"
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
            ],
        },
    }
]
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default="postgres://signalbox@127.0.0.1:25432/signalbox"),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}},
        "TEST": {"NAME": env.str("TEST_DATABASE_NAME", default=None)},
    }
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "staticfiles"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "designer:machines"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000

ALERT_GATHER = env.float("ALERT_GATHER", default=5.0)  # seconds without a new incident before the group is mailed
ALERT_REPEAT = env.float("ALERT_REPEAT", default=3600.0)  # seconds before a group that grows is mailed again
ALERT_DEFAULT_RECIPIENTS = env.list("ALERT_DEFAULT_RECIPIENTS", default=[])
MAILBOX_DIR = VAR_DIR / "mail"

STALL_SETTLE = env.float("STALL_SETTLE", default=30.0)  # seconds for which a deadline of long past may settle before it is judged
HTTP_ALLOW_HOSTS = env.list("HTTP_ALLOW_HOSTS", default=[])  # host or host:port which http activities may reach though it is private
ACTIVITY_MODULES = env.list("ACTIVITY_MODULES", default=[])  # modules which register Python callables for activities
