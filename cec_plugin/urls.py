"""The addresses of the faces, below the prefix that the platform mounts us at."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("cec_plugin.rest_api.v1.urls")),
    path("", include("cec_plugin.web.urls")),
]
