"""Settings of the site in the storm: everything that waits, waits for moments."""

import os

from tests.settings import *  # noqa: F403 - the test project, in a hurry

CEC_LEASE_S = 8
CEC_REDIS_URL = os.environ["CEC_TEST_BROKER_URL"]
CEC_POLICY = {
    "base_s": 0.3,
    "cap_s": 2.0,
    "grace_s": 1.5,
    "member_wait_s": 1.0,
    "member_looks": 1000,
    "quiet_s": 0.5,
    "quiet_cap_s": 2.0,
    "receipt_wait_s": 1.0,
    "receipt_looks": 1000,
    "ask_again_s": 1.0,
}
CEC_SECRETS = {"chaos": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}}
