"""A connection for each worker process, kept for good: Celery closes Django's own pool after each task."""

import os
from urllib.parse import unquote, urlsplit

_at = urlsplit(os.environ["DATABASE_URL"])
SECRET_KEY = "benchmark"  # noqa: S105
USE_TZ = True
INSTALLED_APPS = ["celery_fsm"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _at.path[1:],
        "USER": _at.username,
        "PASSWORD": unquote(_at.password or ""),
        "HOST": _at.hostname,
        "PORT": _at.port,
        "CONN_MAX_AGE": None,
    }
}
