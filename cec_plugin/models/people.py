"""People, how each site knows them, and their memberships."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.catalogue import Activity, Organization
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
        return gettext("person %(id)s") % {"id": self.pk}


class Identity(models.Model):
    """How one site knows a person: an Open edX user id, a Moodle user id.

    .. pii: The id of an account on a learning platform.
    .. pii_types: id
    .. pii_retirement: retained
    """

    key = digest_field(unique=True)
    site = models.CharField(_("site"), max_length=100)
    subject = models.CharField(_("account"), max_length=100)
    person = models.ForeignKey(
        Person, models.PROTECT, related_name="identities", verbose_name=_("person")
    )
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

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="memberships", verbose_name=_("person")
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="memberships", verbose_name=_("organization")
    )
    number = models.CharField(_("member number"), max_length=100)
    number_key = digest_field()
    valid_from = models.DateField(_("member from"), null=True, blank=True)
    valid_until = models.DateField(_("member until"), null=True, blank=True)
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
        return gettext("membership %(id)s") % {"id": self.pk}


class Officer(models.Model):
    """Somebody who answers for an organization, by their account on this site.

    What they may do their permissions say; this says where: with whose rules, people and
    requests.

    .. no_pii:
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="officers", verbose_name=_("organization")
    )
    identity = models.ForeignKey(
        Identity, models.PROTECT, related_name="offices", verbose_name=_("account")
    )
    named_by = models.CharField(_("named by"), max_length=150, editable=False)
    named_at = models.DateTimeField(_("named at"), editable=False)

    class Meta:
        verbose_name = _("officer")
        verbose_name_plural = _("officers")
        permissions = [("answer_everywhere", "Answers for every organization")]
        constraints = [
            models.UniqueConstraint(fields=["organization", "identity"], name="cec_officer"),
        ]

    def __str__(self) -> str:
        return gettext("officer %(id)s") % {"id": self.pk}


class Relation(models.Model):
    """A person's own word that an activity relates to the work they do or pursue; given once.

    ``wording`` is what they agreed to, in the language in which they read it.

    .. no_pii:
    """

    person = models.ForeignKey(
        Person, models.PROTECT, related_name="relations", verbose_name=_("person")
    )
    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="relations", verbose_name=_("activity")
    )
    wording = models.TextField(_("wording"))
    language = models.CharField(_("language"), max_length=20)
    given_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("word that an activity relates")
        verbose_name_plural = _("words that activities relate")
        constraints = [
            models.UniqueConstraint(fields=["person", "activity"], name="cec_relation"),
        ]

    def __str__(self) -> str:
        return f"relation {self.pk}"
