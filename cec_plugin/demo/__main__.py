"""Run the demo: ``python -m cec_plugin.demo``, with ``--check`` to play, check and exit."""

import argparse
import os
import shutil
import signal
import sqlite3
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from cec_plugin.demo.processes import StartError, free_port, running, wait_for

WORKER = ("worker", "--beat", "--pool", "solo", "--loglevel", "INFO", "--without-mingle")


def main() -> int:
    """Set everything up, play the story, and either check it or stay up; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cec_plugin.demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="check the registry's data and exit")
    parser.add_argument("--home", type=Path, default=Path("var/demo"), help="where it keeps things")
    options = parser.parse_args()
    home = options.home.resolve()
    _begin_anew(home)
    registry_port = free_port(0 if options.check else 8099)
    web_port = free_port(0 if options.check else 8000)
    registry_url = f"http://127.0.0.1:{registry_port}"
    web_url = f"http://127.0.0.1:{web_port}"
    os.environ["CEC_DEMO_REGISTRY"] = registry_url
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with ExitStack() as stack:
            members = _set_up(registry_url)
            stack.enter_context(
                running(
                    "registry",
                    (
                        "cec_plugin.sandbox",
                        "--port",
                        str(registry_port),
                        "--db",
                        str(home / "registry.sqlite"),
                        *members,
                    ),
                    home=home,
                )
            )
            wait_for(f"{registry_url}/", name="registry", home=home)
            stack.enter_context(
                running(
                    "worker",
                    (
                        "celery",
                        "-A",
                        "cec_plugin.demo.celery",
                        *WORKER,
                        "--schedule",
                        str(home / "beat"),
                    ),
                    home=home,
                )
            )
            stack.enter_context(
                running(
                    "web",
                    ("django", "runserver", "--noreload", "--insecure", str(web_port)),
                    home=home,
                )
            )
            wait_for(f"{web_url}/", name="web", home=home)
            return _play(registry_url, web_url, stop, check=options.check)
    except StartError as error:
        print(f"The demo could not run: {error}", file=sys.stderr)
        return 1


def _begin_anew(home: Path) -> None:
    if home.exists():
        if not (home / "campus.sqlite").exists() and any(home.iterdir()):
            sys.exit(f"{home} holds something else: choose another folder with --home")
        shutil.rmtree(home)
    for folder in (home, home / "broker", home / "control"):
        folder.mkdir(parents=True)
    os.environ["CEC_DEMO_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "cec_plugin.demo.settings"
    with sqlite3.connect(home / "campus.sqlite") as database:
        # Readers and the one writer do not wait for one another; the file remembers it.
        database.execute("PRAGMA journal_mode=WAL")


def _set_up(registry_url: str) -> list[str]:
    """Migrate and seed the campus; return the registry's members as its arguments."""
    import django  # noqa: PLC0415 - the settings' folder stands only now

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from cec_plugin.demo.seed import MEMBERS, seed  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    seed(registry_url)
    return [part for number, name in MEMBERS.items() for part in ("--member", f"{number}:{name}")]


def _play(registry_url: str, web_url: str, stop: threading.Event, *, check: bool) -> int:
    from cec_plugin.demo.seed import PASSWORD  # noqa: PLC0415
    from cec_plugin.demo.story import StalledError, Story  # noqa: PLC0415
    from cec_plugin.demo.verdict import judge  # noqa: PLC0415
    from cec_plugin.sandbox.control import Control  # noqa: PLC0415

    def tell(line: str) -> None:
        print(line, flush=True)

    tell(f"The campus             {web_url}/")
    tell(f"The member registry    {registry_url}/")
    tell(f"Administration         {web_url}/admin/   (admin, {PASSWORD})")
    tell("")
    try:
        Story(tell).play()
    except StalledError as error:
        tell(f"The story stalled: {error}")
        return 1
    verdict = judge(Control(registry_url).data())
    tell("\nIn the registry's own data:")
    for line in (*verdict.table, *(f"WRONG: {fault}" for fault in verdict.faults)):
        tell(f"    {line}")
    tell("\nEach credit is there exactly once." if not verdict.faults else "\nThis is wrong.")
    if check:
        return 1 if verdict.faults else 0
    tell(f"\nNow you: {web_url}/ lets you finish another course. Ctrl-C ends it.")
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
