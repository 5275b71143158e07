"""The plugin, loaded by the code with which an LMS loads its plugins."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest
from celery import Celery
from django.urls import URLResolver, resolve, reverse
from edx_django_utils.plugins import (
    add_plugins,
    connect_plugin_receivers,
    get_plugin_apps,
    get_plugin_url_patterns,
)
from openedx_events.learning.signals import (
    CERTIFICATE_CREATED,
    CERTIFICATE_REVOKED,
    COURSE_ACCESS_ROLE_ADDED,
    COURSE_ACCESS_ROLE_REMOVED,
    COURSE_PASSING_STATUS_UPDATED,
)
from openedx_events.tooling import OpenEdxPublicSignal

from cec_plugin.adapters import openedx
from cec_plugin.apps import CecPluginConfig
from cec_plugin.settings.common import DEFAULTS

LMS = "lms.djangoapp"
CMS = "cms.djangoapp"
TASKS = {
    "cec_plugin.settle",
    "cec_plugin.resettle",
    "cec_plugin.deliver",
    "cec_plugin.look_up",
    "cec_plugin.reconcile",
    "cec_plugin.repair",
    "cec_plugin.run_due",
}
HEARD = [
    (CERTIFICATE_CREATED, openedx.certificate_created),
    (CERTIFICATE_REVOKED, openedx.certificate_revoked),
    (COURSE_PASSING_STATUS_UPDATED, openedx.passing_status_updated),
    (COURSE_ACCESS_ROLE_ADDED, openedx.course_role_added),
    (COURSE_ACCESS_ROLE_REMOVED, openedx.course_role_removed),
]


@pytest.fixture
def site() -> Iterator[ModuleType]:
    """Make an empty settings module, as the platform hands one to its plugins."""
    module = ModuleType("cec_site_settings")
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def _ours(signal: OpenEdxPublicSignal) -> list[object]:
    """Return what of ours hears a signal, whoever sends it."""
    heard = signal._live_receivers(sender=None)
    live = heard[0] if isinstance(heard, tuple) else heard  # Django 5 tells sync from async
    return [one for one in live if one.__module__.startswith("cec_plugin")]


def test_the_entry_point_names_the_app() -> None:
    (found,) = [one for one in entry_points(group=LMS) if one.name == "cec_plugin"]
    assert found.load() is CecPluginConfig


def test_the_lms_finds_the_app_and_studio_does_not() -> None:
    assert "cec_plugin.apps.CecPluginConfig" in get_plugin_apps(LMS)
    assert "cec_plugin.apps.CecPluginConfig" not in get_plugin_apps(CMS)


def test_the_pages_are_mounted_at_cec() -> None:
    (mounted,) = [
        one
        for one in get_plugin_url_patterns(LMS)
        if isinstance(one, URLResolver) and one.namespace == "cec_plugin"
    ]
    assert mounted.app_name == "cec_plugin"
    assert reverse("cec_plugin:my_credits") == "/cec/"
    assert resolve("/cec/").func.__module__.startswith("cec_plugin.web")


def test_every_default_is_put_in(site: ModuleType) -> None:
    add_plugins(site.__name__, LMS, "common")
    assert {name: getattr(site, name) for name in DEFAULTS} == DEFAULTS


def test_what_the_sites_configuration_says_stays_as_it_is(site: ModuleType) -> None:
    add_plugins(site.__name__, LMS, "common")
    site.CEC_SITE = "campus"
    site.CEC_COUNTS = "run_end"
    site.CEC_SECRETS = {"cpc": {"key": "k"}}
    add_plugins(site.__name__, LMS, "production")
    assert (site.CEC_SITE, site.CEC_COUNTS) == ("campus", "run_end")
    assert site.CEC_SECRETS == {"cpc": {"key": "k"}}


def test_what_the_site_set_before_the_defaults_stays_too(site: ModuleType) -> None:
    site.CEC_HEAR_PASSING = True
    site.CEC_SECRETS = {}
    add_plugins(site.__name__, LMS, "common")
    assert site.CEC_HEAR_PASSING is True


def test_a_default_that_the_configuration_took_away_is_put_back(site: ModuleType) -> None:
    add_plugins(site.__name__, LMS, "common")
    del site.CEC_LEASE_S
    add_plugins(site.__name__, LMS, "production")
    assert DEFAULTS["CEC_LEASE_S"] == site.CEC_LEASE_S


def test_a_site_that_fills_a_default_in_place_does_not_change_it_for_another(
    site: ModuleType,
) -> None:
    add_plugins(site.__name__, LMS, "common")
    site.CEC_SECRETS["cpc"] = {"key": "k"}
    site.CEC_REST_AUTHENTICATION.clear()
    assert DEFAULTS["CEC_SECRETS"] == {}
    assert DEFAULTS["CEC_REST_AUTHENTICATION"]


@pytest.mark.parametrize(("signal", "receiver"), HEARD)
def test_each_receiver_is_connected_once_to_whoever_sends(
    signal: OpenEdxPublicSignal, receiver: object
) -> None:
    assert _ours(signal) == [receiver]
    assert signal.has_listeners(sender=object())


def test_connecting_twice_connects_once() -> None:
    connect_plugin_receivers(LMS)
    connect_plugin_receivers(LMS)
    assert [_ours(signal) for signal, _ in HEARD] == [[receiver] for _, receiver in HEARD]


def test_every_receiver_that_is_declared_is_connected_to_any_sender() -> None:
    declared = CecPluginConfig.plugin_app["signals_config"][LMS]["receivers"]
    assert len(declared) == len(HEARD)
    assert not [one for one in declared if "sender_path" in one]
    assert len({one["dispatch_uid"] for one in declared}) == len(HEARD)


@pytest.mark.parametrize(
    "module", ["cec_plugin.apps", "cec_plugin.settings.common", "cec_plugin.settings.production"]
)
def test_what_is_imported_while_settings_are_being_built_needs_none(
    repository: Path, module: str
) -> None:
    told = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {module}"],
        env={**told, "PYTHONPATH": str(repository)},
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_tasks_are_found_under_their_own_names() -> None:
    app = Celery("somebody's site", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.autodiscover_tasks()
    app.loader.import_default_modules()
    found = {name for name, task in app.tasks.items() if _is_ours(task.__module__)}
    assert found == TASKS


def _is_ours(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in ("cec_plugin", "tasks")
