"""What would go wrong later is said at the start, by Django's own checks."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection


@pytest.fixture(autouse=True)
def _encrypted(settings: Any) -> None:
    """Let the site call by https alone, as a real one does."""
    settings.CEC_ALLOW_HTTP = False


def _said(**options: Any) -> list[str]:
    """Return the ids of what our own checks say."""
    found = [one.id for one in run_checks(**options) if one.id and one.id.startswith("cec_plugin.")]
    return sorted(found)


def _told() -> str:
    return "\n".join(str(one) for one in run_checks())


def test_a_site_that_is_set_up_well_hears_nothing() -> None:
    assert _said() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CEC_EARNED_BY", "sometimes"),
        ("CEC_EARNED_BY", None),
        ("CEC_POLICY", {"patience": 3}),
        ("CEC_POLICY", None),
        ("CEC_POLICY", ["patience"]),
        ("CEC_REST_AUTHENTICATION", None),
        ("CEC_ALLOW_ADDRESSES", None),
        ("CEC_ALLOW_ADDRESSES", "10.0.0.0/8"),
        ("CEC_ALLOW_ADDRESSES", ["10.0.0.0/33"]),
        ("CEC_ALLOW_ADDRESSES", ["https://registry.internal"]),
        ("CEC_ALLOW_ADDRESSES", [10]),
    ],
)
def test_settings_that_mean_nothing_are_told(settings: Any, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert _said() == ["cec_plugin.E001"]
    assert "the settings of cec_plugin cannot be read" in _told()


def test_a_network_that_nobody_can_read_is_told_by_name(settings: Any) -> None:
    settings.CEC_ALLOW_ADDRESSES = ["10.1.0.0/16", "10.1.0.0/33"]
    assert "CEC_ALLOW_ADDRESSES: '10.1.0.0/33' is no network" in _told()


def test_addresses_that_can_be_read_are_taken(settings: Any) -> None:
    settings.CEC_ALLOW_ADDRESSES = ["10.1.0.0/16", "fd00::/8", "10.2.0.7", "registry.internal"]
    assert _said() == []


def test_plain_http_is_warned_of_where_the_site_is_no_playground(settings: Any) -> None:
    settings.CEC_ALLOW_HTTP = True
    assert _said() == ["cec_plugin.W001"]
    settings.DEBUG = True
    assert _said() == []


def test_a_setting_that_is_missing_is_told(settings: Any) -> None:
    del settings.CEC_LEASE_S
    assert _said() == ["cec_plugin.E001"]


@pytest.mark.parametrize(
    "secret", ["hunter2", None, ["hunter2"], {"key": 12345}, {"key": {"value": "hunter2"}}]
)
def test_a_secret_that_is_no_dictionary_of_texts_is_told_by_name_and_never_by_value(
    settings: Any, secret: object
) -> None:
    settings.CEC_SECRETS = {"good": {"key": "hunter2"}, "cpc": secret}
    assert _said() == ["cec_plugin.E002"]
    told = _told()
    assert "'cpc'" in told
    assert "'good'" not in told
    assert "hunter2" not in told
    assert "12345" not in told


@pytest.mark.parametrize("secrets", ["hunter2", ["hunter2"], None])
def test_secrets_that_are_no_dictionary_at_all_are_told(settings: Any, secrets: object) -> None:
    settings.CEC_SECRETS = secrets
    assert _said() == ["cec_plugin.E002"]
    assert "hunter2" not in _told()


@pytest.mark.parametrize("counts", ["", "later", "RUN_END", None])
def test_a_word_for_when_it_counts_that_nobody_knows_is_told(settings: Any, counts: object) -> None:
    settings.CEC_COUNTS = counts
    assert _said() == ["cec_plugin.E003"]


@pytest.mark.parametrize("counts", ["at_once", "run_end"])
def test_the_words_for_when_it_counts_are_taken(settings: Any, counts: str) -> None:
    settings.CEC_COUNTS = counts
    assert _said() == []


def test_all_faults_are_told_at_once(settings: Any) -> None:
    settings.CEC_COUNTS = "later"
    settings.CEC_SECRETS = {"one": "x", "two": "y"}
    assert _said() == ["cec_plugin.E002", "cec_plugin.E002", "cec_plugin.E003"]


def test_the_check_command_stops_at_it(settings: Any) -> None:
    settings.CEC_COUNTS = "later"
    with pytest.raises(SystemCheckError, match=r"cec_plugin\.E003"):
        call_command("check")


@pytest.mark.migration
@pytest.mark.django_db
def test_the_database_as_the_site_sets_it_up_passes() -> None:
    assert _said(databases=["default"]) == []


def test_no_database_is_asked_unless_it_is_named() -> None:
    # The test may touch none: a query here would fail it.
    assert _said(databases=[]) == []
    assert _said(databases=None) == []


@pytest.fixture
def isolation() -> Iterator[Any]:
    """Let a test set the isolation of its connection; put it back."""

    def set_to(level: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")

    yield set_to
    set_to("READ COMMITTED")


@pytest.mark.mariadb
@pytest.mark.django_db
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED"])
def test_any_isolation_but_read_committed_is_refused(isolation: Any, level: str) -> None:
    isolation(level)
    assert _said(databases=["default"]) == ["cec_plugin.E004"]
    (told,) = [one for one in run_checks(databases=["default"]) if one.id == "cec_plugin.E004"]
    assert level.replace(" ", "-") in told.msg
    assert told.hint
    assert "read committed" in told.hint


@pytest.mark.mariadb
@pytest.mark.django_db
def test_read_committed_is_taken(isolation: Any) -> None:
    isolation("READ COMMITTED")
    assert _said(databases=["default"]) == []
