"""Registries in the admin: refused when they cannot work, tried, paused and resumed."""

from typing import Any

import pytest
import responses
from django.contrib.admin.models import LogEntry
from django.urls import resolve

from cec_plugin import models
from tests import factories
from tests.integration.admin_visits import (
    act,
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.CEC_SECRETS = {"guild": {"key": "not to be shown"}}
    settings.CEC_ALLOW_HTTP = False


@pytest.fixture
def guild() -> models.Organization:
    return factories.organization()


def add(guild: models.Organization, **others: Any) -> Any:
    typed = {
        "organization": guild.pk,
        "name": "Guild register",
        "base_url": "https://registry.example",
        "secret": "guild",
    }
    return submit(superuser(), page("registry", what="add"), **{**typed, **others})


def test_a_new_registry_starts_paused_and_says_so(guild: models.Organization) -> None:
    assert "starts paused" in text_of(superuser("reader").get(page("registry", what="add")))
    assert not errors_of(add(guild))
    registry = models.Registry.objects.get()
    assert registry.paused
    shown = text_of(superuser("root2").get(page("registry", registry.pk)))
    assert "Paused: it is new and was not resumed yet" in shown


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"secret": "other"}, "CEC_SECRETS"),
        ({"auth": "basic"}, "user"),
        ({"options": '{"no_such_option": 1}'}, "no_such_option"),
        ({"options": "[]"}, "JSON object"),
        ({"base_url": "http://registry.example"}, "https"),
        ({"base_url": "registry.example"}, "base address"),
    ],
)
def test_a_registry_that_cannot_work_is_refused_with_the_reason(
    typed: dict[str, str], why: str, guild: models.Organization
) -> None:
    answer = add(guild, **typed)
    assert why in errors_of(answer)
    assert "not to be shown" not in text_of(answer)
    assert not models.Registry.objects.exists()


def test_an_edit_is_refused_for_the_same_reasons(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    answer = submit(superuser(), page("registry", registry.pk), secret="gone")
    assert "CEC_SECRETS" in errors_of(answer)
    assert models.Registry.objects.get().secret == "guild"


def test_a_field_that_is_wrong_by_itself_is_said_alone(guild: models.Organization) -> None:
    answer = add(guild, timeout_s="soon", secret="other")
    assert "whole number" in errors_of(answer)
    assert "CEC_SECRETS" not in errors_of(answer)


def test_editing_does_not_resume_or_pause(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    offered = fields_of(superuser(), page("registry", registry.pk))
    assert offered.keys().isdisjoint({"paused", "paused_reason", "organization"})


def test_a_registry_is_paused_and_resumed_after_confirming(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    client = administrator("view_registry", "operate_registry")
    assert "deliveries wait untouched" in text_of(
        client.get(page("registry", registry.pk, "step/pause"))
    )
    take(client, "registry", registry.pk, "pause")
    paused = models.Registry.objects.get()
    assert (paused.paused, paused.paused_reason) == (True, "paused by desk")
    assert "Paused since" in text_of(client.get(page("registry", registry.pk)))
    assert "paused by desk" in text_of(client.get(page("registry", registry.pk)))
    explained = text_of(client.get(page("registry", registry.pk, "step/resume")))
    assert "It was paused because: paused by desk" in explained
    assert models.Registry.objects.get().paused
    take(client, "registry", registry.pk, "resume")
    assert not models.Registry.objects.get().paused
    assert "It is being told of credits" in text_of(client.get(page("registry", registry.pk)))
    assert LogEntry.objects.filter(object_id=str(registry.pk)).count() == 2


@pytest.mark.parametrize("step", ["pause", "resume", "try"])
def test_operating_needs_its_own_permission(step: str, guild: models.Organization) -> None:
    registry = factories.registry(guild, paused=step == "resume")
    editor = administrator("view_registry", "change_registry")
    assert "/step/" not in text_of(editor.get(page("registry", registry.pk)))
    assert take(editor, "registry", registry.pk, step).status_code == 403
    assert models.Registry.objects.get().paused == (step == "resume")


@responses.activate
def test_trying_says_who_we_are(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    responses.get(
        "https://registry.example/health",
        json={"caller": "guild-sync", "entities": {"members": True, "credits": True}},
    )
    answer = take(superuser(), "registry", registry.pk, "try")
    assert "knows us as guild-sync" in text_of(answer)
    assert len(responses.calls) == 1


@responses.activate
def test_trying_says_what_is_wrong(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    responses.get("https://registry.example/health", status=401, json={})
    answer = take(superuser(), "registry", registry.pk, "try")
    assert "It cannot be used: HTTP 401" in text_of(answer)
    assert "not to be shown" not in text_of(answer)


def test_trying_a_registry_whose_secret_is_gone_says_so(
    guild: models.Organization, settings: Any
) -> None:
    registry = factories.registry(guild)
    settings.CEC_SECRETS = {}
    assert "CEC_SECRETS" in text_of(take(superuser(), "registry", registry.pk, "try"))


def test_no_transaction_of_the_request_spans_the_call(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    view: Any = resolve(page("registry", registry.pk, "step/try")).func
    # What Django asks before it opens a transaction for a request, as an LMS has it do.
    assert "default" in view._non_atomic_requests


def test_who_paused_a_registry_is_shown_on_its_page_and_not_logged(
    guild: models.Organization, caplog: pytest.LogCaptureFixture
) -> None:
    registry = factories.registry(guild)
    client = administrator("view_registry", "operate_registry", name="octavia.quill")
    take(client, "registry", registry.pk, "pause")
    assert "octavia.quill" in text_of(client.get(page("registry", registry.pk)))
    assert f"Registry {registry.pk} is paused" in caplog.text
    assert "quill" not in caplog.text


def test_a_registry_that_was_to_be_told_anything_stays(guild: models.Organization) -> None:
    factories.table(guild, [factories.rule("ethics")])
    registry = factories.registry(guild)
    factories.finish("5", "ethics", factories.NOW)
    factories.settle("5")
    client = superuser()
    asked = text_of(client.get(page("registry", registry.pk, "delete")))
    assert "<li>1 delivery</li>" in asked
    client.post(page("registry", registry.pk, "delete"), {"post": "yes"})
    act(client, "registry", "delete_selected", [registry.pk])
    assert models.Registry.objects.exists()


def test_a_registry_that_was_never_used_can_be_deleted(guild: models.Organization) -> None:
    registry = factories.registry(guild)
    superuser().post(page("registry", registry.pk, "delete"), {"post": "yes"})
    assert not models.Registry.objects.exists()
