"""A learner says which number is theirs; the registry is asked, and somebody confirms it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from cec_plugin import models
from cec_plugin.adapters.lookups import look_up_organization
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.delivery import Outcome, Policy, Result, State
from cec_plugin.domain.ports import Capabilities, Health, Held, Known, Page
from cec_plugin.services import decide_claim
from cec_plugin.services.authorize import NotAnsweringError, OwnCreditError
from cec_plugin.services.claim_number import MOST_A_DAY, Heard, claim_number, withdraw
from cec_plugin.services.decide import AlreadyDecidedError
from cec_plugin.services.decide_claim import OtherNumberError
from cec_plugin.services.link import NumberTakenError
from cec_plugin.services.look_up_claims import Desk, Desks, look_up_claims, wake_look_ups
from cec_plugin.services.wake import look_up_wanted
from tests import factories
from tests.factories import NOW
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DESK = Actor(name="desk", subject="900", everywhere=True)
Found = models.Claim.Found


@dataclass(slots=True, kw_only=True)
class Records:
    """A registry in memory that is asked for members alone; ``knows`` is by number."""

    knows: Mapping[str, Known | Outcome] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bounded_s: float | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self.bounded_s = seconds
        yield
        self.bounded_s = None

    def member(self, number: str) -> Known | Outcome | None:
        assert self.bounded_s is not None, "a question has its time"
        self.asked.append(number)
        return self.knows.get(number)

    def health(self) -> Health:
        raise NotImplementedError

    def find(self, reference: str) -> Held | Outcome | None:
        raise NotImplementedError

    def post(self, posting: Any) -> Outcome:
        raise NotImplementedError

    def post_many(self, postings: Any) -> list[Outcome] | Outcome:
        raise NotImplementedError

    def reverse(self, retraction: Any) -> Outcome:
        raise NotImplementedError

    def changes(self, cursor: str) -> Page | Outcome:
        raise NotImplementedError


@pytest.fixture
def guild() -> models.Organization:
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics")])
    factories.registry(guild)
    for subject in ("7", "8"):
        factories.finish(subject, "ethics", datetime(2026, 5, 4, tzinfo=NOW.tzinfo))
        factories.settle(subject)
    return guild


def _claim(
    of: models.Organization, number: str = "M-1", subject: str = "7", now: datetime = NOW
) -> Heard:
    return claim_number(
        person_id=factories.person_of(subject), organization_id=of.pk, number=number, now=now
    )


def _look(
    of: models.Organization, *records: Records, now: datetime = NOW, closed: bool = False
) -> dict[str, int]:
    desks = tuple(
        Desk(name=f"register {n}", registry=one, timeout_s=3) for n, one in enumerate(records)
    )
    found = look_up_claims(
        Desks(organization_id=of.pk, open=desks, closed=closed), now=now, policy=Policy()
    )
    return {came: count for came, count in found.items() if count}


def _state() -> tuple[str, str]:
    claim = models.Claim.objects.get()
    return claim.state, claim.found


def test_a_claim_is_kept_and_its_look_up_woken(guild: models.Organization) -> None:
    woken: list[int] = []

    def hear(organization_id: int, **_: object) -> None:
        woken.append(organization_id)

    look_up_wanted.connect(hear)
    try:
        assert _claim(guild, " M-1 ") is Heard.WAITS
    finally:
        look_up_wanted.disconnect(hear)
    claim = models.Claim.objects.get()
    assert (claim.number, claim.source, claim.waits) == ("M-1", "own", True)
    assert woken == [guild.pk]
    assert not models.Membership.objects.exists()


@pytest.mark.parametrize("number", ["", "   ", "9" * 101, "M\x001", "M\n1"])
def test_what_is_no_number_is_not_kept(guild: models.Organization, number: str) -> None:
    assert _claim(guild, number) is Heard.UNFIT
    assert not models.Claim.objects.exists()


def test_one_claim_waits_for_each_person_and_organization(guild: models.Organization) -> None:
    assert _claim(guild, "M-1") is Heard.WAITS
    assert _claim(guild, "M-2") is Heard.WAITED
    assert _claim(guild, "M-1", subject="8") is Heard.WAITS, "each says it of themselves"
    claim = models.Claim.objects.first()
    assert claim is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Claim.objects.create(
            person_id=claim.person_id,
            organization=guild,
            number="M-2",
            number_key="k",
            asked_at=NOW,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Claim.objects.filter(pk=claim.pk).update(waits=None)


def test_whoever_is_linked_claims_nothing(guild: models.Organization) -> None:
    factories.link("7", guild, "M-1")
    assert _claim(guild, "M-2") is Heard.LINKED


def test_numbers_cannot_be_guessed_by_claiming_one_after_the_other(
    guild: models.Organization,
) -> None:
    for number in range(MOST_A_DAY):
        assert _claim(guild, f"M-{number}", now=NOW + number * HOUR) is Heard.WAITS
        assert withdraw(person_id=factories.person_of("7"), organization_id=guild.pk, now=NOW), (
            "taken back or declined counts all the same"
        )
    assert _claim(guild, "M-9", now=NOW + 4 * HOUR) is Heard.TOO_MANY
    assert _claim(guild, "M-9", subject="8") is Heard.WAITS, "the others are not kept from it"
    assert _claim(guild, "M-9", now=NOW + DAY) is Heard.WAITS


@pytest.mark.concurrency
def test_claims_at_once_are_one(guild: models.Organization) -> None:
    heard = together([partial(_claim, guild, f"M-{number}") for number in range(4)])
    assert sorted(heard) == ["waited", "waited", "waited", "waits"]
    assert models.Claim.objects.count() == 1


def test_a_number_that_is_taken_is_claimed_like_any_other(guild: models.Organization) -> None:
    """Who asks does not learn which numbers are linked."""
    factories.link("8", guild, "M-1")
    assert _claim(guild, "M-1") is Heard.WAITS


def test_a_number_that_the_registry_knows_still_waits_for_somebody(
    guild: models.Organization,
) -> None:
    _claim(guild)
    records = Records(knows={"M-1": Known(number="M-1")})
    assert _look(guild, records) == {"there": 1}
    assert _state() == ("waiting", "there")
    assert models.Claim.objects.get().checked_at == NOW
    assert not models.Membership.objects.exists()
    assert _look(guild, records, now=NOW + 9 * DAY) == {}
    assert records.asked == ["M-1"]


def test_it_is_linked_by_the_registrys_word_alone_where_the_organization_says_so(
    guild: models.Organization,
) -> None:
    models.Organization.objects.update(claims_confirmed_by_lookup=True)
    _claim(guild)
    _look(guild, Records(knows={"M-1": Known(number="M-1")}))
    assert _state() == ("confirmed", "there")
    linked = models.Membership.objects.get()
    assert (linked.number, linked.verified_by) == ("M-1", "registry:register 0")
    assert linked.person_id == factories.person_of("7")
    held = models.Delivery.objects.filter(entry__account__person_id=linked.person_id)
    assert [one.state for one in held] == [State.PENDING.value]


def test_a_taken_number_is_not_linked_whatever_the_registry_says(
    guild: models.Organization,
) -> None:
    models.Organization.objects.update(claims_confirmed_by_lookup=True)
    factories.link("8", guild, "M-1")
    _claim(guild)
    _look(guild, Records(knows={"M-1": Known(number="M-1")}))
    assert _state() == ("waiting", "there")
    assert models.Membership.objects.get().person_id == factories.person_of("8")


def test_a_lapsed_member_waits_for_somebody(guild: models.Organization) -> None:
    models.Organization.objects.update(claims_confirmed_by_lookup=True)
    _claim(guild)
    _look(guild, Records(knows={"M-1": Known(number="M-1", active=False)}))
    assert _state() == ("waiting", "lapsed")


def test_a_number_that_is_not_there_is_looked_up_daily_for_some_days(
    guild: models.Organization,
) -> None:
    _claim(guild)
    records = Records()
    for day in range(30):
        _look(guild, records, now=NOW + day * DAY)
    assert _state() == ("waiting", "absent")
    assert len(records.asked) == Policy().member_looks
    _look(guild, Records(knows={"M-1": Known(number="M-1")}), now=NOW + 40 * DAY)
    assert _state() == ("waiting", "absent"), "now it is for a person to say"


def test_a_number_that_comes_a_day_later_is_found(guild: models.Organization) -> None:
    _claim(guild)
    assert _look(guild, Records()) == {"absent": 1}
    assert _look(guild, Records(knows={"M-1": Known(number="M-1")}), now=NOW + HOUR) == {}
    assert _look(guild, Records(knows={"M-1": Known(number="M-1")}), now=NOW + DAY) == {"there": 1}


@pytest.mark.parametrize(
    "said",
    [
        Outcome(result=Result.RETRYABLE),
        Outcome(result=Result.CONFIGURATION),
        Outcome(result=Result.CONFLICT),
    ],
    ids=lambda one: one.result.value,
)
def test_a_registry_that_cannot_answer_is_asked_again_within_the_hour_and_counts_for_nothing(
    guild: models.Organization, said: Outcome
) -> None:
    _claim(guild)
    assert _look(guild, Records(knows={"M-1": said})) == {"later": 1}
    claim = models.Claim.objects.get()
    assert (claim.found, claim.looks, claim.next_look_at) == ("", 0, NOW + HOUR)


def test_a_paused_registry_is_asked_later(guild: models.Organization) -> None:
    _claim(guild)
    assert _look(guild, closed=True) == {"later": 1}
    assert _look(guild, Records(), closed=True, now=NOW + HOUR) == {"later": 1}
    known = Records(knows={"M-1": Known(number="M-1")})
    assert _look(guild, known, closed=True, now=NOW + 2 * HOUR) == {"there": 1}


def test_where_no_registry_can_say_nobody_asks_on(guild: models.Organization) -> None:
    _claim(guild)
    unable = Records(knows={"M-1": Outcome(result=Result.UNABLE)})
    without = Records(capabilities=Capabilities(members=False))
    assert _look(guild, unable, without) == {"unable": 1}
    assert without.asked == []
    assert models.Claim.objects.get().next_look_at is None


def test_one_registry_of_several_that_knows_it_is_enough(guild: models.Organization) -> None:
    _claim(guild)
    down = Records(knows={"M-1": Outcome(result=Result.RETRYABLE)})
    assert _look(guild, down, Records(), Records(knows={"M-1": Known(number="M-1")})) == {
        "there": 1
    }


def test_an_adapter_that_breaks_keeps_no_other_claim_from_being_looked_up(
    guild: models.Organization, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Records):
        def member(self, number: str) -> Known | Outcome | None:
            if number == "M-1":
                raise ConnectionError(number)
            return None

    _claim(guild, "M-1")
    _claim(guild, "M-2", subject="8")
    assert _look(guild, Broken()) == {"later": 1, "absent": 1}
    assert "ConnectionError" in caplog.text
    assert "M-1" not in caplog.text, "no number is logged, whatever an error says"


def test_a_database_that_breaks_off_one_look_up_leaves_the_others(
    guild: models.Organization,
) -> None:
    _claim(guild, "M-1")
    _claim(guild, "M-2", subject="8")
    broken: list[int] = []

    def breaks(execute: Any, sql: str, *others: Any) -> Any:
        if sql.startswith("UPDATE") and '"found"' in sql.replace("`", '"') and not broken:
            broken.append(1)
            raise OperationalError("gone")
        return execute(sql, *others)

    with connection.execute_wrapper(breaks):
        assert _look(guild, Records())["failed"] == 1
    assert set(models.Claim.objects.values_list("found", flat=True)) == {"", "absent"}
    assert not models.Claim.objects.filter(next_look_at__isnull=True).exists()


def test_a_lapsed_member_is_not_forgotten_over_a_registry_that_does_not_know_them(
    guild: models.Organization,
) -> None:
    _claim(guild)
    lapsed = Records(knows={"M-1": Known(number="M-1", active=False)})
    assert _look(guild, lapsed, Records()) == {"lapsed": 1}


def test_a_claim_that_is_taken_back_meanwhile_stays_taken_back(guild: models.Organization) -> None:
    models.Organization.objects.update(claims_confirmed_by_lookup=True)

    class Slow(Records):
        def member(self, number: str) -> Known | Outcome | None:
            withdraw(person_id=factories.person_of("7"), organization_id=guild.pk, now=NOW)
            return Known(number=number)

    _claim(guild)
    _look(guild, Slow())
    assert _state() == ("withdrawn", "")
    assert not models.Membership.objects.exists()


@pytest.mark.concurrency
def test_lookers_at_once_ask_once_and_link_once(guild: models.Organization) -> None:
    models.Organization.objects.update(claims_confirmed_by_lookup=True)
    _claim(guild)
    records = Records(knows={"M-1": Known(number="M-1")}, bounded_s=1)

    @contextmanager
    def bounded(seconds: float) -> Iterator[None]:
        yield

    class Shared(Records):
        def within(self, seconds: float) -> Any:
            return bounded(seconds)

        def member(self, number: str) -> Known | Outcome | None:
            records.asked.append(number)
            return Known(number=number)

    together([partial(_look, guild, Shared()) for _ in range(3)])
    assert records.asked == ["M-1"]
    assert models.Membership.objects.count() == 1


def test_an_officer_confirms_and_what_waited_goes_out(guild: models.Organization) -> None:
    _claim(guild)
    claim = models.Claim.objects.get()
    decide_claim.confirm(claim.pk, by=DESK, now=NOW)
    assert _state() == ("confirmed", "")
    linked = models.Membership.objects.get()
    assert (linked.number, linked.verified_by, linked.verified_at) == ("M-1", "desk", NOW)
    assert models.Delivery.objects.filter(state=State.PENDING.value).count() == 1
    with pytest.raises(AlreadyDecidedError):
        decide_claim.confirm(claim.pk, by=DESK, now=NOW)
    with pytest.raises(AlreadyDecidedError):
        decide_claim.decline(claim.pk, by=DESK, note="", now=NOW)


def test_an_officer_declines_and_another_number_can_be_claimed(guild: models.Organization) -> None:
    _claim(guild)
    decide_claim.decline(models.Claim.objects.get().pk, by=DESK, note=" not yours ", now=NOW)
    declined = models.Claim.objects.get()
    assert (declined.state, declined.note, declined.decided_by) == ("declined", "not yours", "desk")
    assert _look(guild, Records(), now=NOW + DAY) == {}
    assert _claim(guild, "M-2") is Heard.WAITS


def test_a_number_that_is_taken_or_another_that_they_have_is_not_confirmed(
    guild: models.Organization,
) -> None:
    _claim(guild, "M-1")
    claim = models.Claim.objects.get()
    other = factories.link("8", guild, "M-1")
    with pytest.raises(NumberTakenError):
        decide_claim.confirm(claim.pk, by=DESK, now=NOW)
    assert _state() == ("waiting", "")
    models.Membership.objects.filter(pk=other.pk).delete()
    factories.link("7", guild, "M-2")
    with pytest.raises(OtherNumberError):
        decide_claim.confirm(claim.pk, by=DESK, now=NOW)
    assert _state() == ("waiting", "")


def test_nobody_decides_on_their_own_claim_nor_for_another_organization(
    guild: models.Organization,
) -> None:
    _claim(guild)
    claim = models.Claim.objects.get()
    for by, error in (
        (Actor(name="ann", subject="7", everywhere=True), OwnCreditError),
        (Actor(name="bob", subject="8"), NotAnsweringError),
    ):
        with pytest.raises(error):
            decide_claim.confirm(claim.pk, by=by, now=NOW)
        with pytest.raises(error):
            decide_claim.decline(claim.pk, by=by, note="", now=NOW)
    assert _state() == ("waiting", "")


@pytest.mark.concurrency
def test_two_officers_at_once_decide_once(guild: models.Organization) -> None:
    _claim(guild)
    pk = models.Claim.objects.get().pk
    came: list[str] = []

    def confirm() -> None:
        try:
            decide_claim.confirm(pk, by=DESK, now=NOW)
        except AlreadyDecidedError:
            came.append("late")
        else:
            came.append("linked")

    together([confirm] * 3)
    assert sorted(came) == ["late", "late", "linked"]
    assert models.Membership.objects.count() == 1


def test_the_sweep_wakes_where_claims_are_due(guild: models.Organization) -> None:
    _claim(guild)
    assert wake_look_ups(now=NOW - HOUR) == 0
    assert wake_look_ups(now=NOW) == 1


def test_by_its_id_an_organization_without_a_registry_is_told_so(settings: Any) -> None:
    club = factories.organization("club", "Club")
    factories.table(club, [factories.rule("ethics")])
    factories.finish("7", "ethics", NOW)
    factories.settle("7")
    _claim(club)
    assert look_up_organization(club.pk) == 1
    assert _state() == ("waiting", "unable")


def test_by_its_id_a_registry_that_is_paused_or_not_configured_is_asked_later(
    guild: models.Organization,
) -> None:
    _claim(guild)  # its secret is not in the settings
    assert look_up_organization(guild.pk) == 1
    models.Registry.objects.update(paused=True)
    models.Claim.objects.update(next_look_at=NOW)
    assert look_up_organization(guild.pk) == 1
    assert _state() == ("waiting", "")
    assert models.Claim.objects.get().next_look_at is not None
