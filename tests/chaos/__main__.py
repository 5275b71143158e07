"""Run the storm and print the verdict; exit code 0 only if every credit is there exactly once."""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import django
from django.core.management import call_command

from tests.chaos.stage import WORKERS, Stage, running_stage
from tests.chaos.storm import Killer, Storm
from tests.chaos.story import Happening, fates, happenings, reserve

CALM_S = 0.5
PACE_S = 0.03
HELP_EVERY = 5
SPARE = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one storm for each seed; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--credits", type=int, default=300)
    parser.add_argument("--kill-every-s", type=float, default=6.0)
    parser.add_argument("--patience-s", type=float, default=600.0)
    options = parser.parse_args(arguments)
    if len(options.seed) > 1:
        return _one_by_one(options)
    with running_stage(seed=options.seed[0]) as stage:
        django.setup()
        call_command("migrate", verbosity=0)
        return _storm(stage, options)


def _one_by_one(options: argparse.Namespace) -> int:
    """Run each seed in a process of its own: Django knows one database for its life."""
    import subprocess  # noqa: PLC0415

    worst = 0
    for seed in options.seed:
        worst = max(
            worst,
            subprocess.run(
                [
                    sys.executable, "-m", "tests.chaos", "--seed", str(seed),
                    "--credits", str(options.credits),
                    "--kill-every-s", str(options.kill_every_s),
                    "--patience-s", str(options.patience_s),
                ],
                check=False,
            ).returncode,
        )  # fmt: skip
    return worst


def _storm(stage: Stage, options: argparse.Namespace) -> int:
    # They import the models, which Django must know by then.
    from tests.chaos import site, verdict  # noqa: PLC0415

    seed = options.seed[0]
    began = time.monotonic()
    drawn = fates(seed=seed, credits_=options.credits)
    spare = [reserve(number) for number in range(SPARE)]
    late = site.build([*drawn, *spare], registry_url=stage.registry_url, control=stage.control)
    storm = Storm(stage=stage, dice=random.Random(seed))
    cron = site.Cron(every_s=CALM_S)
    killer = Killer(stage, random.Random(seed + 1), every_s=options.kill_every_s)
    for _ in range(WORKERS):
        stage.crew.start()
    storm.rise()
    cron.start()
    killer.start()
    _let_happen(storm, list(happenings(drawn, seed=seed)))
    while storm.help_on() and spare:
        extra = spare.pop()
        drawn.append(extra)
        for one in happenings([extra], seed=seed):
            site.happen(one)
            site.wait_for_delivery(one, at_most_s=4.0)
    for number in late:
        stage.control.add_member(number, f"Member {number}")
    patient = _until_calm(stage, deadline=began + options.patience_s)
    killer.stop()
    storm.abate()
    requeued = _an_administrator_looks()
    calm = _until_calm(stage, deadline=time.monotonic() + options.patience_s / 2)
    cron.stop()
    hits = dict(stage.control.hits())
    found = list(verdict.faults(drawn, stage.control.data()))
    found += [f"no call ever met {name}" for name in verdict.never_struck(hits, storm.expected)]
    _tell(storm, options, hits=hits, requeued=requeued, seconds=time.monotonic() - began)
    for fault in found[:40]:
        print(f"  WRONG {fault}")
    if found:
        print(stage.crew.logs()[-6000:])
    whole = patient and calm and not found
    print(f"seed {seed}: {'every credit exactly once' if whole else f'{len(found)} wrong'}")
    return 0 if whole else 1


def _let_happen(storm: Storm, story: list[Happening]) -> None:
    """Let the platform's events happen; meanwhile the broker and the database go and come."""
    from tests.chaos import site  # noqa: PLC0415

    for place, one in enumerate(story):
        site.happen(one)
        if place == len(story) // 3:
            storm.restart("redis")
        if place == 2 * len(story) // 3:
            storm.restart("database")
            storm.stage.crew.replace_the_dead()
        if place > len(story) // 2 and place % HELP_EVERY == 0:
            storm.help_on()
        time.sleep(PACE_S)


def _until_calm(stage: Stage, *, deadline: float) -> bool:
    """Wait until nothing is due, held for a while or unsettled; say whether that came to be."""
    from cec_plugin import models  # noqa: PLC0415

    while time.monotonic() < deadline:
        stage.crew.replace_the_dead()
        waiting = models.Delivery.objects.filter(state__in=["pending", "held"]).exclude(
            hold_code="predecessor"
        )
        unsettled = models.Notice.objects.filter(settled_at__isnull=True)
        if not waiting.exists() and not unsettled.exists():
            return True
        time.sleep(CALM_S)
    return False


def _an_administrator_looks() -> int:
    """Requeue what is parked for a reason that is over; return how many."""
    from cec_plugin import models  # noqa: PLC0415
    from cec_plugin.services.requeue import requeue  # noqa: PLC0415
    from tests.chaos.verdict import LOST  # noqa: PLC0415

    parked = models.Delivery.objects.filter(state="parked").exclude(reason__in=LOST)
    return requeue(list(parked.values_list("pk", flat=True)), now=datetime.now(UTC))


def _tell(
    storm: Storm,
    options: argparse.Namespace,
    *,
    hits: dict[str, int],
    requeued: int,
    seconds: float,
) -> None:
    from cec_plugin import models  # noqa: PLC0415

    attempts = Counter(models.Attempt.objects.values_list("result", flat=True))
    print(
        f"seed {options.seed[0]}: {options.credits} credits, {WORKERS} workers, "
        f"{storm.stage.crew.killed} killed, {storm.restarts} restarts, {seconds:.0f} s"
    )
    print("  attempts: " + ", ".join(f"{name} {count}" for name, count in sorted(attempts.items())))
    print("  faults: " + ", ".join(f"{name} {count}" for name, count in sorted(hits.items())))
    for registry in models.Registry.objects.all():
        print(
            f"  registry: paused {registry.paused} ({registry.paused_reason}), "
            f"quiet since {registry.quiet_since} ({registry.quiet_reason})"
        )
    print(f"  requeued by an administrator after the storm: {requeued}")


if __name__ == "__main__":
    sys.exit(main())
