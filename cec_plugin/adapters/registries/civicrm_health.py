"""Whether a CiviCRM can be used: who we are, and that each name in our options is known there.

Its 200 proves nothing: without credentials it shows nothing and complains of nothing, and a name
that it does not know is left out. So what is asked for is what must be there.
"""

from collections.abc import Iterable

from cec_plugin.adapters.registries.civicrm_api import Api4
from cec_plugin.adapters.registries.civicrm_contacts import Contacts
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.domain.delivery import Outcome
from cec_plugin.domain.ports import Health

LISTS = ("activity_type_id", "status_id")


def health(api: Api4, options: CivicrmOptions, contacts: Contacts) -> Health:
    """Ask for ourselves, for other contacts, for credits, and for all that our options name."""
    ourselves = contacts.ourselves()
    if isinstance(ourselves, Outcome):
        return Health(ok=False, caller="", detail=ourselves.reason)
    entities: dict[str, bool] = {}
    details: list[str] = []

    def found(name: str, *, answer: bool | Outcome, otherwise: str = "") -> None:
        entities[name] = answer is True
        if answer is not True:
            details.append(answer.reason if isinstance(answer, Outcome) else otherwise)

    found(
        "Contact",
        answer=_sees_members(api, options, ourselves),
        otherwise=f"it shows no other contact that has {options.number_field!r}",
    )
    found("Activity", answer=_sees_credits(api, options))
    if options.memberships:
        current = contacts.is_current(ourselves)
        found("Membership", answer=current if isinstance(current, Outcome) else True)
    if options.source_contact_id:
        source = options.source_contact_id
        found(
            "source contact",
            answer=_has_contact(api, source),
            otherwise=f"it has no contact {source}",
        )
    known = _known(api, options)
    for name in _wanted(options):
        answer = known if isinstance(known, Outcome) else name in known
        found(name, answer=answer, otherwise=f"it does not know {name!r}")
    return Health(
        ok=all(entities.values()),
        caller=f"contact {ourselves}",
        detail="; ".join(dict.fromkeys(details)),
        entities=entities,
    )


def _has_contact(api: Api4, contact_id: int) -> bool | Outcome:
    """Say whether there is a contact with this id."""
    rows = api.read("Contact", {"select": ["id"], "where": [["id", "=", contact_id]], "limit": 1})
    return rows if isinstance(rows, Outcome) else bool(rows)


def _sees_members(api: Api4, options: CivicrmOptions, ourselves: int) -> bool | Outcome:
    where = [[options.number_field, "IS NOT NULL"], ["id", "!=", ourselves]]
    rows = api.read("Contact", {"select": ["id"], "where": where, "limit": 1})
    return rows if isinstance(rows, Outcome) else bool(rows)


def _sees_credits(api: Api4, options: CivicrmOptions) -> bool | Outcome:
    where = [["activity_type_id:name", "=", options.activity_type]]
    rows = api.read("Activity", {"select": ["id"], "where": where, "limit": 1})
    return rows if isinstance(rows, Outcome) else True  # there may be none yet


def _wanted(options: CivicrmOptions) -> Iterable[str]:
    yield from options.activity_fields
    yield f"activity_type_id: {options.activity_type}"
    yield f"status_id: {options.standing_status}"
    yield f"status_id: {options.reversed_status}"


def _known(api: Api4, options: CivicrmOptions) -> set[str] | Outcome:
    """Return which of our fields and options there are."""
    params = {
        "select": ["name", "options"],
        "where": [["name", "IN", [*options.activity_fields, *LISTS]]],
        "loadOptions": ["id", "name"],
    }
    rows = api.read("Activity", params, action="getFields")
    if isinstance(rows, Outcome):
        return rows
    known: set[str] = set()
    for row in rows:
        name, listed = str(row.get("name")), row.get("options")
        known.add(name)
        if isinstance(listed, list):
            known |= {f"{name}: {one.get('name')}" for one in listed if isinstance(one, dict)}
    return known
