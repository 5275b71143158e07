"""The addresses of the pages; the platform gives them the namespace of the plugin."""

from django.urls import path

from cec_plugin.web import views

urlpatterns = [
    path("", views.my_credits, name="my_credits"),
    path("relate/<int:participation_id>/", views.give_word, name="relate"),
    path("number/<int:organization_id>/", views.number, name="number"),
    path("number/<int:organization_id>/withdraw/", views.withdraw_number, name="withdraw"),
    path(
        "request/<int:participation_id>/<int:organization_id>/", views.request_page, name="request"
    ),
]
