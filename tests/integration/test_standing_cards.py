"""The cards of certifications: how far, what is missing by when, what counts, what was decided."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from cec_plugin import models
from cec_plugin.selectors.transcript import transcript
from cec_plugin.web.standing_cards import Card, cards
from tests import factories as make
from tests.certified import CONFERRED, certified
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def holding() -> models.Holding:
    return certified(make.user("ann"))


def _cards(holding: models.Holding, now: datetime = NOW, language: str = "en") -> list[Card]:
    with override(language):
        found = transcript(holding.person_id, now=now)
        return list(cards(holding.person_id, of=found, now=now))


def _master(holding: models.Holding, **how: Any) -> Card:
    return next(one for one in _cards(holding, **how) if one.id == holding.pk)


def test_a_card_says_how_far_and_what_is_missing_by_when(holding: models.Holding) -> None:
    card = _master(holding)
    assert (card.name, card.organization) == ("Guild of Coaches, Master", "Guild of Coaches")
    assert card.days == "June 15, 2026 to June 14, 2027"
    assert card.how_far == "30 of 45\u00a0hours"
    assert card.meter is not None
    assert (card.meter.value, card.meter.most) == (3000, 4500)
    assert (card.state, card.state_words) == ("open", "something is missing")
    assert card.missing == (
        "15\u00a0hours to go by June 14, 2027.",
        (
            "Ethics, Dec. 15, 2026 to June 14, 2027: 0\u00a0hours of 5\u00a0hours, "
            "5\u00a0hours to go by June 14, 2027."
        ),
        "Ethics, Practice (at least 5\u00a0hours in each): 1 of 2, 1 to go by June 14, 2027.",
    )
    assert card.status == "suspended since July 1, 2026"


def test_a_card_opens_into_credits_by_title_and_what_was_trimmed(holding: models.Holding) -> None:
    steps = _master(holding).steps
    assert steps[0] == "What was earned from June 15, 2026 to June 14, 2027 counts."
    assert "Ethics for Career Practitioners, Aug. 4, 2026: 10\u00a0hours." in steps
    assert (
        "Not counted of “Facilitating Career Groups, Aug. 4, 2026”: 5\u00a0hours "
        "(at most 20\u00a0hours of Groups)."
    ) in steps
    assert steps[-1] == "In all: 30\u00a0hours."


def test_an_earlier_cycle_tells_its_decision_and_that_later_facts_differ(
    holding: models.Holding,
) -> None:
    (earlier,) = _master(holding).earlier
    assert earlier.days == "June 15, 2025 to June 14, 2026"
    assert earlier.decision == "renewed on June 19, 2026", "the day is the organization's"
    assert earlier.flag == "Later facts would change its figures; the decision stands."
    assert "Theory of Career Development, Sept. 1, 2025: 40\u00a0hours." in earlier.steps
    assert _master(holding).ended == ()


def test_what_waits_and_what_is_an_estimate_stands_beside_and_counts_nowhere(
    holding: models.Holding,
) -> None:
    found = {one.name: one for one in _cards(holding)}
    assert found["Guild of Coaches, Master"].beside == (
        "With your association, not counted: 20\u00a0hours.",
    )
    lake = found["Lakeshore Practitioner"]
    assert lake.beside == ("By estimate, not approved and not counted: 8\u00a0CEUs.",)
    assert (lake.how_far, lake.missing) == ("0 of 25\u00a0CEUs", ("25\u00a0CEUs to go.",))


def test_without_a_cycle_there_is_a_sum_in_the_dossier(holding: models.Holding) -> None:
    dossier = next(one for one in _cards(holding) if one.name == "Prior learning")
    assert (dossier.days, dossier.how_far) == ("", "75\u00a0hours in the dossier")
    assert dossier.meter is None
    assert dossier.state_words == "counts towards it; no figure is set"
    models.Designation.objects.filter(code="plar").update(target_hundredths=20000)
    dossier = next(one for one in _cards(holding) if one.name == "Prior learning")
    assert dossier.how_far == "75 of 200\u00a0hours"
    assert dossier.missing == ("125\u00a0hours to go.",)


@pytest.mark.parametrize(
    ("on", "target", "said"),
    [
        (
            datetime(2027, 7, 1, 12, tzinfo=UTC),
            4500,
            (
                "June 15, 2026 to June 14, 2027 has ended; it may still be renewed until "
                "July 14, 2027."
            ),
        ),
        (
            datetime(2027, 8, 1, 12, tzinfo=UTC),
            4500,
            "June 15, 2026 to June 14, 2027 has ended, and something is missing: it is late.",
        ),
        (
            datetime(2027, 8, 1, 12, tzinfo=UTC),
            3000,
            (
                "June 15, 2026 to June 14, 2027 has ended with everything there; "
                "nobody has decided on it yet."
            ),
        ),
        (
            datetime(2027, 8, 1, 12, tzinfo=UTC),
            None,
            "June 15, 2026 to June 14, 2027 has ended; nobody has decided on it yet.",
        ),
    ],
)
def test_a_cycle_that_ended_without_a_decision_is_said(
    holding: models.Holding, on: datetime, target: int | None, said: str
) -> None:
    holding.designation.requirements.exclude(kind="maximum").delete()
    models.Designation.objects.filter(code="master").update(
        target_hundredths=target, carry_over="none", carry_cap_hundredths=None
    )
    assert _master(holding, now=on).ended == (said,)


def test_what_was_carried_over_is_said(holding: models.Holding) -> None:
    models.Designation.objects.filter(code="master").update(target_hundredths=3000)
    card = _master(holding)
    assert card.carried == "Carried over from the cycle before: 5\u00a0hours."
    assert card.carried in card.steps
    assert card.how_far == "35 of 30\u00a0hours"
    assert card.meter is not None
    assert card.meter.value == card.meter.most == 3000


def test_where_nothing_is_asked_there_is_no_meter(holding: models.Holding) -> None:
    holding.leaves.create(starts_on=date(2026, 6, 15), ends_on=date(2027, 6, 14))
    card = _master(holding)
    assert card.how_far == "30 of 0\u00a0hours"
    assert card.meter is None


def test_each_card_is_of_the_day_where_its_organization_is(holding: models.Holding) -> None:
    # 2027-06-15 05:00 UTC is still the 14th in Vancouver, and the 15th in Halifax.
    found = {one.name: one for one in _cards(holding, datetime(2027, 6, 15, 5, tzinfo=UTC))}
    assert found["Guild of Coaches, Master"].days == "June 15, 2026 to June 14, 2027"
    assert found["Lakeshore Practitioner"].days == "June 16, 2026 to June 15, 2027"


def test_before_its_conferral_a_card_says_from_when(holding: models.Holding) -> None:
    models.Holding.objects.filter(pk=holding.pk).update(conferred_on=date(2030, 1, 1))
    card = _master(holding)
    assert (card.days, card.how_far, card.steps) == ("from Jan. 1, 2030", "", ())


def test_a_holding_that_is_active_again_says_so_until_it_is_plainly_active(
    holding: models.Holding,
) -> None:
    for status, said in (("reinstated", "reinstated since Aug. 1, 2026"), ("active", "")):
        models.HoldingStatus.objects.create(
            holding=holding,
            status=status,
            since=date(2026, 8, 1),
            recorded_by="registrar",
            recorded_at=NOW,
        )
        assert _master(holding).status == said


def test_the_cards_speak_french(holding: models.Holding) -> None:
    card = _master(holding, language="fr")
    assert card.how_far == "30 sur 45\u00a0heures"
    assert card.missing[0] == "Il manque 15\u00a0heures, à obtenir d'ici le 14 juin 2027."
    assert card.status == "suspendue depuis le 1er juillet 2026"
    assert card.earlier[0].decision == "renouvelée le 19 juin 2026"


def test_cards_cost_the_same_queries_for_any_number_of_credits(holding: models.Holding) -> None:
    found = transcript(holding.person_id, now=NOW)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            cards(holding.person_id, of=found, now=NOW)
        return len(captured)

    before = queries()
    subject = models.Identity.objects.get().subject
    make.table(models.Organization.objects.get(code="guild"), [make.rule("*", selector="glob")])
    for number in range(5):
        make.finish(subject, f"more-{number}", NOW)
    make.settle(subject)
    assert queries() == before


def test_nobody_sees_a_card_of_somebody_else(holding: models.Holding) -> None:
    other = make.user("bob")
    make.finish(str(other.pk), "ethics", NOW)
    make.settle(str(other.pk))
    person_id = make.person_of(str(other.pk))
    assert holding.conferred_on == CONFERRED
    assert cards(person_id, of=transcript(person_id, now=NOW), now=NOW) == ()
