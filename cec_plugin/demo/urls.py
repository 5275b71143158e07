"""The campus' addresses, and the plugin's where its own configuration puts them."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.i18n import set_language
from edx_django_utils.plugins import get_plugin_url_patterns

from cec_plugin.demo import views

urlpatterns = [
    path("", views.home, name="campus"),
    path("finish/", views.finish, name="finish"),
    path("enter/<str:username>/", views.enter, name="enter"),
    path("login/", LoginView.as_view(template_name="cec_demo/login.html"), name="login"),
    path("logout/", LogoutView.as_view(next_page="/"), name="logout"),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    *get_plugin_url_patterns("lms.djangoapp"),
]
