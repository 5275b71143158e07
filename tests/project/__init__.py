"""The site around the plugin; its Celery app is the one that shared tasks bind to."""

from tests.project.celery import app as celery_app

__all__ = ["celery_app"]
