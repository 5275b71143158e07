"""Who may ask: said by every view itself, since an LMS has no default that refuses anybody."""

from typing import Any

from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from cec_plugin.conf import get_settings

EVERYWHERE = "cec_plugin.answer_everywhere"
"""What is told here is of every organization."""


class MayViewDeliveries(BasePermission):
    """Whoever may see deliveries, of every organization, may see whether they flow."""

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        """Ask for Django's own permission, and who answers for all."""
        return bool(request.user.has_perms(("cec_plugin.view_delivery", EVERYWHERE)))


class OperatorView(APIView):
    """A view for those who operate the site, as JSON."""

    permission_classes = (IsAuthenticated, MayViewDeliveries)
    renderer_classes = (JSONRenderer,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Make the site's own: outside an LMS the defaults of the setting do not exist."""
        return [import_string(name)() for name in get_settings().rest_authentication]
