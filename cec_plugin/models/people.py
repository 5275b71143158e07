"""People, how each site knows them, and their memberships."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.catalogue import Organization
from cec_plugin.models.fields import digest_field


class Person(models.Model):
    """Somebody who earns credit; who that is, only the identities and memberships say.

    .. no_pii:
    """

    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return f"person {self.pk}"


class Identity(models.Model):
    """How one site knows a person: an Open edX user id, a Moodle user id.

    .. pii: The id of an account on a learning platform.
    .. pii_types: id
    .. pii_retirement: retained
    """

    key = digest_field(unique=True)
    site = models.CharField(_("site"), max_length=100)
    subject = models.CharField(_("account"), max_length=100)
    person = models.ForeignKey(Person, models.PROTECT, related_name="identities")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return f"{self.site}:{self.subject}"


class Membership(models.Model):
    """A person's membership in an organization, under the number its registry knows.

    .. pii: The number under which an association knows a member.
    .. pii_types: id
    .. pii_retirement: consumer_api
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships")
    number = models.CharField(_("member number"), max_length=100)
    number_key = digest_field()
    verified_by = models.CharField(_("verified by"), max_length=100, blank=True)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organization"], name="cec_membership_person"
            ),
            models.UniqueConstraint(
                fields=["organization", "number_key"], name="cec_membership_number"
            ),
        ]

    def __str__(self) -> str:
        return f"membership {self.pk}"
