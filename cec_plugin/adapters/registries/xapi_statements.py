"""Credits as xAPI statements: what we say to a learning record store, and what it says of them.

A store refuses another content under an id that it knows. So a statement depends on the credit
alone, and never on when it is sent.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.domain.credits import fixed_hundredths, parse_hundredths
from cec_plugin.domain.ports import Held, Posting, Retraction
from cec_plugin.exceptions import InvalidFigureError

NAMESPACE = UUID("db155cbd-63f3-430f-b8f6-b9b155104068")
"""Ours, for ever: with another one nothing that was sent would be found again."""

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
IN_AN_IRI = "/:@!$&'()*+,;=~"
"""What of an activity's key stays as it is. A course key has colons and pluses."""

ANOTHER = "(not in the members' directory)"
"""The number of an account elsewhere: no member's."""

Statement = Mapping[str, Any]


def award_id(reference: str) -> str:
    """Return the id of the statement that a credit with this reference is."""
    return str(uuid5(NAMESPACE, reference))


def void_id(reference: str) -> str:
    """Return the id of the statement that takes back the credit with this reference."""
    return str(uuid5(NAMESPACE, f"void:{reference}"))


def award(posting: Posting, options: XapiOptions) -> dict[str, Any]:
    """Return a credit as a statement."""
    definition: dict[str, Any] = {"type": options.activity_type}
    if posting.title:
        definition["name"] = {options.language: posting.title}
    return {
        "id": award_id(posting.reference),
        "actor": _account(options.home_page, posting.member_number),
        "verb": {"id": options.verb, "display": {options.language: options.verb_name}},
        "object": {
            "objectType": "Activity",
            "id": options.activity_prefix + quote(posting.activity, safe=IN_AN_IRI),
            "definition": definition,
        },
        "result": {
            "extensions": {
                options.extension: {
                    "reference": posting.reference,
                    "amount": fixed_hundredths(posting.hundredths),
                    "unit": posting.unit,
                    "credit_type": posting.credit_type,
                    "role": posting.role,
                    "earned_on": posting.earned_on.isoformat(),
                }
            }
        },
        "timestamp": _beginning_of(posting.earned_on),
    }


def void(retraction: Retraction, options: XapiOptions) -> dict[str, Any]:
    """Return the taking back of a credit as a statement.

    It says no date: ours moves from one attempt to the next, and the store puts down its own.
    """
    return {
        "id": void_id(retraction.reference),
        "actor": our_account(options),
        "verb": {"id": VOIDED, "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": award_id(retraction.reference)},
        "context": {
            "extensions": {
                options.extension: {
                    "reference": retraction.reference,
                    "own_reference": retraction.own_reference,
                    "reason": retraction.reason,
                }
            }
        },
    }


def our_account(options: XapiOptions) -> dict[str, Any]:
    """Return who takes credits back."""
    return _account(options.site, options.account)


def target_of(statement: Statement) -> str:
    """Return the id of the statement that this one takes back, empty where it takes back none."""
    if _at(statement, "verb", "id") != VOIDED:
        return ""
    if _at(statement, "object", "objectType") != "StatementRef":
        return ""
    return id_of(statement["object"])


def id_of(statement: Statement) -> str:
    """Return the id of a statement as we write it."""
    return str(statement.get("id") or "").lower()


def reference_in(statement: Statement, options: XapiOptions) -> str:
    """Return our reference in a statement, empty where it is none of ours."""
    for place in ("result", "context"):
        said = _at(statement, place, "extensions", options.extension, "reference")
        if said and isinstance(said, str):
            return said
    return ""


def held(statement: Statement, options: XapiOptions, *, reversed_: bool) -> Held:
    """Return what a statement says of a credit."""
    try:
        amount = _at(statement, "result", "extensions", options.extension, "amount")
        hundredths = parse_hundredths(amount if isinstance(amount, int) else str(amount))
    except InvalidFigureError:
        hundredths = 0  # an amount nobody can read is not the one that was sent
    there = _at(statement, "actor", "account", "homePage") == options.home_page
    return Held(
        remote_id=id_of(statement),
        hundredths=hundredths,
        reversed=reversed_,
        member_number=str(_at(statement, "actor", "account", "name")) if there else ANOTHER,
        reference=reference_in(statement, options),
    )


def _account(home_page: str, name: str) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": name}}


def _beginning_of(day: date) -> str:
    # Not noon: a credit that is sent the same morning would be of the future, which a store may
    # refuse. The day as such stands beside the amount.
    return f"{day.isoformat()}T00:00:00Z"


def _at(statement: Any, *names: str) -> Any:
    """Return what stands in JSON under these names; they hold dots, so there is no path of them."""
    for name in names:
        if not isinstance(statement, Mapping):
            return None
        statement = statement.get(name)
    return statement
