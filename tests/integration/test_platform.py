"""The only door to edx-platform: every question runs its real queries on tables like the platform's."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.db import connection
from opaque_keys.edx.keys import CourseKey
from pytest_django import DjangoDbBlocker

from cec_plugin.adapters.platform import LmsPlatform, course_parts, get_platform
from cec_plugin.domain.notices import Via
from cec_plugin.domain.platform import AccountFacts, CompletionFacts, CourseFacts
from cec_plugin.settings.common import DEFAULTS
from tests import factories, platform_double
from tests.events import ETHICS

FOLDER = str(Path(platform_double.__file__).parent)
LABELS = [name.rpartition(".")[2] for name in platform_double.APPS]
THEORY = "course-v1:CPC+Theory+2026"
T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NOBODY = "999999999"
LONGER_THAN_ANY_ID = "9" * 30
MALFORMED = ["", "program:CPC+CDP", "course-v1:CPC", "no key at all", "course-v1:CPC+Ethics+2026 "]

pytestmark = pytest.mark.django_db


def _installed() -> list[type[Any]]:
    return [model for label in LABELS for model in apps.get_app_config(label).get_models()]


def _forget() -> None:
    """Take every trace of the platform's packages out of this process."""
    user = get_user_model()
    for label in LABELS:
        for model in apps.all_models.pop(label, {}).values():
            for accessor in (f"{model._meta.model_name}_set", "social_auth"):
                if accessor in vars(user):
                    delattr(user, accessor)
    packages = ("lms", "common", "openedx", "social_django")
    for name in [name for name in sys.modules if name.split(".")[0] in packages]:
        del sys.modules[name]
    sys.path.remove(FOLDER)
    apps.clear_cache()


@pytest.fixture(scope="module", autouse=True)
def _platform_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Install the platform's apps with their tables, as long as this module's tests run."""
    sys.path.insert(0, FOLDER)
    apps.set_installed_apps([*site.INSTALLED_APPS, *platform_double.APPS])
    apps.clear_cache()  # users then know what refers to them
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in _installed():
            editor.create_model(model)
    try:
        yield
    finally:
        with django_db_blocker.unblock(), connection.schema_editor() as editor:
            for model in reversed(_installed()):
                editor.delete_model(model)
        apps.unset_installed_apps()
        _forget()


def _certificate(
    user: Any, key: str = ETHICS, *, status: str = "downloadable", created: datetime = T0,
    modified: datetime = T0, **fields: Any,
) -> None:  # fmt: skip
    from lms.djangoapps.certificates.models import GeneratedCertificate  # noqa: PLC0415

    row = GeneratedCertificate.objects.create(
        user=user, course_id=CourseKey.from_string(key), status=status, **fields
    )
    # The platform dates a row at every save; only an update says otherwise.
    GeneratedCertificate.objects.filter(pk=row.pk).update(
        created_date=created, modified_date=modified
    )


def _grade(
    user: Any, key: str = ETHICS, *, letter: str = "Pass", percent: float = 0.82,
    passed: datetime | None = T0, modified: datetime = T0,
) -> None:  # fmt: skip
    from lms.djangoapps.grades.models import PersistentCourseGrade  # noqa: PLC0415

    row = PersistentCourseGrade.objects.create(
        user_id=user.pk,
        course_id=CourseKey.from_string(key),
        letter_grade=letter,
        percent_grade=percent,
        passed_timestamp=passed,
    )
    PersistentCourseGrade.objects.filter(pk=row.pk).update(modified=modified)


def _overview(key: str, **fields: Any) -> None:
    from openedx.core.djangoapps.content.course_overviews.models import (  # noqa: PLC0415
        CourseOverview,
    )

    CourseOverview.objects.create(id=CourseKey.from_string(key), **fields)


@pytest.fixture
def platform() -> LmsPlatform:
    return LmsPlatform()


@pytest.fixture
def learner() -> Any:
    return factories.user("lea")


def _of(user: Any, facts: dict[tuple[str, str], CompletionFacts]) -> CompletionFacts:
    return facts[str(user.pk), ETHICS]


def test_this_is_the_platform_unless_the_site_names_another(settings: Any) -> None:
    settings.CEC_PLATFORM = DEFAULTS["CEC_PLATFORM"]
    assert isinstance(get_platform(), LmsPlatform)


def test_a_certificate_is_told_with_both_its_dates(platform: LmsPlatform, learner: Any) -> None:
    _certificate(learner, created=T0, modified=T0 + 9 * DAY, grade="0.82", mode="verified")
    found = platform.completions([(str(learner.pk), ETHICS)], Via.CERTIFICATE)
    assert _of(learner, found) == CompletionFacts(
        subject=str(learner.pk),
        activity=ETHICS,
        via=Via.CERTIFICATE,
        stands=True,
        earned_at=T0,
        earned_from="certificate_created",
        modified_at=T0 + 9 * DAY,
        grade="0.82",
        mode="verified",
    )


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        ("downloadable", True),
        ("generating", False),
        ("notpassing", False),
        ("unavailable", False),
        ("audit_passing", False),
        ("audit_notpassing", False),
    ],
)
def test_only_a_downloadable_certificate_stands_and_the_others_are_told_too(
    platform: LmsPlatform, learner: Any, status: str, *, stands: bool
) -> None:
    _certificate(learner, status=status)
    found = platform.completions([(str(learner.pk), ETHICS)], Via.CERTIFICATE)
    assert _of(learner, found).stands is stands


def test_completions_are_those_that_were_asked_for_over_several_courses(
    platform: LmsPlatform, learner: Any
) -> None:
    other = factories.user("omar")
    for user in (learner, other):
        _certificate(user, ETHICS)
        _certificate(user, THEORY)
    asked = [(str(learner.pk), ETHICS), (str(learner.pk), THEORY), (str(other.pk), THEORY)]
    assert set(platform.completions(asked, Via.CERTIFICATE)) == set(asked)


def test_who_has_no_certificate_is_absent(platform: LmsPlatform, learner: Any) -> None:
    asked = [(str(learner.pk), ETHICS), (NOBODY, ETHICS), (str(learner.pk), THEORY)]
    for via in Via:
        assert platform.completions(asked, via) == {}


@pytest.mark.parametrize("key", MALFORMED)
def test_a_malformed_key_has_no_completions_no_course_and_no_staff(
    platform: LmsPlatform, learner: Any, key: str
) -> None:
    _certificate(learner)
    _overview(ETHICS)
    pairs = [(str(learner.pk), key), (str(learner.pk), ETHICS)]
    assert set(platform.completions(pairs, Via.CERTIFICATE)) == {(str(learner.pk), ETHICS)}
    assert platform.course(key) is None
    assert platform.staff(key) == []


@pytest.mark.parametrize("subject", ["", "lea", "-1", "7.0", "\u0667", LONGER_THAN_ANY_ID])
def test_a_subject_that_is_no_id_of_an_account_has_nothing(
    platform: LmsPlatform, learner: Any, subject: str
) -> None:
    _certificate(learner)
    _grade(learner)
    pairs = [(subject, ETHICS), (str(learner.pk), ETHICS)]
    for via in (Via.CERTIFICATE, Via.PASSING):
        assert set(platform.completions(pairs, via)) == {(str(learner.pk), ETHICS)}
    assert platform.enrolments(subject) == []
    assert set(platform.accounts([subject, str(learner.pk)])) == {str(learner.pk)}


def test_an_id_written_otherwise_is_not_the_accounts(platform: LmsPlatform, learner: Any) -> None:
    _certificate(learner)
    other = f"0{learner.pk}"
    assert platform.completions([(other, ETHICS)], Via.CERTIFICATE) == {}
    assert platform.accounts([other]) == {}
    assert platform.find_account(other) is None


def test_a_grade_is_told_with_the_time_of_passing_and_the_letter_says_whether_it_stands(
    platform: LmsPlatform, learner: Any
) -> None:
    _grade(learner, passed=T0, modified=T0 + 3 * DAY, percent=0.82)
    found = platform.completions([(str(learner.pk), ETHICS)], Via.PASSING)
    assert _of(learner, found) == CompletionFacts(
        subject=str(learner.pk),
        activity=ETHICS,
        via=Via.PASSING,
        stands=True,
        earned_at=T0,
        earned_from="grade_passed",
        modified_at=T0 + 3 * DAY,
        grade="0.82",
        mode="",
    )


def test_a_regrade_to_a_fail_keeps_the_time_of_passing_and_does_not_stand(
    platform: LmsPlatform, learner: Any
) -> None:
    _grade(learner, letter="", percent=0.3, passed=T0)
    facts = _of(learner, platform.completions([(str(learner.pk), ETHICS)], Via.PASSING))
    assert (facts.stands, facts.earned_at) == (False, T0)


def test_a_grade_that_never_passed_has_no_time_of_passing(
    platform: LmsPlatform, learner: Any
) -> None:
    _grade(learner, letter="", percent=0.1, passed=None)
    facts = _of(learner, platform.completions([(str(learner.pk), ETHICS)], Via.PASSING))
    assert (facts.stands, facts.earned_at) == (False, None)


def test_what_changed_since_goes_by_the_modified_date_and_counts_the_moment_itself(
    platform: LmsPlatform, learner: Any
) -> None:
    other = factories.user("omar")
    for user, at in ((learner, T0), (other, T0 - timedelta(microseconds=1))):
        _certificate(user, created=T0 - 90 * DAY, modified=at)
        _grade(user, passed=T0 - 90 * DAY, modified=at)
    for via in (Via.CERTIFICATE, Via.PASSING):
        assert [one.subject for one in platform.completions_since(T0, via)] == [str(learner.pk)]


def test_what_changed_since_tells_withdrawals_too(platform: LmsPlatform, learner: Any) -> None:
    _certificate(learner, status="notpassing", modified=T0 + DAY)
    assert [one.stands for one in platform.completions_since(T0, Via.CERTIFICATE)] == [False]


def test_a_course_is_told_by_its_overview(platform: LmsPlatform) -> None:
    _overview(ETHICS, display_name="Ethics", end=T0 + DAY)
    assert platform.course(ETHICS) == CourseFacts(
        key=ETHICS,
        title="Ethics",
        ends_at=T0 + DAY,
        course="course-v1:CPC+Ethics",
        organization="CPC",
    )


def test_a_course_may_have_no_name_and_no_end(platform: LmsPlatform) -> None:
    _overview(ETHICS, display_name=None)
    facts = platform.course(ETHICS)
    assert facts is not None
    assert (facts.title, facts.ends_at) == ("", None)


def test_a_course_in_other_letters_is_another_course(platform: LmsPlatform) -> None:
    _overview(ETHICS.replace("Ethics", "ethics"), display_name="Somebody else's")
    assert platform.course(ETHICS) is None


def test_what_was_finished_in_a_course_in_other_letters_is_not_answered(
    platform: LmsPlatform, learner: Any
) -> None:
    # Settling looks an answer up by what it asked: anything else would stop it.
    _certificate(learner, ETHICS.replace("Ethics", "ethics"))
    _grade(learner, ETHICS.replace("Ethics", "ethics"))
    for via in (Via.CERTIFICATE, Via.PASSING):
        assert platform.completions([(str(learner.pk), ETHICS)], via) == {}


def test_a_course_that_is_unknown_is_none(platform: LmsPlatform) -> None:
    assert platform.course(THEORY) is None


def test_an_enrolment_counts_while_it_is_active(platform: LmsPlatform, learner: Any) -> None:
    from common.djangoapps.student.models import CourseEnrollment  # noqa: PLC0415

    other = factories.user("omar")
    for user, key, active in (
        (learner, ETHICS, True),
        (learner, THEORY, False),
        (other, THEORY, True),
    ):
        CourseEnrollment.objects.create(
            user=user, course_id=CourseKey.from_string(key), is_active=active
        )
    assert platform.enrolments(str(learner.pk)) == [ETHICS]
    assert platform.enrolments(NOBODY) == []


def test_the_staff_are_the_courses_own_and_not_the_organizations(platform: LmsPlatform) -> None:
    from common.djangoapps.student import roles  # noqa: PLC0415

    key = CourseKey.from_string(ETHICS)
    leads, helps = factories.user("leads"), factories.user("helps")
    roles.CourseInstructorRole(key).add_users(leads)
    roles.CourseStaffRole(key).add_users(leads, helps)
    roles.CourseStaffRole(CourseKey.from_string(THEORY)).add_users(factories.user("elsewhere"))
    roles.OrgStaffRole("CPC").add_users(factories.user("everywhere"))
    roles.OrgInstructorRole("CPC").add_users(factories.user("above"))
    factories.user("root", is_staff=True, is_superuser=True)
    assert sorted(platform.staff(ETHICS)) == sorted(
        [
            (str(leads.pk), "instructor"),
            (str(leads.pk), "staff"),
            (str(helps.pk), "staff"),
        ]
    )


def test_the_runs_are_those_that_go_on_or_ended_since(platform: LmsPlatform) -> None:
    ended, endless = "course-v1:CPC+Old+2020", "course-v1:CPC+Self+2026"
    _overview(ETHICS, end=T0 + timedelta(days=1))
    _overview(ended, end=T0 - timedelta(days=1))
    _overview(endless, end=None)
    found = {one.key: one for one in platform.runs(T0)}
    assert set(found) == {ETHICS, endless}
    assert found[ETHICS] == platform.course(ETHICS)


def test_whoever_runs_the_site_is_told_from_whoever_teaches(
    platform: LmsPlatform, settings: Any
) -> None:
    settings.CEC_TEST_ACCOUNTS = ["demo-*"]
    teaches, tries = factories.user("lea-roy"), factories.user("demo-1")
    hosts, root = factories.user("host", is_staff=True), factories.user("r", is_superuser=True)
    subjects = [str(user.pk) for user in (teaches, tries, hosts, root)]
    assert platform.office([*subjects, "no id", NOBODY]) == set(subjects[1:])


def test_an_account_is_found_by_user_name_e_mail_and_id(
    platform: LmsPlatform, learner: Any
) -> None:
    get_user_model().objects.filter(pk=learner.pk).update(first_name="Léa", last_name="Roy")
    wanted = AccountFacts(subject=str(learner.pk), username="lea", name="Léa Roy")
    for text in ("lea", " lea ", "LEA@example.org", str(learner.pk)):
        assert platform.find_account(text) == wanted


def test_a_user_name_of_digits_goes_before_the_id(platform: LmsPlatform, learner: Any) -> None:
    digits = factories.user(str(learner.pk))
    found = platform.find_account(str(learner.pk))
    assert found is not None
    assert found.subject == str(digits.pk)


def test_an_e_mail_that_two_accounts_share_names_neither(
    platform: LmsPlatform, learner: Any
) -> None:
    other = factories.user("omar")
    get_user_model().objects.filter(pk=other.pk).update(email="LEA@example.org")
    assert platform.find_account("lea@example.org") is None


@pytest.mark.parametrize("text", ["", "   ", "nobody", NOBODY, LONGER_THAN_ANY_ID, "-1"])
def test_what_names_no_account_finds_none(platform: LmsPlatform, learner: Any, text: str) -> None:
    assert platform.find_account(text) is None


def test_accounts_are_told_by_subject_and_those_that_are_gone_are_absent(
    platform: LmsPlatform, learner: Any
) -> None:
    assert platform.accounts([str(learner.pk), NOBODY]) == {
        str(learner.pk): AccountFacts(subject=str(learner.pk), username="lea")
    }
    assert platform.accounts([]) == {}


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        (ETHICS, ("course-v1:CPC+Ethics", "CPC")),
        ("CPC/Ethics/2026", ("CPC/Ethics", "CPC")),
        ("program:CPC+CDP", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_key_is_taken_apart(key: str, parts: tuple[str, str]) -> None:
    assert course_parts(key) == parts


def _sign_on(user: Any, uid: str, provider: str = "tpa-saml", **extra: Any) -> None:
    from social_django.models import UserSocialAuth  # noqa: PLC0415

    UserSocialAuth.objects.create(user=user, provider=provider, uid=uid, extra_data=extra)


def test_a_single_sign_on_says_what_it_keeps_of_the_accounts_asked_for(
    platform: LmsPlatform, learner: Any
) -> None:
    other, subject = factories.user("omar"), str(learner.pk)
    _sign_on(learner, "cpc-idp:4711", member=["M-1"], seats=3, groups=["a", "b"], staff=True)
    _sign_on(learner, "4712", provider="oauth")
    _sign_on(other, "cpc-idp:4713")

    def said(field: str, *subjects: str) -> list[tuple[str, str]]:
        return list(platform.sso_numbers(subjects, provider="tpa-saml", field=field))

    assert said("uid", subject, NOBODY, "no id") == [(subject, "cpc-idp:4711")]
    assert said("uid", subject, str(other.pk)) == [
        (subject, "cpc-idp:4711"),
        (str(other.pk), "cpc-idp:4713"),
    ]
    assert said("member", subject, str(other.pk)) == [(subject, "M-1")]
    assert said("seats", subject) == [(subject, "3")]
    for field in ("groups", "staff", "gone"):
        assert said(field, subject) == []


@pytest.mark.parametrize(
    ("kept", "told"), [('{"member": "M-1"}', ["M-1"]), ("no json", []), ("[1]", []), (None, [])]
)
def test_extra_data_of_older_releases_is_read_too(
    platform: LmsPlatform, learner: Any, kept: Any, told: list[str]
) -> None:
    from social_django.models import UserSocialAuth  # noqa: PLC0415

    _sign_on(learner, "x")
    if kept is not None:
        UserSocialAuth.objects.update(extra_data=kept)
    found = platform.sso_numbers([str(learner.pk)], provider="tpa-saml", field="member")
    assert [text for _, text in found] == told


def test_without_single_sign_on_there_is_nothing_to_say(
    platform: LmsPlatform, learner: Any
) -> None:
    apps.set_installed_apps([one for one in site.INSTALLED_APPS if "social" not in one])
    try:
        assert list(platform.sso_numbers([str(learner.pk)], provider="p", field="uid")) == []
    finally:
        apps.unset_installed_apps()


def test_accounts_are_told_by_addresses_that_are_proven_in_whatever_case(
    platform: LmsPlatform, learner: Any
) -> None:
    users = get_user_model().objects
    factories.user("new", is_active=False)
    for name in ("omar", "noor"):
        factories.user(name)
        users.filter(username=name).update(email="Shared@example.org")
    odd = factories.user("odd")
    users.filter(pk=odd.pk).update(email="mi\N{KELVIN SIGN}e@example.org")
    users.filter(pk=factories.user("none").pk).update(email="")
    found = platform.accounts_by_email(
        ["LEA@example.org", "new@example.org", "shared@EXAMPLE.org", "mike@example.org", "x@y.z"]
    )
    assert {email: [one.username for one in rows] for email, rows in found.items()} == {
        "LEA@example.org": ["lea"],
        "shared@EXAMPLE.org": ["omar", "noor"],
    }
    assert set(platform.accounts_by_email(["lea@example.org", "Lea@example.org"])) == {
        "lea@example.org",
        "Lea@example.org",
    }
    assert platform.accounts_by_email([]) == {}
    exact = platform.accounts_by_email(["mi\N{KELVIN SIGN}e@example.org"])
    assert [one.username for rows in exact.values() for one in rows] == ["odd"]


def test_many_addresses_are_asked_for_in_few_questions(
    platform: LmsPlatform, learner: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(5):
        assert len(platform.accounts_by_email(f"{n}@x.org" for n in range(1200))) == 0
