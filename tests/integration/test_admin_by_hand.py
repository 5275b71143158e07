"""Credit by hand from the pages: the steps, their forms, and the second person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.models.adjustments import Adjustment
from tests import factories
from tests.integration.admin_visits import administrator, page, submit, superuser, take, text_of

ETHICS = "course-v1:CPC+Ethics+2026"
LEARNER = "900007"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entry() -> models.CreditEntry:
    """Make a credit of 10 hours."""
    factories.table(factories.organization(), [factories.rule(ETHICS, "10")])
    factories.finish(LEARNER, ETHICS, T0)
    factories.settle(LEARNER)
    return models.CreditEntry.objects.get()


def _standing() -> list[int]:
    factories.settle(LEARNER)
    rows = models.CreditEntry.objects.filter(reversed_by__isnull=True).exclude(kind="reversal")
    return list(rows.order_by("pk").values_list("hundredths", flat=True))


def test_a_credit_is_corrected_taken_back_and_left_to_the_table_again(
    entry: models.CreditEntry,
) -> None:
    client = superuser()
    told = submit(
        client, page("creditentry", entry.pk, "step/correct"), hundredths="12,5", reason="more"
    )
    assert "Done." in text_of(told)
    assert _standing() == [1250]
    corrected = models.CreditEntry.objects.latest("pk")
    submit(client, page("creditentry", corrected.pk, "step/reverse"), reason="not at all")
    assert _standing() == []
    submit(client, page("creditentry", corrected.pk, "step/release"), reason="a mistake")
    assert _standing() == [1000]
    assert Adjustment.objects.filter(outcome="applied").count() == 3


def test_what_is_typed_wrong_is_said_beside_its_field_and_nothing_is_done(
    entry: models.CreditEntry,
) -> None:
    client = superuser()
    address = page("creditentry", entry.pk, "step/correct")
    assert "has more than two decimals" in text_of(
        submit(client, address, hundredths="1.234", reason="x")
    )
    assert "This field is required" in text_of(submit(client, address, hundredths="11", reason=""))
    assert "he credit is 10 already" in text_of(
        submit(client, address, hundredths="10", reason="x")
    )
    assert not Adjustment.objects.exists()


def test_credit_is_awarded_by_hand_on_an_account(entry: models.CreditEntry) -> None:
    client = superuser()
    address = page("account", entry.account_id, "step/award")
    typed = {"hundredths": "40", "earned_on": "2025-12-31", "reason": "opening balance"}
    assert "no single activity" in text_of(submit(client, address, activity="nowhere", **typed))
    assert "Done." in text_of(submit(client, address, activity=ETHICS, **typed))
    assert _standing() == [1000, 4000]
    award = models.CreditEntry.objects.get(kind="adjustment")
    assert award.activity == models.Activity.objects.get()


def test_above_the_limit_it_waits_on_its_page_for_a_second_person(
    entry: models.CreditEntry, settings: Any
) -> None:
    settings.CEC_SECOND_PERSON_ABOVE = "5"
    first = superuser()
    told = submit(
        first, page("creditentry", entry.pk, "step/correct"), hundredths="40", reason="more"
    )
    assert "waits for a second person" in text_of(told)
    waiting = Adjustment.objects.get()
    assert "ou asked for this yourself" in text_of(take(first, "adjustment", waiting.pk, "approve"))
    second = administrator("view_adjustment", "decide_adjustment", name="second")
    assert "root asked for it: more" in text_of(
        second.get(page("adjustment", waiting.pk, "step/approve"))
    )
    take(second, "adjustment", waiting.pk, "approve")
    assert _standing() == [4000]


def test_it_takes_the_permission_and_the_organization(entry: models.CreditEntry) -> None:
    typed = {"hundredths": "40", "reason": "more"}
    looking = administrator("view_creditentry", name="looking")
    address = page("creditentry", entry.pk, "step/correct")
    assert looking.post(address, typed).status_code == 403
    club = factories.organization("club", "Club")
    other = administrator("view_creditentry", "add_adjustment", name="other", of=club)
    assert other.post(address, typed).status_code in (302, 404)
    assert not Adjustment.objects.exists()
