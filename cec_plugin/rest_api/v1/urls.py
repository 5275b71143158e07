"""The addresses of the interface, below its version."""

from django.urls import URLPattern, path

from cec_plugin.rest_api.v1.health import HealthView

urlpatterns: list[URLPattern] = [
    path("health", HealthView.as_view(), name="api-v1-health"),
]
