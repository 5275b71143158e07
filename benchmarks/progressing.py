"""What the progress of somebody with 5,000 credits costs, against fetching and adding them up.

The floor reads the same lines through the ORM, as rows of the columns that progress needs, and
adds up their hundredths.
"""

from datetime import UTC, date, datetime, timedelta

from benchmarks.measure import Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from cec_plugin import models
from cec_plugin.domain.keys import digest
from cec_plugin.models.ledger import EntryKind
from cec_plugin.selectors.progress import standings

CREDITS = 5000
ACTIVITIES = 200
ROUNDS = 40
WARM_UP = 3
LIMIT = 3.0
BEGAN = datetime(2021, 1, 1, 12, tzinfo=UTC)
CONFERRED = date(2020, 6, 15)
ON = date(2026, 3, 1)


def measure() -> list[Figure]:
    """Measure a designation of three years with a maximum, a minimum and a spread."""
    holding = _holding()
    person_id = holding.person_id

    def reckon(_: int) -> None:
        (found,) = standings(person_id, on=ON)
        assert sum(len(one.credits) for one in found.cycles) == CREDITS

    def add_up(_: int) -> None:
        rows = models.CreditEntry.objects.filter(
            account__person_id=person_id, reversed_by__isnull=True
        ).values_list("id", "participation__activity__key", "hundredths", "earned_at")
        assert sum(hundredths for _, _, hundredths, _ in rows) == CREDITS * 10

    seconds = in_turn(
        [Rival(name="progress", run=reckon), Rival(name="sum", run=add_up)],
        rounds=ROUNDS,
        warm_up=WARM_UP,
    )
    return [
        Figure(
            name=f"progress over {CREDITS:,} credits / fetching and adding them up",
            ratio=ratio(seconds["progress"], seconds["sum"]),
            unit=Unit.TIME,
            limit=LIMIT,
        )
    ]


def _holding() -> models.Holding:
    guild = models.Organization.objects.create(
        code="progress", name="Progress", time_zone="America/Toronto"
    )
    person = models.Person.objects.create()
    identity = models.Identity.objects.create(
        key=digest("progress"), site="bench", subject="progress", person=person
    )
    account = models.Account.objects.create(person=person, organization=guild)
    activities = models.Activity.objects.bulk_create(
        models.Activity(key_digest=digest("progress", str(n)), site="bench", key=f"progress-{n}")
        for n in range(ACTIVITIES)
    )
    activities = list(models.Activity.objects.filter(key__startswith="progress-"))
    tags = [models.Tag.objects.create(organization=guild, code=code, label=code) for code in "abcd"]
    table = models.Schedule.objects.create(organization=guild, version=1, effective_from=CONFERRED)
    for number, activity in enumerate(activities):  # every other tag hangs on a rule
        tag = tags[number % len(tags)]
        on_rule = [tag.code] if number % 2 else []
        models.Rule.objects.create(
            schedule=table, code=f"r{number}", selector="run", pattern=activity.key, tags=on_rule
        )
        if not on_rule:
            tag.activities.add(activity)
    models.Participation.objects.bulk_create(
        models.Participation(
            key=digest("progress", "participation", str(n)),
            identity=identity,
            activity=activities[n % ACTIVITIES],
            role="learner",
            stands=True,
            earned_at=BEGAN,
        )
        for n in range(CREDITS)
    )
    held = models.Participation.objects.filter(identity=identity).order_by("pk")
    models.CreditEntry.objects.bulk_create(
        models.CreditEntry(
            account=account,
            participation=one,
            kind=EntryKind.AWARD,
            schedule=table,
            line=f"r{number % ACTIVITIES}",
            credit_type="cec",
            hundredths=10,
            earned_at=BEGAN + timedelta(hours=8 * number),
            recorded_at=BEGAN,
            natural_key=digest("progress", "entry", str(number)),
        )
        for number, one in enumerate(held)
    )
    designation = models.Designation.objects.create(
        organization=guild, code="x", name="X", months=36, target_hundredths=20_000
    )
    designation.requirements.create(kind="maximum", code="a", hundredths=4000, tags=["a"])
    designation.requirements.create(kind="minimum", code="b", hundredths=2000, tags=["b"])
    designation.requirements.create(
        kind="spread", code="s", hundredths=1000, needed=3, tags=["a", "b", "c", "d"]
    )
    return models.Holding.objects.create(
        person=person, designation=designation, conferred_on=CONFERRED
    )
