"""The addresses of the faces, below the prefix that the platform mounts us at."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
