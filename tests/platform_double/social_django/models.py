"""What python-social-auth keeps of a single sign-on."""

from django.conf import settings
from django.db import models


class UserSocialAuth(models.Model):  # noqa: DJ008 - nobody looks at it
    """An account's place at one provider; what else the provider said is extra data."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="social_auth")
    provider = models.CharField(max_length=32)
    uid = models.CharField(max_length=255, db_index=True)
    extra_data = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)
    modified = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "social_django"
        unique_together = ("provider", "uid")
        db_table = "social_auth_usersocialauth"
