"""Make the adapter of a registry by the id of its row: for whoever is only told the id."""

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.ports import Registry
from cec_plugin.exceptions import ConfigurationError


def registry_of(registry_id: int) -> Registry:
    """Return the adapter of the registry whose row has this id.

    Raises:
        ConfigurationError: the row or its secret is not as it must be, or there is no such row.
    """
    row = models.Registry.objects.filter(pk=registry_id).first()
    if row is None:
        raise ConfigurationError(f"there is no registry {registry_id}")
    return build(row)
