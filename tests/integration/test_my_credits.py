"""The page of one's own credits: whose it is, its words, and what it teaches when it is empty."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from re import sub
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cec_plugin import models
from cec_plugin.domain.actors import Actor
from cec_plugin.domain.delivery import Result
from cec_plugin.domain.keys import digest
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import CompletionFacts, CourseFacts
from cec_plugin.domain.posting import ReversalReason
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services.activate import activate
from cec_plugin.services.adjust import correct
from cec_plugin.services.decide import decide
from cec_plugin.wording import words
from tests import factories as make
from tests.factories import NOW, SmallPlatform

pytestmark = pytest.mark.django_db

MAY = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
GUILD = "Guild of Coaches"
COURSES = {
    "course-v1:U+ETH+1": CourseFacts(
        key="course-v1:U+ETH+1", title="Ethics", course="course-v1:U+ETH", organization="U"
    ),
    "course-v1:U+ART+1": CourseFacts(
        key="course-v1:U+ART+1", title="Art", course="course-v1:U+ART", organization="U"
    ),
}


class Campus(SmallPlatform):
    """A platform on which everybody is in the same courses, one of them unknown to it."""

    def __init__(self) -> None:
        super().__init__(courses=COURSES)

    def enrolments(self, subject: str) -> list[str]:
        return [*COURSES, "course-v1:U+GONE+1"]


@pytest.fixture(autouse=True)
def campus(settings: Any) -> None:
    settings.CEC_PLATFORM = f"{__name__}.Campus"


@pytest.fixture
def learner() -> Any:
    return make.user("ann")


@pytest.fixture
def guild() -> models.Organization:
    return make.organization()


def finish(user: Any, activity: str, **fields: Any) -> None:
    make.finish(str(user.pk), activity, fields.pop("at", MAY), **fields)
    make.settle(str(user.pk), platform=make.titled(a="Alpha", b="Beta"))


def page_of(user: Any, path: str = "/cec/", *, language: str = "en") -> str:
    """Return the page as text: no tags, single spaces."""
    text = unescape(sub(r"<[^>]+>", " ", html_of(user, path, language=language)))
    return sub(r"[ \n\t]+", " ", text)


def html_of(user: Any, path: str = "/cec/", *, language: str = "en") -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_anonymous_visitor_is_sent_to_the_login_and_sees_nothing(
    client: Client, learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    answer = client.get("/cec/")
    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/cec/"
    assert answer.content == b""


def test_the_page_stands_under_the_plugins_namespace() -> None:
    assert reverse("cec_plugin:my_credits") == "/cec/"


def test_the_page_only_reads(client: Client, learner: Any) -> None:
    client.force_login(learner)
    assert client.post("/cec/").status_code == 405
    assert client.head("/cec/").status_code == 200


def test_nobody_keeps_a_copy_of_the_page(client: Client, learner: Any) -> None:
    client.force_login(learner)
    kept = client.get("/cec/")["Cache-Control"]
    assert {part.strip() for part in kept.split(",")} == {"private", "no-store"}


def test_everybody_sees_their_own_credits_and_no_others(
    learner: Any, guild: models.Organization
) -> None:
    other = make.user("bob")
    make.table(guild, [make.rule("a"), make.rule("b")])
    finish(learner, "a")
    finish(other, "b")
    assert "Alpha" in page_of(learner)
    assert "Beta" not in page_of(learner)
    assert "Beta" in page_of(other)
    assert "Alpha" not in page_of(other)


@pytest.mark.parametrize(
    "parameter", ["user", "person", "person_id", "subject", "username", "id", "identity", "site"]
)
def test_no_parameter_reaches_somebody_elses_page(
    parameter: str, learner: Any, guild: models.Organization
) -> None:
    other = make.user("bob")
    make.table(guild, [make.rule("a")])
    finish(other, "a")
    for value in (other.pk, other.username, make.person_of(str(other.pk))):
        assert "Alpha" not in page_of(learner, f"/cec/?{parameter}={value}")


def test_an_account_of_the_same_id_on_another_site_is_somebody_else(
    learner: Any, guild: models.Organization, settings: Any
) -> None:
    make.table(guild, [make.rule("a")])
    settings.CEC_SITE = "elsewhere"
    finish(learner, "a")
    settings.CEC_SITE = "tests"
    assert "Alpha" not in page_of(learner)


def test_a_hostile_title_is_text(learner: Any, guild: models.Organization) -> None:
    make.table(guild, [make.rule("*", selector="glob", title="<i>rule</i>")])
    hostile = "<script>alert(1)</script>\"' onload=x"
    make.finish(str(learner.pk), "a", MAY)
    make.settle(str(learner.pk), platform=make.titled(a=hostile))
    html = html_of(learner)
    assert "<script>alert" not in html
    assert "<i>rule" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27; onload=x" in html


def test_there_is_no_script_or_style_in_the_page(learner: Any, guild: models.Organization) -> None:
    make.registry(guild)
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    make.link(str(learner.pk), guild, "M-1")
    html = html_of(learner)
    assert html.count("<script") == html.count("<script src=") == 1
    assert "<style" not in html
    assert " style=" not in html


def test_outside_an_lms_the_page_wears_our_own_frame(learner: Any, settings: Any) -> None:
    settings.CEC_BASE_TEMPLATE = "cec_plugin/base.html"
    html = html_of(learner)
    assert '<html lang="en" dir="ltr">' in html
    assert "<title>My continuing education credits</title>" in html
    assert html.count('id="main"') == 1
    assert html.count("<main") == 1


def test_figures_have_no_trailing_zeros_and_a_total_opens_into_its_parts(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a", "1.50"), make.rule("b", "10.25")])
    finish(learner, "a")
    finish(learner, "b")
    make.withdraw(str(learner.pk), "a", MAY + timedelta(days=1))
    make.settle(str(learner.pk))
    page = page_of(learner)
    assert "1.5\u00a0hours" in page
    assert "\u22121.5\u00a0hours" in page
    assert "10.25 hours continuing education credits" in page
    assert (
        "Credited 11.75\u00a0hours Taken back \u22121.5\u00a0hours In all 10.25\u00a0hours" in page
    )


def test_one_hour_is_singular(learner: Any, guild: models.Organization) -> None:
    make.table(guild, [make.rule("a", "1")])
    finish(learner, "a")
    assert "1\u00a0hour Guild" in page_of(learner)


def test_a_unit_and_a_credit_type_of_the_sites_own_stay_as_they_are(
    learner: Any, guild: models.Organization
) -> None:
    models.Organization.objects.update(unit="CEU")
    make.table(guild, [make.rule("a", "1", credit_type="ethics")])
    finish(learner, "a")
    page = page_of(learner)
    assert "1\u00a0CEU" in page
    assert "1 CEU ethics" in page


def test_a_credit_without_a_registry_is_recorded(learner: Any, guild: models.Organization) -> None:
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    page = page_of(learner)
    assert f"May 4, 2026 Alpha learner 10\u00a0hours {GUILD} recorded" in page
    assert "no outside records are told of it" in page


def test_a_credit_that_waits_for_a_member_number_says_what_to_do(
    learner: Any, guild: models.Organization
) -> None:
    make.registry(guild)
    make.table(guild, [make.rule("a"), make.rule("b")])
    finish(learner, "a")
    page = page_of(learner)
    assert f"10\u00a0hours {GUILD} needs you" in page
    assert f"1 credit needs your member number at {GUILD}." in page
    assert f"Guild register needs your member number at {GUILD}." in page
    finish(learner, "b")
    assert f"2 credits need your member number at {GUILD}." in page_of(learner)


@pytest.mark.parametrize(
    ("answer", "state", "receipt"),
    [
        (None, "being sent", "It is on its way to Guild register."),
        (Result.RETRYABLE, "being sent", "It is on its way to Guild register."),
        (
            Result.DELIVERED,
            "in your association's records",
            "On Nov. 20, 2026, 7 a.m. Guild register confirmed it.",
        ),
        (Result.REFUSED, "being looked into", "Guild register has not taken it yet."),
        (Result.MEMBER, "needs you", "Guild register does not know your member number."),
    ],
)
def test_each_state_has_its_words(
    learner: Any,
    guild: models.Organization,
    answer: Result | None,
    state: str,
    receipt: str,
) -> None:
    register = make.registry(guild)
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    make.link(str(learner.pk), guild, "M-1")
    if answer is not None:
        make.answer(register, answer)
    page = page_of(learner)
    assert f"10\u00a0hours {GUILD} {state} why" in page
    assert receipt in page
    waits = f"1 credit waits: {GUILD} does not know your member number." in page
    assert waits is (answer is Result.MEMBER)
    assert ("my_credits.js" in html_of(learner)) is (state == "being sent")


@pytest.mark.parametrize(
    ("via", "words"),
    [
        (Via.CERTIFICATE, "certificate revoked"),
        (Via.PASSING, "no longer a passing grade"),
        (Via.ENTRY, "entry withdrawn"),
    ],
)
def test_a_reversal_says_what_was_withdrawn(
    learner: Any, guild: models.Organization, settings: Any, via: Via, words: str
) -> None:
    settings.CEC_EARNED_BY = "passing" if via is Via.PASSING else "certificate"
    make.table(guild, [make.rule("a")])
    finish(learner, "a", via=via)
    make.withdraw(str(learner.pk), "a", MAY + timedelta(days=1), via=via)
    make.settle(str(learner.pk))
    page = page_of(learner)
    assert f"\u221210\u00a0hours {GUILD} reversed: {words} why" in page
    assert f"10\u00a0hours {GUILD} recorded taken back why" in page
    assert f"it was taken back: {words}." in page


def test_service_that_a_late_word_takes_back_says_that_it_was_the_team(
    learner: Any, guild: models.Organization
) -> None:
    end = MAY + timedelta(days=2)
    platform = SmallPlatform(courses={"a": CourseFacts(key="a", title="Alpha", ends_at=end)})
    make.table(guild, [make.rule("a", bonuses={"facilitator": "5"})])
    staff = {"role": "facilitator", "via": Via.TEAM, "evidence": {"team_role": "staff"}}
    make.finish(str(learner.pk), "a", MAY, **staff)
    make.settle(str(learner.pk), platform=platform)
    decide(
        participation_id=models.Participation.objects.get().pk,
        organization_id=guild.pk,
        approved=True,
        by=Actor(name="root", subject="0", everywhere=True),
        now=NOW,
    )
    make.settle(str(learner.pk), platform=platform)
    make.withdraw(str(learner.pk), "a", MAY + timedelta(days=1), **staff)
    make.settle(str(learner.pk), platform=platform)
    page = page_of(learner)
    assert "reversed: no longer in the course's team why" in page
    assert "certificate revoked" not in page


def test_what_was_set_by_hand_is_told_in_the_organizations_unit(
    learner: Any, guild: models.Organization
) -> None:
    models.Organization.objects.update(unit="ceu")
    table = make.table(guild, [make.rule("a")], active=False)
    models.Schedule.objects.filter(pk=table.pk).update(per_hours=10)
    activate(table.pk, by="tester", now=NOW)
    finish(learner, "a")
    correct(
        entry_id=models.CreditEntry.objects.get().pk,
        hundredths=250,
        reason="agreed",
        by=Actor(name="root", subject="0", everywhere=True),
        now=NOW,
    )
    make.settle(str(learner.pk))
    page = page_of(learner)
    assert "It gives a learner 10\u00a0hours." in page
    assert " to 2.5\u00a0CEUs." in page


def test_a_reversal_says_that_the_table_changed(learner: Any, guild: models.Organization) -> None:
    make.table(guild, [make.rule("a", "10")])
    finish(learner, "a")
    make.table(guild, [make.rule("a", "12")], effective_from=date(2026, 1, 1))
    make.settle(str(learner.pk))
    assert f"\u221210\u00a0hours {GUILD} reversed: replaced by a new credit" in page_of(learner)
    make.table(guild, [make.rule("z")], effective_from=date(2026, 2, 1))
    make.settle(str(learner.pk))
    assert "reversed: no longer in the credit table" in page_of(learner)


def test_a_reversal_that_the_registry_confirmed_says_so(
    learner: Any, guild: models.Organization
) -> None:
    register = make.registry(guild)
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    make.link(str(learner.pk), guild, "M-1")
    make.answer(register, Result.DELIVERED)
    make.withdraw(str(learner.pk), "a", MAY + timedelta(days=1))
    make.settle(str(learner.pk))
    make.answer(register, Result.DELIVERED)
    page = page_of(learner)
    assert "reversed: certificate revoked in your association's records why" in page
    assert "On Nov. 20, 2026, 7 a.m. Guild register confirmed that it is taken back." in page


def test_why_tells_the_way_from_finishing_to_the_figure(
    learner: Any, guild: models.Organization
) -> None:
    make.role("facilitator", "course leader")
    for code in ("ethics", "practice"):
        guild.tags.create(code=code, label=code)
    make.table(
        guild,
        [
            make.rule("a", "10", title="Ethics rule", tags=["practice", "ethics"]),
            make.rule("b", "10", per_hour={"facilitator": "1.5"}),
        ],
    )
    finish(learner, "a", finished_at=MAY - timedelta(days=3))
    finish(learner, "b", role="facilitator", service_hundredths=250)
    page = page_of(learner)
    assert "Finished on May 1, 2026 (the date given with it)." in page
    assert "On May 4, 2026, 11 a.m. we heard it from the learning site: certificate issued." in page
    assert (
        f"Rule “Ethics rule” of {GUILD}'s credit table, version 1, in force from Jan. 1, 2020, "
        "which names exactly this activity. It gives a learner 10\u00a0hours. "
        "It shows the competencies or categories ethics, practice."
    ) in page
    assert "On Nov. 20, 2026, 7 a.m. we recorded it." in page
    assert (
        "For the role “course leader”: 1.5\u00a0hours for each hour of service, "
        "times 2.5\u00a0hours."
    ) in page
    assert f"3.75\u00a0hours {GUILD}" in page


@pytest.mark.parametrize(
    ("selector", "pattern", "words"),
    [
        ("course", "course-v1:U+ETH", "every run of this course"),
        ("organization", "U", "every course offered by U"),
        ("glob", "course-v1:*", "every activity whose key fits course-v1:*"),
    ],
)
def test_why_says_what_a_rule_names(
    learner: Any, guild: models.Organization, selector: str, pattern: str, words: str
) -> None:
    make.table(guild, [make.rule(pattern, selector=selector)])
    make.finish(str(learner.pk), "course-v1:U+ETH+1", MAY)
    make.settle(str(learner.pk), platform=Campus())
    assert f"which names {words}." in page_of(learner)


@pytest.mark.parametrize(
    ("via", "code", "words"),
    [
        (Via.CERTIFICATE, "certificate_created", "the date of your certificate"),
        (Via.PASSING, "grade_passed", "the date of your passing grade"),
    ],
)
def test_why_says_where_the_date_of_finishing_comes_from(
    learner: Any, settings: Any, via: Via, code: str, words: str
) -> None:
    settings.CEC_EARNED_BY = via.value
    make.table(make.organization(), [make.rule("a")])
    facts = CompletionFacts(
        subject=str(learner.pk),
        activity="a",
        via=via,
        stands=True,
        earned_at=MAY - timedelta(days=3),
        earned_from=code,
        modified_at=MAY,
    )
    make.finish(str(learner.pk), "a", MAY, via=via)
    make.settle(str(learner.pk), platform=SmallPlatform(facts={(str(learner.pk), "a"): facts}))
    assert f"Finished on May 1, 2026 ({words})." in page_of(learner)


def test_a_flat_bonus_is_explained(learner: Any, guild: models.Organization) -> None:
    make.table(guild, [make.rule("a", bonuses={"developer": "40"})])
    finish(learner, "a", role="developer")
    assert "For the role “developer”: 40\u00a0hours." in page_of(learner)


def test_a_reversal_that_nobody_explained_is_still_shown(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    award = models.CreditEntry.objects.get()
    models.CreditEntry.objects.create(
        account=award.account,
        participation=award.participation,
        kind=EntryKind.REVERSAL,
        credit_type="cec",
        hundredths=-award.hundredths,
        earned_at=MAY,
        recorded_at=NOW,
        reverses=award,
        natural_key=digest("reversal"),
        basis=[{"step": "rule"}],
    )
    page = page_of(learner)
    assert "reversed: taken back" in page
    assert "A step that this page cannot explain (rule)." in page


def test_an_adjustment_says_that_somebody_entered_it(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a")])
    finish(learner, "a")
    models.CreditEntry.objects.create(
        account=models.Account.objects.get(),
        kind=EntryKind.ADJUSTMENT,
        credit_type="cec",
        hundredths=250,
        earned_at=MAY,
        recorded_at=NOW,
        natural_key=digest("adjustment"),
        basis=[{"step": "by_hand", "on": "2026-05-04", "hundredths": 250}, {"step": "opening"}],
    )
    page = page_of(learner)
    assert f"Correction or opening balance 2.5\u00a0hours {GUILD} recorded" in page
    assert "Set by hand on May 4, 2026 to 2.5\u00a0hours." in page
    assert "A step that this page cannot explain (opening)." in page
    assert "Credited 10\u00a0hours Entered by an administrator 2.5\u00a0hours" in page


@pytest.mark.parametrize(
    ("rule", "finished", "words"),
    [
        (make.rule("z"), {}, f"The credit table of {GUILD} does not name this activity."),
        (make.rule("a", None), {}, f"{GUILD} has not set a figure for this activity yet."),
        (make.rule("a", "0"), {}, f"The credit table of {GUILD} gives 0 for it."),
        (
            make.rule("a"),
            {"role": "overseer"},
            f"{GUILD} gives no credit for the role “overseer” in this activity.",
        ),
        (
            make.rule("a", bonuses={"presenter": None}),
            {"role": "presenter"},
            f"{GUILD} has not set a figure for the role “presenter” yet.",
        ),
        (
            make.rule("a", per_hour={"presenter": "2"}),
            {"role": "presenter"},
            (
                f"{GUILD} reckons the role “presenter” by the hour of service, "
                "and nobody has entered your hours yet."
            ),
        ),
        (
            make.rule("a"),
            {"at": datetime(2019, 12, 1, tzinfo=UTC)},
            f"{GUILD} had no credit table in force on Dec. 1, 2019.",
        ),
    ],
)
def test_each_refusal_has_its_words(
    learner: Any,
    guild: models.Organization,
    rule: make.Rule,
    finished: dict[str, Any],
    words: str,
) -> None:
    make.table(guild, [rule])
    finish(learner, "a", **finished)
    page = page_of(learner)
    assert "Finished, not credited" in page
    assert words in page
    assert "No credits yet" in page


def test_a_course_that_counts_when_its_run_ends_says_when(
    learner: Any, guild: models.Organization, settings: Any
) -> None:
    settings.CEC_COUNTS = "run_end"
    make.table(guild, [make.rule("a")])
    ends_at = NOW + timedelta(days=30)
    make.finish(str(learner.pk), "a", MAY)
    make.settle(
        str(learner.pk),
        platform=SmallPlatform(courses={"a": CourseFacts(key="a", title="Alpha", ends_at=ends_at)}),
    )
    page = page_of(learner)
    assert f"{GUILD} counts it when the course has ended, on Dec. 20, 2026." in page
    assert "Credit table version 1, rule “rule-1”." in page
    models.Refusal.objects.update(details={})
    assert f"{GUILD} counts it when the course has ended." in page_of(learner)


def test_without_any_credit_table_the_page_says_so(
    learner: Any, guild: models.Organization
) -> None:
    finish(learner, "a")
    assert "No organization has a credit table yet." in page_of(learner)


def test_what_another_organization_credits_stands_apart(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a")])
    make.table(make.organization("lake", "Lakeshore"), [make.rule("z")])
    finish(learner, "a")
    page = page_of(learner)
    assert "Credited by one organization, not by another (1)" in page
    assert "The credit table of Lakeshore does not name this activity." in page


def test_an_empty_page_teaches_which_courses_earn_credit(
    learner: Any, guild: models.Organization
) -> None:
    lake = make.organization("lake", "Lakeshore")
    future = make.organization("future", "Future Society")
    make.table(guild, [make.rule("course-v1:U+ETH", "7.5", selector="course")])
    make.table(lake, [make.rule("U", "2", selector="organization")])
    make.table(future, [make.rule("*", selector="glob")], effective_from=date(2999, 1, 1))
    page = page_of(learner)
    assert "No credits yet" in page
    assert (
        f"Art Lakeshore 2\u00a0hours Ethics {GUILD} 7.5\u00a0hours Ethics Lakeshore 2\u00a0hours"
    ) in page
    assert "Future Society" not in page
    assert "GONE" not in page


def test_who_is_in_no_course_is_taught_none(learner: Any, settings: Any) -> None:
    settings.CEC_PLATFORM = "tests.factories.SmallPlatform"
    assert "none of the courses you are in earns credit today" in page_of(learner)


def test_a_course_that_we_know_is_not_asked_for_again(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("course-v1:U+ETH+1", "7.5")])
    finish(make.user("bob"), "course-v1:U+ETH+1")
    models.Activity.objects.update(title="Ethics as we know it")
    assert f"Ethics as we know it {GUILD} 7.5\u00a0hours" in page_of(learner)


def test_an_empty_page_says_when_no_course_earns_credit(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("z"), make.rule("course-v1:U+ETH+1", None)])
    assert "none of the courses you are in earns credit today" in page_of(learner)


@pytest.mark.parametrize(
    "platform", ["cec_plugin.adapters.platform.LmsPlatform", "nowhere.Platform"]
)
def test_a_platform_that_fails_does_not_break_the_page(
    learner: Any, settings: Any, caplog: pytest.LogCaptureFixture, platform: str
) -> None:
    settings.CEC_PLATFORM = platform  # neither can be imported here
    assert "No credits yet" in page_of(learner)
    assert "did not say in which courses" in caplog.text


def test_the_page_speaks_french(learner: Any, guild: models.Organization) -> None:
    register = make.registry(guild)
    make.table(guild, [make.rule("a", "1.5"), make.rule("b", "20")])
    finish(learner, "a")
    make.link(str(learner.pk), guild, "M-1")
    make.answer(register, Result.DELIVERED)
    finish(learner, "b")
    finish(learner, "c")
    html = html_of(learner, language="fr-CA,fr;q=0.9")
    assert '<html lang="fr"' in html
    page = page_of(learner, language="fr-CA,fr;q=0.9")
    assert "Mes crédits de formation continue" in page
    assert (
        f"4 mai 2026 Alpha apprentissage 1,5\u00a0heure {GUILD} "
        "dans les dossiers de votre association"
    ) in page
    assert f"20\u00a0heures {GUILD} en cours d'envoi" in page
    assert "Réception confirmée le 20 novembre 2026 07:00 (Guild register)." in page
    assert f"{GUILD}\u00a0: la table de crédits ne mentionne pas cette activité." in page


def test_the_page_takes_the_same_number_of_queries_whatever_there_is(
    learner: Any, guild: models.Organization
) -> None:
    make.table(guild, [make.rule("a*", selector="glob")])
    client = Client()
    client.force_login(learner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/cec/").status_code == 200
        return len(captured)

    finish(learner, "a0")
    before = queries()
    for number in range(1, 10):
        make.finish(str(learner.pk), f"a{number}", MAY)
        make.finish(str(learner.pk), f"b{number}", MAY)
    make.settle(str(learner.pk))
    assert (
        queries() == before == 13
    )  # session, user, identity, holdings, what waits, the transcript's


def test_what_was_heard_and_is_not_settled_yet_is_said() -> None:
    learner = make.user("learner")
    client = Client()
    client.force_login(learner)
    make.organization()
    make.finish(str(learner.pk), "course-v1:CPC+Ethics+2026", MAY)
    said = "This page will show it in a moment."
    assert said in client.get(reverse("cec_plugin:my_credits")).content.decode()
    make.settle(str(learner.pk))
    assert said not in client.get(reverse("cec_plugin:my_credits")).content.decode()


def test_what_is_taken_back_is_named_for_what_it_was() -> None:
    said = {via: words.reversal(ReversalReason.WITHDRAWN, via) for via in Via}
    assert said == {
        Via.CERTIFICATE: "certificate revoked",
        Via.PASSING: "no longer a passing grade",
        Via.ENTRY: "entry withdrawn",
        Via.TEAM: "no longer in the course's team",
    }
