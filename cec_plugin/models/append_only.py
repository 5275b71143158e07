"""What is written once: no change, no deletion, through whichever door."""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models

from cec_plugin.exceptions import AppendOnlyError


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """A QuerySet that reads and inserts."""

    def _refuse(self) -> NoReturn:
        raise AppendOnlyError(
            f"{self.model.__name__} is written once: post a reversal or an adjustment instead"
        )

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self._refuse()

    def delete(self) -> NoReturn:
        """Refuse."""
        self._refuse()

    def bulk_update(self, objs: Iterable[Any], fields: Any, batch_size: Any = None) -> NoReturn:
        """Refuse."""
        self._refuse()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Insert; refuse to rewrite a row that is in the way."""
        if kwargs.get("update_conflicts"):
            self._refuse()
        return super().bulk_create(objs, *args, **kwargs)

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self._refuse()


AppendOnlyManager = models.Manager.from_queryset(AppendOnlyQuerySet)


class AppendOnlyModel(models.Model):
    """A row that is inserted and then only read."""

    objects = AppendOnlyManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; refuse to save it a second time."""
        if not self._state.adding:
            raise AppendOnlyError(
                f"{type(self).__name__} {self.pk} is written once: "
                "post a reversal or an adjustment instead"
            )
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{type(self).__name__} {self.pk} is never deleted")
