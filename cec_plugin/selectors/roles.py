"""The names of roles, as the site gave them."""

from dataclasses import dataclass

from cec_plugin import models


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleName:
    """A role; ``label`` is empty where nobody gave it one."""

    code: str
    label: str


class RoleNames:
    """All roles, read once: one query."""

    def __init__(self) -> None:
        """Read the labels."""
        self._labels = dict(models.Role.objects.values_list("code", "label"))

    def __getitem__(self, code: str) -> RoleName:
        """Return the name of a role; one that nobody entered has none but its code."""
        return RoleName(code=code, label=self._labels.get(code, ""))
