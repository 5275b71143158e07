"""The administrator's desk for the sync: pages and commands that do the same."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests import factories
from tests.events import ETHICS
from tests.integration.admin_visits import administrator, page, take, text_of

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    members = [Member(number=f"M-{number}", name=f"Member {number}") for number in range(3)]
    with running_sandbox(members=members) as sandbox:
        yield sandbox


@pytest.fixture
def registry(sandbox: Sandbox, settings: Settings) -> models.Registry:
    """Make a registry that nobody resumed yet, with three credits that wait for it."""
    settings.CEC_POLICY = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0}
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    registry = factories.registry(guild, paused=True)
    registry.base_url, registry.secret = sandbox.url, "sandbox"
    registry.calls_per_minute = 60_000_000
    registry.options = {"batch_path": ""}
    registry.save()
    for number in range(3):
        subject = f"9{number:05d}"
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject, now=datetime.now(UTC))
        factories.link(subject, guild, f"M-{number}", now=datetime.now(UTC))
    return registry


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def _states() -> list[str]:
    return sorted(models.Delivery.objects.values_list("state", flat=True))


class TestFirstSend:
    def test_one_chosen_credit_goes_out_while_all_others_wait(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        client = administrator("view_delivery", "operate_registry")
        chosen = models.Delivery.objects.order_by("pk")[1]
        shown = text_of(client.get(page("delivery", chosen.pk)))
        assert "Send this one first" in shown
        after = text_of(take(client, "delivery", chosen.pk, "first"))
        assert "Look at it there" in after
        assert [one.reference for one in sandbox.control.data().credits] == [chosen.reference]
        assert _states() == ["delivered", "pending", "pending"]
        registry.refresh_from_db()
        assert registry.paused

    def test_why_it_was_not_taken_is_shown(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        sandbox.control.set_faults(login_redirect=True)
        client = administrator("view_delivery", "operate_registry")
        chosen = models.Delivery.objects.order_by("pk")[0]
        after = text_of(take(client, "delivery", chosen.pk, "first"))
        assert "It was not taken: HTTP 302" in after
        assert _states() == ["pending"] * 3

    def test_it_is_not_offered_once_the_registry_is_open(self, registry: models.Registry) -> None:
        models.Registry.objects.update(paused=False)
        client = administrator("view_delivery", "operate_registry")
        shown = text_of(client.get(page("delivery", models.Delivery.objects.first().pk)))  # type: ignore[union-attr]
        assert "Send this one first" not in shown

    def test_it_takes_the_permission(self, registry: models.Registry, sandbox: Sandbox) -> None:
        client = administrator("view_delivery")
        chosen = models.Delivery.objects.order_by("pk")[0]
        assert take(client, "delivery", chosen.pk, "first").status_code == 403
        assert sandbox.control.calls() == ()


class TestTheRegistrysPage:
    def test_it_says_how_the_registry_keeps_up(self, registry: models.Registry) -> None:
        client = administrator("view_registry", "view_delivery")
        shown = text_of(client.get(page("registry", registry.pk)))
        address = f"/admin/cec_plugin/delivery/?registry__id__exact={registry.pk}&amp;state=pending"
        assert address in shown
        assert "being sent 3" in shown
        assert "oldest not sent" in shown

    def test_it_says_since_when_and_why_it_is_left_alone(
        self, registry: models.Registry, sandbox: Sandbox, settings: Settings
    ) -> None:
        models.Registry.objects.update(paused=False)
        settings.CEC_POLICY = {"trips_after": 2}
        sandbox.control.set_faults(unavailable=True)
        deliver_registry(registry.pk)
        client = administrator("view_registry")
        shown = text_of(client.get(page("registry", registry.pk)))
        assert "Left alone since" in shown
        assert "HTTP 503" in shown

    def test_all_that_is_parked_is_requeued_at_once(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        models.Delivery.objects.update(state="parked", due_at=None)
        client = administrator("view_registry", "requeue_delivery")
        after = text_of(take(client, "registry", registry.pk, "requeue"))
        assert "3 deliveries are due again" in after
        assert _states() == ["pending"] * 3


class TestDeliver:
    def test_everything_due_goes_out(self, registry: models.Registry, sandbox: Sandbox) -> None:
        _run("cec_deliver", registry.name, "--resume")
        said = _run("cec_deliver", registry.name)
        assert f"{registry.name}: delivered 3" in said
        assert len(sandbox.control.data().credits) == 3

    def test_a_paused_registry_is_told_nothing_and_the_command_says_so(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        said = _run("cec_deliver")
        assert "pending 3; paused (it is new)" in said
        assert sandbox.control.calls() == ()

    def test_pausing_says_why(self, registry: models.Registry) -> None:
        _run("cec_deliver", registry.name, "--resume")
        assert "paused (their holidays)" in _run(
            "cec_deliver", registry.name, "--pause", "their holidays"
        )
        registry.refresh_from_db()
        assert registry.pause_kind == "person"

    def test_what_is_parked_fails_the_command_until_it_is_requeued(
        self, registry: models.Registry
    ) -> None:
        models.Delivery.objects.update(state="parked", due_at=None)
        with pytest.raises(CommandError) as failed:
            _run("cec_deliver", "--status")
        assert failed.value.returncode == 1
        assert "3 due again" in _run("cec_deliver", registry.name, "--requeue")

    def test_one_is_sent_first_by_its_reference(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        reference = models.Delivery.objects.order_by("pk")[2].reference
        assert f"{reference} is delivered, as 1 there" in _run("cec_deliver", "--first", reference)
        assert [one.reference for one in sandbox.control.data().credits] == [reference]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["nobody"], "there is no registry 'nobody'"),
            (["--first", "cec-0"], "there is no delivery 'cec-0'"),
            (["--resume"], "name the registries"),
        ],
    )
    def test_what_is_not_there_is_named(
        self, registry: models.Registry, arguments: list[str], said: str
    ) -> None:
        with pytest.raises(CommandError, match=said):
            _run("cec_deliver", *arguments)


class TestDoctor:
    def test_it_names_what_is_wrong_and_fails(
        self, registry: models.Registry, settings: Settings
    ) -> None:
        settings.CEC_SECRETS = {}
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("cec_doctor", stdout=out)
        assert "there is no 'sandbox' in the setting CEC_SECRETS" in out.getvalue()
        assert "is paused with 3 deliveries waiting" in out.getvalue()

    def test_it_says_as_whom_a_registry_knows_us_and_writes_nothing(
        self, registry: models.Registry, sandbox: Sandbox
    ) -> None:
        out = StringIO()
        with pytest.raises(CommandError):  # no periodic job ever ran
            call_command("cec_doctor", stdout=out)
        assert f"ok       {registry.name}: it knows us as api-key" in out.getvalue()
        assert {call.method for call in sandbox.control.calls()} == {"GET"}
        assert not models.Attempt.objects.exists()
