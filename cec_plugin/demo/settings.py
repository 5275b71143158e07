"""Settings of the demo's host project: SQLite, a broker without a server, the sandbox registry.

The plugin comes in through edx-django-utils' own code, as it does in an LMS.
"""

import os
from pathlib import Path

from edx_django_utils.plugins import add_plugins, get_plugin_apps

LMS = "lms.djangoapp"
HOME = Path(os.environ.get("CEC_DEMO_HOME", "var/demo")).resolve()
REDIS_URL = os.environ.get("REDIS_URL", "")

SECRET_KEY = "the demo keeps no secrets"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "cec_plugin.demo.urls"
USE_TZ = True
TIME_ZONE = "America/Toronto"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
STATIC_URL = "/static/"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "cec_plugin.demo.apps.DemoConfig",
    *get_plugin_apps(LMS),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "campus.sqlite",
        "OPTIONS": {"timeout": 20},
    },
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "filename": HOME / "demo.log",
            "formatter": "plain",
            "delay": True,
        },
    },
    "root": {"handlers": ["file"], "level": "INFO"},
}

CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
if not REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(HOME / "broker"),
        "data_folder_out": str(HOME / "broker"),
        "control_folder": str(HOME / "control"),
    }
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "run what is due": {"task": "cec_plugin.run_due", "schedule": 5.0},
}

CEC_SITE = "campus"
CEC_PLATFORM = "cec_plugin.demo.platform.CampusPlatform"
CEC_BASE_TEMPLATE = "cec_demo/base.html"
CEC_REST_AUTHENTICATION = ["rest_framework.authentication.SessionAuthentication"]
CEC_SECRETS = {"sandbox": {"key": "sandbox-key"}}
CEC_ALLOW_HTTP = True  # the sandbox registry listens on this machine alone
SILENCED_SYSTEM_CHECKS = ["cec_plugin.W001"]  # that plain http is allowed
CEC_ALLOW_ADDRESSES = ["127.0.0.0/8", "::1"]
CEC_REDIS_URL = REDIS_URL
CEC_POLICY = {"base_s": 2.0, "grace_s": 3.0}

add_plugins(__name__, LMS, "common")
add_plugins(__name__, LMS, "production")
