"""What this project suggests for a figure that a body does not publish."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cec_plugin.models.fields import validate_figure


class Suggested(models.Model):
    """A row that may carry a suggestion beside its empty figure.

    It comes with a starter table and decides nothing until somebody adopts it.
    """

    suggested_hundredths = models.IntegerField(
        _("suggestion"), null=True, blank=True, editable=False, validators=[validate_figure]
    )
    suggested_because = models.TextField(_("why"), blank=True, editable=False)

    class Meta:
        abstract = True
