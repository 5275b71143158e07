"""The demo's Celery app."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cec_plugin.demo.settings")
app = Celery("cec_demo")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
