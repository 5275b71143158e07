"""Two accounts of one person made one, and made two again."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.people import Person


class Merge(models.Model):
    """That somebody turned out to be somebody else, and what moved over by it.

    ``moved`` lists ids by kind: what goes back when the merge is undone. ``merged`` has no account
    any more until then.

    .. no_pii:
    """

    kept = models.ForeignKey(
        Person, models.PROTECT, related_name="absorbed", verbose_name=_("kept")
    )
    merged = models.ForeignKey(
        Person, models.PROTECT, related_name="merges", verbose_name=_("merged into it")
    )
    moved = models.JSONField(_("moved"), default=dict)
    merged_by = models.CharField(_("merged by"), max_length=150)
    merged_at = models.DateTimeField(_("merged at"))
    undone_by = models.CharField(_("undone by"), max_length=150, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)

    class Meta:
        verbose_name = _("merge of two people")
        verbose_name_plural = _("merges of people")
        permissions = [("merge_people", "Can merge two people, and undo it")]

    def __str__(self) -> str:
        return gettext("merge %(id)s") % {"id": self.pk}
