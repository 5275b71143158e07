"""Settings of the test project, which loads the plugin as an LMS does."""

import os

from edx_django_utils.plugins import add_plugins, get_plugin_apps

from tests.databases import BROKER_URL, database_settings

LMS = "lms.djangoapp"

SECRET_KEY = "tests only"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "America/Toronto"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "tests.project",
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
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
DATABASES = {"default": database_settings(os.environ)}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ROOT_URLCONF = "tests.project.urls"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/admin/"
STATIC_URL = "/static/"

CELERY_BROKER_URL = os.environ.get(BROKER_URL, "memory://")
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]

# The order of an LMS: the plugin's defaults, the site's own configuration, the plugin's last word.
add_plugins(__name__, LMS, "common")

CEC_SITE = "tests"
CEC_PLATFORM = "tests.factories.SmallPlatform"
CEC_SECRETS = {"sandbox": {"key": "sandbox-key"}}
CEC_ALLOW_HTTP = True
SILENCED_SYSTEM_CHECKS = ["cec_plugin.W001"]  # that plain http is allowed
CEC_ALLOW_ADDRESSES = ["127.0.0.0/8", "::1"]
CEC_REST_AUTHENTICATION = ["rest_framework.authentication.SessionAuthentication"]

add_plugins(__name__, LMS, "production")
