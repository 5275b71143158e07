"""What one version of a credit table says otherwise than another, line by line."""

from cec_plugin import models
from cec_plugin.domain.differences import Difference, Line, differing, line
from cec_plugin.selectors.tables import rules_of, terms_of


def differences(before: models.Schedule, after: models.Schedule) -> list[Difference]:
    """Return what ``after`` says otherwise than ``before``: terms, caps, rules and bonuses."""
    return differing(_lines(before), _lines(after))


def last_word(organization_id: int) -> models.Schedule | None:
    """Return the active version that goes before every other from its own date on."""
    active = models.Schedule.objects.filter(
        organization_id=organization_id, activated_at__isnull=False
    )
    return active.order_by("-effective_from", "-version").first()


def newest_draft(organization_id: int, *, besides: int) -> models.Schedule | None:
    """Return the newest draft, apart from one."""
    drafts = models.Schedule.objects.filter(
        organization_id=organization_id, activated_at__isnull=True
    )
    return drafts.exclude(pk=besides).order_by("-version").first()


def _lines(schedule: models.Schedule) -> dict[str, Line]:
    rules, whole = rules_of(schedule.pk)
    terms = terms_of(schedule)
    found: dict[str, Line] = {
        "table": {
            "title": schedule.title,
            "in force from": schedule.effective_from.isoformat(),
        },
        "terms": line(terms, without=frozenset({"caps"})),
    }
    found |= {f"cap {one.code}": line(one, without=frozenset({"code"})) for one in terms.caps}
    for rule in sorted(rules, key=lambda one: one.code):
        found[f"rule {rule.code}"] = line(rule, without=frozenset({"code", "bonuses"}))
        for role, bonus in sorted(rule.bonuses.items()):
            found[f"rule {rule.code}, bonus of {role}"] = line(bonus)
    for role, bonus in sorted(whole.items()):
        found[f"bonus of {role}"] = line(bonus)
    return found
