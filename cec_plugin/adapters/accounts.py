"""Accounts as every Django site keeps them, and what a single sign-on keeps beside them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.functions import Lower

from cec_plugin.conf import get_settings
from cec_plugin.domain.members import address_key
from cec_plugin.domain.platform import AccountFacts

BATCH = 500
MAX_ID = 2**63 - 1
"""The greatest id that a database can hold; SQLite refuses even to compare with a greater one."""


class DjangoAccounts:
    """Accounts as every Django site keeps them; a subject is the user's id."""

    def find_account(self, text: str) -> AccountFacts | None:
        """Return the account with this user name, e-mail or id, the user name going first."""
        text = text.strip()
        user_id = user_id_of(text)
        users = get_user_model()._default_manager  # noqa: SLF001 - Django's documented way
        for lookup in (
            Q(username=text),
            Q(email__iexact=text),
            Q(pk=user_id) if user_id is not None else None,
        ):
            found = list(users.filter(lookup)[:2]) if lookup is not None and text else []
            if len(found) == 1:
                return _account(found[0])
        return None

    def accounts(self, subjects: Iterable[str]) -> dict[str, AccountFacts]:
        """Return the accounts by subject; one that is gone is absent."""
        ids = [pk for subject in subjects if (pk := user_id_of(subject)) is not None]
        users = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001
        return {str(user.pk): _account(user) for user in users}

    def office(self, subjects: Iterable[str]) -> set[str]:
        """Return which of these accounts are staff of the whole site, or match a test's name."""
        ids = [pk for subject in subjects if (pk := user_id_of(subject)) is not None]
        users = get_user_model()._default_manager.filter(pk__in=ids)  # noqa: SLF001
        return {
            str(user.pk)
            for user in users
            if user.is_staff or user.is_superuser or is_test(user.get_username())
        }

    def accounts_by_email(self, emails: Iterable[str]) -> dict[str, list[AccountFacts]]:
        """Return active accounts by e-mail: an account is active once its address was confirmed."""
        asked: dict[str, set[str]] = defaultdict(set)
        for email in emails:
            asked[address_key(email)].add(email)
        users = get_user_model()._default_manager.annotate(cec_email=Lower("email"))  # noqa: SLF001
        lowered = sorted({key.lower() for key in asked} | set(asked))
        found: dict[str, list[AccountFacts]] = defaultdict(list)
        for start in range(0, len(lowered), BATCH):
            rows = users.filter(is_active=True, cec_email__in=lowered[start : start + BATCH])
            for user in rows.order_by("pk"):
                # Databases differ in what they take for the same letters.
                for email in asked.get(address_key(user.email), ()):
                    found[email].append(_account(user))
        return dict(found)

    def sso_numbers(
        self, subjects: Iterable[str], *, provider: str, field: str
    ) -> Iterator[tuple[str, str]]:
        """Yield what python-social-auth keeps; nothing where it is not installed."""
        if not apps.is_installed("social_django"):
            return
        from social_django.models import UserSocialAuth  # noqa: PLC0415

        ids = [pk for subject in subjects if (pk := user_id_of(subject)) is not None]
        rows = UserSocialAuth.objects.filter(user_id__in=ids, provider=provider).order_by("pk")
        for user_id, uid, extra in rows.values_list("user_id", "uid", "extra_data"):
            if text := uid if field == "uid" else _extra(extra, field):
                yield str(user_id), text


def _extra(kept: Any, field: str) -> str:
    """Return a text or number of the extra data; SAML packs a single one into a list."""
    if isinstance(kept, str):  # older releases kept the text of it
        try:
            kept = json.loads(kept)
        except ValueError:
            return ""
    value = kept.get(field) if isinstance(kept, Mapping) else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if is_plain else ""


def is_test(username: str) -> bool:
    """Say whether a user name is that of a test."""
    return any(fnmatchcase(username, pattern) for pattern in get_settings().test_accounts)


def user_id_of(subject: str) -> int | None:
    """Return the user's id; None where the subject is none, as another site's may not be."""
    if not (subject.isascii() and subject.isdecimal()) or len(subject) > len(str(MAX_ID)):
        return None
    user_id = int(subject)
    return user_id if user_id <= MAX_ID and str(user_id) == subject else None


def name_of(user: Any) -> str:
    """Return the name on an account: an LMS keeps it in the profile; else the user name."""
    profile = getattr(user, "profile", None)
    return getattr(profile, "name", "") or user.get_full_name() or user.get_username()


def _account(user: Any) -> AccountFacts:
    return AccountFacts(
        subject=str(user.pk), username=user.get_username(), name=user.get_full_name()
    )
