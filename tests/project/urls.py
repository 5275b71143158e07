"""The site's addresses: the admin, a login, the plugin's own."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import path
from edx_django_utils.plugins import get_plugin_url_patterns

urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(template_name="admin/login.html"), name="login"),
    *get_plugin_url_patterns("lms.djangoapp"),
]
