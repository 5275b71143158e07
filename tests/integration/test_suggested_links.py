"""Links that a list of addresses suggests: shown, chosen by an officer, and the list forgotten."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cec_plugin import models
from cec_plugin.selectors.addresses import Match
from cec_plugin.wording.sheets import MATCHES
from tests import factories
from tests.integration.admin_visits import administrator, page, text_of

pytestmark = pytest.mark.django_db

ADDRESS = page("membership", what="suggested")
MAY = ("add_membership", "change_membership", "view_membership")


@pytest.fixture(autouse=True)
def guild(settings: Any) -> models.Organization:
    settings.CEC_PLATFORM = "cec_plugin.adapters.platform.LmsPlatform"
    for name in ("ada", "grace", "zoe"):
        factories.user(name)
    return factories.organization()


def _give(client: Client, of: models.Organization, *rows: str) -> Any:
    text = "member_number,email\n" + "\n".join(rows) + "\n"
    file = SimpleUploadedFile("list.csv", text.encode())
    return client.post(ADDRESS, {"organization": of.pk, "file": file})


def _link(client: Client, previewed: Any, *chosen: int) -> Any:
    return client.post(ADDRESS, {"carried": previewed.context["carried"], "chosen": chosen})


def _told(previewed: Any) -> dict[str, int]:
    return {str(words): count for words, count in previewed.context["counts"]}


def _numbers() -> set[str]:
    return set(models.Membership.objects.values_list("number", flat=True))


def _linked(name: str, of: models.Organization, number: str) -> None:
    subject = str(get_user_model().objects.get(username=name).pk)
    factories.prepare.identity(site="tests", subject=subject)
    factories.link(subject, of, number)


def test_what_is_suggested_is_linked_when_it_is_chosen(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "M-1,ADA@example.org", "M-2,grace@example.org")
    html = text_of(previewed)
    assert "M-1" in html
    assert ">ada<" in html
    assert not models.Membership.objects.exists()
    assert not models.Person.objects.filter(memberships__isnull=False).exists()
    answer = _link(client, previewed, 1)
    assert "1 account was linked to its member number." in text_of(answer)
    linked = models.Membership.objects.get()
    assert (linked.number, linked.verified_by) == ("M-2", "desk")


def test_every_other_row_has_its_reason_and_suggests_nothing(guild: models.Organization) -> None:
    _linked("zoe", guild, "M-9")
    get_user_model().objects.filter(username="grace").update(is_active=False)
    factories.user("twin")
    get_user_model().objects.filter(username="twin").update(email="ada2@example.org")
    factories.user("twin2")
    get_user_model().objects.filter(username="twin2").update(email="ADA2@example.org")
    previewed = _give(
        administrator(*MAY, of=guild),
        guild,
        "M-1,nobody@example.org",
        "M-2,grace@example.org",  # never confirmed
        "M-3,ada2@example.org",  # two accounts
        "M-9,zoe@example.org",
        "M-9,ada@example.org",
        ",ada@example.org",
    )
    told = _told(previewed)
    assert not previewed.context["suggested"]
    assert told == {
        str(MATCHES[Match.NOBODY]): 2,
        str(MATCHES[Match.SEVERAL]): 1,
        str(MATCHES[Match.TAKEN]): 1,
        str(MATCHES[Match.TWICE]): 1,
        str(MATCHES[Match.FAULT]): 1,
    }


def test_who_has_a_number_here_is_told_apart_and_left(guild: models.Organization) -> None:
    _linked("zoe", guild, "M-9")
    client = administrator(*MAY, of=guild)
    assert _told(_give(client, guild, "M-9,zoe@example.org")) == {str(MATCHES[Match.UNCHANGED]): 1}
    assert _told(_give(client, guild, "M-8,zoe@example.org")) == {
        str(MATCHES[Match.OTHER_NUMBER]): 1
    }
    lake = factories.organization("lake", "Lake")
    everywhere = administrator(*MAY, name="everywhere")
    assert _told(_give(everywhere, lake, "M-8,zoe@example.org")) == {
        str(MATCHES[Match.SUGGESTED]): 1
    }


def test_rows_with_one_number_or_one_address_suggest_nothing(guild: models.Organization) -> None:
    previewed = _give(
        administrator(*MAY, of=guild),
        guild,
        "M-1,ada@example.org", "M-2,ADA@example.org",
        "M-3,grace@example.org", "M-3,zoe@example.org",
    )  # fmt: skip
    assert _told(previewed) == {str(MATCHES[Match.TWICE]): 4}


def test_no_address_is_kept_or_shown(guild: models.Organization) -> None:
    get_user_model().objects.filter(username="ada").update(email="lovelace@old.example")
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "M-1,lovelace@old.example", "M-2,nobody@old.example")
    assert "old.example" not in text_of(previewed)
    assert "old.example" not in str(client.session.items())
    _link(client, previewed, 0)
    assert _numbers() == {"M-1"}


def test_what_was_linked_meanwhile_is_left_and_told(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "M-1,ada@example.org", "M-2,grace@example.org")
    _linked("ada", guild, "M-7")
    _linked("zoe", guild, "M-2")
    answer = text_of(_link(client, previewed, 0, 1))
    assert "Linked another way meanwhile, and left as they are: 2." in answer
    assert _numbers() == {"M-7", "M-2"}


def test_only_what_the_list_suggested_can_be_chosen(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    previewed = _give(client, guild, "M-1,ada@example.org")
    _link(client, previewed, 7)
    assert not models.Membership.objects.exists()
    other = administrator(*MAY, name="other", of=guild)
    assert "can no longer be used" in text_of(_link(other, previewed, 0))
    models.Officer.objects.all().delete()
    assert "can no longer be used" in text_of(_link(client, previewed, 0))
    assert not models.Membership.objects.exists()


def test_more_than_a_page_can_send_is_linked_a_part_at_a_time(guild: models.Organization) -> None:
    users = get_user_model()
    users.objects.bulk_create(
        users(username=f"m{n}", email=f"m{n}@example.org") for n in range(501)
    )
    client = administrator(*MAY, of=guild)
    rows = [f"N-{n},m{n}@example.org" for n in range(501)]
    previewed = _give(client, guild, *rows)
    assert (len(previewed.context["suggested"]), previewed.context["left"]) == (500, 1)
    assert "1 more is suggested" in text_of(previewed)
    ticked = [0, 1, 2, *range(1000, 1497)]  # as many fields as the page can send; three are links
    assert "3 accounts were linked" in text_of(_link(client, previewed, *ticked))
    again = _give(client, guild, *rows)
    assert (len(again.context["suggested"]), again.context["left"]) == (498, 0)


@pytest.mark.parametrize("permissions", [(), ("add_membership",), ("change_membership",)])
def test_it_takes_the_permissions_to_add_and_to_correct(
    guild: models.Organization, permissions: tuple[str, ...]
) -> None:
    client = administrator(*permissions, of=guild)
    assert client.get(ADDRESS).status_code == 403
    assert _give(client, guild, "M-1,ada@example.org").status_code == 403


def test_the_list_of_memberships_leads_to_it(guild: models.Organization) -> None:
    client = administrator(*MAY, of=guild)
    assert ADDRESS in text_of(client.get(page("membership")))
    assert "The addresses are not kept." in text_of(client.get(ADDRESS))
    assert set(MATCHES) == set(Match)
