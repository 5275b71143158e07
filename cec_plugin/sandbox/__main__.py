"""Run the sandbox registry: ``python -m cec_plugin.sandbox --member 1001:Ada``."""

import argparse
import ipaddress
import signal
import sys
import threading
from collections.abc import Sequence

from cec_plugin.sandbox.auth import Credentials
from cec_plugin.sandbox.records import Member
from cec_plugin.sandbox.server import Sandbox, running_sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a registry until it is told to stop; return the exit code."""
    options = _parser().parse_args(arguments)
    credentials = Credentials(
        api_key=options.api_key,
        user=options.user,
        password=options.password,
        client_id=options.client_id,
        client_secret=options.client_secret,
        token_lifetime_s=options.token_lifetime_s,
        hmac_secrets=tuple(options.hmac_secret or Credentials().hmac_secrets),
    )
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    try:
        with running_sandbox(
            db=options.db,
            host=options.host,
            port=options.port,
            credentials=credentials,
            members=options.member,
            seed=options.seed,
        ) as sandbox:
            _introduce(sandbox)
            stop.wait()
    except OSError as taken:
        print(f"The registry cannot listen at {options.host}:{options.port}: {taken}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    usual = Credentials()
    parser = argparse.ArgumentParser(prog="python -m cec_plugin.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=8099, help="0 takes a free one")
    parser.add_argument("--db", default=":memory:", help="file to keep the data in")
    parser.add_argument(
        "--member", type=_member, action="append", default=[], metavar="NUMBER:NAME"
    )
    parser.add_argument("--seed", type=int, default=0, help="makes probabilities repeatable")
    parser.add_argument("--api-key", default=usual.api_key)
    parser.add_argument("--user", default=usual.user)
    parser.add_argument("--password", default=usual.password)
    parser.add_argument("--client-id", default=usual.client_id)
    parser.add_argument("--client-secret", default=usual.client_secret)
    parser.add_argument("--token-lifetime-s", type=int, default=usual.token_lifetime_s)
    parser.add_argument(
        "--hmac-secret", action="append", metavar="SECRET", help="give two while one takes over"
    )
    return parser


def _member(text: str) -> Member:
    number, colon, name = text.partition(":")
    if not (number and colon and name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NUMBER:NAME")
    return Member(number=number, name=name)


def _introduce(sandbox: Sandbox) -> None:
    accepted = sandbox.credentials
    print(f"Registry       {sandbox.url}")
    print(f"Page to watch  {sandbox.url}/")
    print(f"Control        {sandbox.url}/_sandbox/  (from this machine only)")
    print(f"API key        X-Api-Key: {accepted.api_key}")
    print(f"Basic          {accepted.user}:{accepted.password}")
    print(f"Client         {accepted.client_id}:{accepted.client_secret} at POST /oauth/token")
    print(f"Signature      {' or '.join(accepted.hmac_secrets)}")
    host = sandbox.server.server_name
    if accepted == Credentials() and not ipaddress.ip_address(host).is_loopback:
        print("Others can reach it, and it accepts the credentials that everybody can read.")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
