"""Merging two people and undoing it from their pages: said first, confirmed, and logged."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.domain.delivery import Result
from tests import factories
from tests.integration.admin_visits import administrator, page, submit, superuser, take, text_of

pytestmark = pytest.mark.django_db

FINISHED = datetime(2026, 10, 3, 15, 0, tzinfo=UTC)
DESK = ("merge_people", "view_person", "view_merge", "view_identity")


@pytest.fixture(autouse=True)
def _accounts_of_the_site(settings: Any) -> None:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"


@pytest.fixture
def two() -> tuple[int, int]:
    """Make two people, Avery and Blair, who finished the same; Blair's credit was sent."""
    guild = factories.organization()
    factories.table(guild, [factories.rule("ethics")])
    registry = factories.registry(guild)
    people = []
    for name in ("avery", "blair"):
        subject = str(factories.user(name).pk)
        factories.finish(subject, "ethics", FINISHED)
        factories.settle(subject)
        people.append(factories.person_of(subject))
    factories.link(subject, guild, "M-77")
    assert factories.answer(registry, Result.DELIVERED, now=datetime.now(UTC)) == 1
    return people[0], people[1]


def test_a_merge_is_told_before_it_is_made(two: tuple[int, int]) -> None:
    desk = administrator(*DESK)
    address = page("person", two[0], "step/merge")
    asked = text_of(submit(desk, address, account="blair"))
    for said in (
        "1 account moves.",
        "1 member number moves.",
        "1 credit moves.",
        "1 of them was sent",
    ):
        assert said in asked
    assert not models.Merge.objects.exists()
    done = text_of(submit(desk, address, account="blair", confirmed="on"))
    assert "Merged." in done
    made = models.Merge.objects.get()
    assert (made.kept_id, made.merged_id, made.merged_by) == (*two, "desk")
    shown = text_of(desk.get(page("person", two[1])))
    assert f"person {two[0]}" in shown
    assert "step/merge" not in shown
    assert "step/merge" in text_of(desk.get(page("person", two[0])))


def test_a_merge_is_undone_from_its_page(two: tuple[int, int]) -> None:
    desk = administrator(*DESK)
    submit(desk, page("person", two[0], "step/merge"), account="blair", confirmed="on")
    made = models.Merge.objects.get()
    assert "goes back" in text_of(desk.get(page("merge", made.pk, "step/undo")))
    assert "Undone." in text_of(take(desk, "merge", made.pk, "undo"))
    made.refresh_from_db()
    assert made.undone_by == "desk"
    assert models.Membership.objects.get().person_id == two[1]
    assert "step/undo" not in text_of(desk.get(page("merge", made.pk)))


def test_what_stands_in_the_way_is_said(two: tuple[int, int]) -> None:
    guild = models.Organization.objects.get()
    subject = models.Identity.objects.get(person_id=two[0]).subject
    factories.link(subject, guild, "M-78")
    said = text_of(
        submit(superuser(), page("person", two[0], "step/merge"), account="blair", confirmed="on")
    )
    assert "unlink the one that is wrong" in said
    assert not models.Merge.objects.exists()


def test_an_account_of_which_nothing_was_heard_is_nobody_to_merge(two: tuple[int, int]) -> None:
    factories.user("casey")
    said = text_of(
        submit(superuser(), page("person", two[0], "step/merge"), account="casey", confirmed="on")
    )
    assert "there is nothing to merge" in said


def test_without_the_permission_nobody_merges_or_undoes(two: tuple[int, int]) -> None:
    reader = administrator("view_person", "view_merge")
    assert reader.get(page("person", two[0], "step/merge")).status_code == 403
    submit(superuser(), page("person", two[0], "step/merge"), account="blair", confirmed="on")
    made = models.Merge.objects.get()
    assert reader.post(page("merge", made.pk, "step/undo")).status_code == 403
