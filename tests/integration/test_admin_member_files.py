"""Member numbers from an uploaded file: previewed, confirmed, and kept to the officer's own."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cec_plugin import models
from cec_plugin.domain.members import DAYS_TURNED
from cec_plugin.domain.sheets import Why
from cec_plugin.selectors.members import Outcome
from cec_plugin.wording.sheets import OUTCOMES, WHYS
from tests import factories
from tests.integration.admin_visits import administrator, fields_of, page, text_of

pytestmark = pytest.mark.django_db

ADDRESS = page("membership", what="import")
MAY = ("add_membership", "change_membership", "view_membership")


@pytest.fixture(autouse=True)
def guild(settings: Any) -> models.Organization:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    for name in ("ada", "grace"):
        factories.user(name)
    return factories.organization()


def _file(*rows: str) -> SimpleUploadedFile:
    text = "account,member_number\n" + "\n".join(rows) + "\n"
    return SimpleUploadedFile("members.csv", text.encode())


def _give(client: Client, of: models.Organization, *rows: str, **typed: Any) -> Any:
    typed = {"organization": of.pk, "file": _file(*rows), **typed}
    return client.post(ADDRESS, typed)


def _confirm(client: Client, previewed: Any, button: str = "good_rows") -> Any:
    carried = previewed.context["carried"]
    return client.post(ADDRESS, {"carried": carried, button: "1"})


def _numbers() -> set[str]:
    return set(models.Membership.objects.values_list("number", flat=True))


def test_a_file_is_previewed_and_linked_when_that_is_confirmed(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "ada,M-1", "nobody,M-2")
    assert "there is no such account" in text_of(previewed)
    assert not models.Membership.objects.exists()
    answer = _confirm(client, previewed)
    assert "1 account was linked to its member number." in text_of(answer)
    linked = models.Membership.objects.get()
    assert (linked.number, linked.verified_by) == ("M-1", "desk")


def test_all_or_nobody_is_a_button_of_its_own(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "ada,M-1", "nobody,M-2")
    answer = _confirm(client, previewed, "all_or_nothing")
    assert "0 accounts were linked" in text_of(answer)
    assert not models.Membership.objects.exists()


def test_another_number_is_replaced_where_that_is_ticked(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    _confirm(client, _give(client, guild, "ada,M-1"))
    assert "somebody must decide" in text_of(_give(client, guild, "ada,M-2"))
    _confirm(client, _give(client, guild, "ada,M-2", replace="on"))
    assert _numbers() == {"M-2"}


def test_the_page_says_of_rows_and_columns_and_repeats_nothing_of_them(
    guild: models.Organization,
) -> None:
    answer = _give(administrator(*MAY, of=guild), guild, "lea@example.org,M-77")
    html = text_of(answer).replace(answer.context["carried"], "")
    assert "lea@example.org" not in html
    assert "M-77" not in html


def test_a_file_that_is_none_is_told_in_the_readers_language(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    answer = client.post(
        ADDRESS, {"organization": guild.pk, "file": SimpleUploadedFile("x.csv", b"\xff\xfe\x00")}
    )
    assert "save it as CSV UTF-8" in text_of(answer)
    assert not answer.context["some"]
    large = SimpleUploadedFile("x.csv", b"a" * 1_000_001)
    answer = client.post(ADDRESS, {"organization": guild.pk, "file": large})
    assert "larger than 1000000 bytes" in text_of(answer)


def test_an_officer_imports_into_their_own_organization_alone(guild: models.Organization) -> None:
    club = factories.organization("club", "Club")
    client = administrator(*MAY, of=club)
    answer = _give(client, guild, "ada,M-1")
    assert answer.context["form"].errors["organization"]
    root = administrator(*MAY, name="everywhere")
    previewed = _give(root, guild, "ada,M-1")
    answer = _confirm(client, previewed)
    assert "can no longer be used" in text_of(answer), "somebody else looked at it"
    assert not models.Membership.objects.exists()


def test_whoever_was_dismissed_meanwhile_imports_nothing(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "ada,M-1")
    models.Officer.objects.all().delete()
    assert "can no longer be used" in text_of(_confirm(client, previewed))
    assert not models.Membership.objects.exists()


def test_a_preview_that_was_touched_is_refused(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    answer = client.post(
        ADDRESS, {"carried": "x" + _give(client, guild, "ada,M-1").context["carried"]}
    )
    assert "can no longer be used" in text_of(answer)


@pytest.mark.parametrize("permissions", [(), ("add_membership",), ("change_membership",)])
def test_it_takes_the_permissions_to_add_and_to_correct(
    guild: models.Organization, permissions: tuple[str, ...]
) -> None:
    client = administrator(*permissions, of=guild)
    assert client.get(ADDRESS).status_code == 403
    assert _give(client, guild, "ada,M-1").status_code == 403


def test_the_list_of_memberships_leads_to_it(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    assert ADDRESS in text_of(client.get(page("membership")))
    assert "csrfmiddlewaretoken" in fields_of(client, ADDRESS)


def test_whatever_can_be_wrong_has_words_on_the_page() -> None:
    assert set(WHYS) == {*Why, DAYS_TURNED}
    assert set(OUTCOMES) == set(Outcome)
