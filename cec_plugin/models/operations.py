"""When each periodic job last ran."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobRun(models.Model):
    """The last run of one periodic job; a stock site has no scheduler, so silence must show.

    .. no_pii:
    """

    job = models.CharField(_("job"), max_length=50, unique=True)
    began_at = models.DateTimeField(_("began at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    ok = models.BooleanField(_("went well"), default=True)
    result = models.JSONField(_("result"), default=dict)

    class Meta:
        verbose_name = _("periodic job")
        verbose_name_plural = _("periodic jobs")

    def __str__(self) -> str:
        return self.job
