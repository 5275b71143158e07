"""Measure everything and fail when a limit is missed: ``python -m benchmarks``."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import django
from django.core.management import call_command

from benchmarks import report, servers
from tests.servers.redis_server import RedisServer

RESULT = servers.ROOT / "build" / "bench.json"
NAMES = ("decide", "settle", "rules", "deliver", "together", "claim", "progress", "preview")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; return the exit code."""
    options = _parser().parse_args(arguments)
    began = time.monotonic()
    with ExitStack() as stack:
        mariadb = stack.enter_context(servers.running_durable_mariadb())
        registry = stack.enter_context(servers.running_registry())
        redis = stack.enter_context(servers.running_redis())
        servers.point_django_at(mariadb)
        django.setup()
        call_command("migrate", verbosity=0)
        print(f"MariaDB {mariadb.version}, Redis {redis.version}, Django {django.__version__}")
        figures: list[report.Figure] = []
        for name, measure in _benchmarks(registry, redis).items():
            if name in options.only:
                print(f"{name} …", end=" ", flush=True)
                figures += measure()
                print(f"{time.monotonic() - began:.0f} s")
    print(report.table(figures))
    report.write(figures, RESULT)
    return 0 if all(figure.held for figure in figures) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, default=NAMES, help="measure these; all without it"
    )
    return parser


def _benchmarks(
    registry: servers.RegistryServer, redis: RedisServer
) -> dict[str, Callable[[], list[report.Figure]]]:
    # They import the models, which Django must know by then.
    from benchmarks import (  # noqa: PLC0415
        claiming,
        deciding,
        delivering,
        previewing,
        progressing,
        rules,
        settling,
        together,
        world,
    )

    here = world.build(registry.url)
    return {
        "decide": deciding.measure,
        "settle": lambda: settling.measure(here),
        "rules": lambda: rules.measure(here),
        "deliver": lambda: delivering.measure(here, registry, redis.url),
        "together": lambda: together.measure(here, registry, redis.url),
        "claim": claiming.measure,
        "progress": progressing.measure,
        "preview": previewing.measure,
    }


if __name__ == "__main__":
    sys.exit(main())
