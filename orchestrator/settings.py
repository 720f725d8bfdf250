"""Wiring only: every value that differs between machines comes from the environment."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from kombu import Queue

from orchestrator import environment
from orchestrator.embedded import files, running

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.Environment()
VAR_DIR = Path(env.str("SIGNALBOX_VAR", default=str(BASE_DIR / "var"))).absolute()
if "DATABASE_URL" not in os.environ:  # a command beside a `make run` in this folder uses the same services
    env.ENVIRON = {**running.environment(VAR_DIR), **os.environ}

SECRET_KEY = env.str("SECRET_KEY", default="") or files.kept_secret(VAR_DIR / "secret-key")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default=f"http://127.0.0.1:{PORT}")

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
    "ninja",  # its documentation page finds its files here instead of on a server of others
    "orchestrator.definitions",
    "orchestrator.runtime",
    "orchestrator.alerts",
    "orchestrator.schedules",
    "orchestrator.worklist",
    "orchestrator.api",
    "designer",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "orchestrator.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
if BASE_URL.startswith("https:"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [BASE_URL]
    SECURE_HSTS_SECONDS = 3600 * 24 * 365
if env.bool("TRUST_PROXY", default=False):  # only behind a proxy that sets or removes this header itself
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
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
_database = environment.database(env.str("DATABASE_URL", default="postgres://signalbox@127.0.0.1:25432/signalbox"))
DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,  # a pooled connection may be older than the last restart of the server
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": 8, "timeout": 5},
            # The runtime's few statements are planned once; 0 for a pooler which cannot keep prepared statements.
            "prepare_threshold": env.int("PREPARE_THRESHOLD", default=2) or None,
        },
        "TEST": {"NAME": env.str("TEST_DATABASE_NAME", default=None)},
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "crash": {  # 503 is an answer of the health checks
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", 500) != 503,
        }
    },
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR", "filters": ["crash"]},  # a 404 is no news, a 500 is
        "httpx": {"level": "WARNING"},  # below that it logs addresses, which may hold secrets
        "httpcore": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},  # told in a sentence by whoever asked for a connection
    },
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # so nothing has to be collected before a start
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "designer:machines"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000

vars().update(environment.mail(env.str("EMAIL_URL", default="")))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="signalbox@localhost")
EMAIL_TIMEOUT = 20
MAILBOX_DIR = VAR_DIR / "mail"

ALERT_GATHER = env.float("ALERT_GATHER", default=5.0)  # seconds without a new incident before the group is mailed
ALERT_REPEAT = env.float("ALERT_REPEAT", default=3600.0)  # seconds before a group that grows is mailed again
ALERT_DEFAULT_RECIPIENTS = env.list("ALERT_DEFAULT_RECIPIENTS", default=[])

STALL_SETTLE = env.float("STALL_SETTLE", default=30.0)  # seconds before a deadline of long past is judged
HTTP_ALLOW_HOSTS = env.list("HTTP_ALLOW_HOSTS", default=[])  # host or host:port allowed though it is private
# Fernet keys of the secrets, the one that encrypts first; by default those of a private file.
SECRETS_KEYS = env.list("SECRETS_KEYS", default=[])
SECRETS_FILE = VAR_DIR / "secrets-keys"
# Modules which register Python callables for activities; by default those of the gallery's machines.
ACTIVITY_MODULES = env.list("ACTIVITY_MODULES", default=["designer.gallery.activities"])
MACHINE_MODULES = env.list("MACHINE_MODULES", default=[])  # where `manage.py syncmachines` looks for machines in code

# Days; 0 keeps for ever. A machine may have a policy of its own.
KEEP_INSTANCES = env.int("KEEP_INSTANCES", default=0)  # finished ones, in the database; afterwards in the archive
KEEP_KEYS = env.int("KEEP_KEYS", default=0)
KEEP_INCIDENTS = env.int("KEEP_INCIDENTS", default=0)
RETENTION_EVERY = env.float("RETENTION_EVERY", default=600.0)  # seconds between two sweeps for what has had its time
HISTORY_WARNING = env.int("HISTORY_WARNING", default=10_000)  # journal rows at which a person is told
HISTORY_LIMIT = env.int("HISTORY_LIMIT", default=50_000)  # journal rows at which an instance takes no more events
ARCHIVE_DIR = env.str("ARCHIVE_DIR", default=str(VAR_DIR / "archive"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "archive": {
        "BACKEND": "orchestrator.runtime.retention.files.DurableStorage",
        "OPTIONS": {"location": ARCHIVE_DIR, "directory_permissions_mode": 0o700, "file_permissions_mode": 0o600},
    },
}

SWEEP_EVERY = env.float("SWEEP_EVERY", default=1.0)  # seconds between two looks for work that no hint was sent for
REDIS_URL = environment.redis(env.str("REDIS_URL", default=""))
CELERY_BROKER_URL = REDIS_URL or "pgmq://localhost"
_patience = {"max_retries": 1, "interval_start": 0, "interval_step": 0}  # a hint is not worth a request's time
CELERY_BROKER_TRANSPORT_OPTIONS = _patience | (
    {"visibility_timeout": 120, "socket_connect_timeout": 4, "socket_timeout": 30, "health_check_interval": 20}
    if REDIS_URL
    else {
        "conn_string": environment.queue_address(_database),
        "init_extension": False,  # PostgreSQL from the wheel has no such extension; its SQL is run instead
        "visibility_timeout": 120,
        "wait_time_seconds": 0,
        "pool_size": 2,
        "pool_timeout": 4,
    }
)
CELERY_BROKER_POOL_LIMIT = 4
CELERY_BROKER_CONNECTION_TIMEOUT = 4
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# What applies events (celery, sweep) and what waits for the world (effects, alerts) have processes of their own: a slow
# service or mail server holds up no event. Each has two queues, so that a flood of hints delays no sweep.
CELERY_TASK_QUEUES = tuple(Queue(name) for name in ("celery", "sweep", "effects", "alerts"))
CELERY_TASK_ROUTES = {
    "runtime.perform": {"queue": "effects"},
    "alerts.sweep": {"queue": "alerts"},
    "runtime.retain": {"queue": "alerts"},
}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BEAT_SCHEDULER = "orchestrator.celery:SweepScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "runtime": {"task": "runtime.sweep", "schedule": SWEEP_EVERY, "options": {"queue": "sweep"}},
    "retention": {"task": "runtime.retain", "schedule": RETENTION_EVERY, "options": {"queue": "alerts"}},
    "alerts": {"task": "alerts.sweep", "schedule": 2 * SWEEP_EVERY, "options": {"queue": "alerts"}},
    "schedules": {"task": "schedules.sweep", "schedule": SWEEP_EVERY, "options": {"queue": "sweep"}},
}
import_module("orchestrator.celery")  # its application is the current one wherever Django is set up
