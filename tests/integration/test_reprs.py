"""What a traceback shows of our objects says neither a secret nor whose record it is."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest
from requests.auth import AuthBase

from cec_plugin.adapters.registries.auth import auth_from
from cec_plugin.conf import get_settings
from cec_plugin.domain.holdings import Row
from cec_plugin.domain.members import AddressRow, MemberRow
from cec_plugin.domain.platform import AccountFacts
from cec_plugin.domain.ports import Held, Known, Posting
from cec_plugin.domain.roster import RosterRow
from cec_plugin.domain.sheets import Line
from cec_plugin.selectors.addresses import Match, Suggested
from cec_plugin.services.link_suggested import Chosen

NUMBER, NAME, EMAIL, SECRET = "QUILL/O-77", "Octavia Quill", "octavia@example.org", "hush-key"
ACCOUNT = AccountFacts(subject="7", username="octavia", name=NAME)
DAY = date(2026, 3, 1)

POSTING = Posting(
    reference="r", member_number=NUMBER, activity="a", title="t", credit_type="cec",
    hundredths=100, unit="hours", earned_on=DAY, role="learner",
)  # fmt: skip
ROW = RosterRow(**{one.name: getattr(POSTING, one.name) for one in fields(POSTING)})


@pytest.mark.parametrize(
    "shown",
    [
        POSTING,
        ROW,
        Held(remote_id="1", hundredths=100, reversed=False, member_number=NUMBER),
        Known(number=NUMBER),
        ACCOUNT,
        MemberRow(number=2, account=EMAIL, member_number=NUMBER, valid_from=None, valid_until=None),
        AddressRow(number=2, member_number=NUMBER, email=EMAIL),
        Row(
            number=2,
            account=EMAIL,
            member_number=NUMBER,
            designation="d",
            organization="o",
            certificate="",
            conferred_on=DAY,
            status=None,
            since=None,
            reason="",
        ),
        Line(number=2, cells={"account": EMAIL}, is_longer=False),
        Suggested(row=2, match=Match.SUGGESTED, number=NUMBER, account=ACCOUNT),
        Chosen(subject="7", number=NUMBER),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_nobody_is_named(shown: Any) -> None:
    for unsaid in ("quill", "octavia", "o-77"):
        assert unsaid not in repr(shown).lower()


def test_no_secret_of_the_settings_is_told(settings: Any) -> None:
    settings.CEC_SECRETS = {"guild": {"key": SECRET}}
    settings.CEC_REDIS_URL = "redis://:hush-redis@cache/0"
    assert "hush" not in repr(get_settings())
    assert get_settings().secrets["guild"]["key"] == SECRET


@pytest.mark.parametrize("kind", ["header", "basic", "oauth2", "hmac"])
def test_no_way_to_say_who_we_are_tells_its_secret(kind: str) -> None:
    parts = ("key", "user", "password", "client_id", "client_secret", "key_id", "current", "next")
    made: AuthBase = auth_from(
        kind, dict.fromkeys(parts, SECRET), header="X-Key", token_url="https://x/", timeout_s=1
    )
    assert SECRET not in repr(made)
