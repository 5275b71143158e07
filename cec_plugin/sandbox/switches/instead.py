"""Switches that answer in the registry's place: nothing is read, nothing is written."""

from cec_plugin.sandbox.answers import OPAQUE
from cec_plugin.sandbox.faults import On, Switch
from cec_plugin.sandbox.switches.fault import Fault, Scene
from cec_plugin.sandbox.wire import Answer, Call, answer_error, answer_html, answer_json

LISTS = {("members",), ("credits",), ("credits", "batch")}
PORTAL = "<!doctype html><title>Welcome</title><h1>Member portal</h1><p>Please enable cookies."


def _server_error(_scene: Scene) -> Answer:
    return answer_error(500, "server_error", "Something went wrong.")


def _opaque_500(_scene: Scene) -> Answer:
    return answer_html(500, OPAQUE)


def _retry_after(scene: Scene) -> tuple[tuple[str, str], ...]:
    value = scene.switch.value
    return () if value is None else (("Retry-After", str(round(value))),)


def _too_many(scene: Scene) -> Answer:
    message = "Too many requests."
    return answer_error(429, "too_many_requests", message, headers=_retry_after(scene))


def _quota(_scene: Scene) -> Answer:
    return answer_error(403, "REQUEST_LIMIT_EXCEEDED", "The requests of this day are used up.")


def _unavailable(scene: Scene) -> Answer:
    return answer_error(503, "unavailable", "Down for maintenance.", headers=_retry_after(scene))


def _unauthorized(_scene: Scene) -> Answer:
    return answer_error(401, "unauthorized", "The credentials are not accepted.")


def _empty(scene: Scene) -> Answer:
    return answer_json(200, {"items": []} if scene.call.segments in LISTS else {})


def _login_redirect(_scene: Scene) -> Answer:
    return answer_html(
        302, "<!doctype html><title>Log in</title>", headers=(("Location", "/login"),)
    )


def _no_reverse(_scene: Scene) -> Answer:
    message = "This registry takes nothing back."
    return answer_error(405, "method_not_allowed", message, headers=(("Allow", ""),))


def _is_reversal(call: Call, _switch: Switch) -> bool:
    match call.method, call.segments:
        case "POST", ("credits", _, "reverse"):
            return True
    return False


def _html(_scene: Scene) -> Answer:
    return answer_html(200, PORTAL)


INSTEAD = (
    Fault(
        name="unavailable",
        effect=_unavailable,
        does="503, nothing written",
        seen_in="Any hosted registry under maintenance.",
        unit="s to retry after",
    ),
    Fault(
        name="too_many",
        effect=_too_many,
        does="429, nothing written",
        seen_in="Accredible: 2,000 requests in 5 minutes.",
        unit="s to retry after",
    ),
    Fault(
        name="quota_403",
        effect=_quota,
        does="403 with the code REQUEST_LIMIT_EXCEEDED, nothing written",
        seen_in="Salesforce: a quota that is used up looks like a lack of rights.",
    ),
    Fault(
        name="unauthorized",
        effect=_unauthorized,
        does="401, whatever the credentials are",
        seen_in="Any of them, once a key is revoked or a session has run out.",
    ),
    Fault(
        name="empty_without_credentials",
        effect=_empty,
        does="200 and nothing in it where credentials are missing or wrong",
        seen_in="CiviCRM: no credentials look like “member not found”.",
        applies=lambda call, _switch: call.caller is None,
    ),
    Fault(
        name="login_redirect",
        effect=_login_redirect,
        does="302 to a log-in page",
        seen_in="Portals that know sessions only, once the session has run out.",
    ),
    Fault(
        name="html",
        effect=_html,
        does="200 and a web page where JSON was due",
        seen_in="Any of them behind a firewall or a single sign-on that steps in.",
    ),
    Fault(
        name="server_error",
        effect=_server_error,
        does="500 in JSON, nothing written",
        seen_in="CiviCRM: an error in the data is a 500, too.",
        on=On.WRITE,
    ),
    Fault(
        name="opaque_500",
        effect=_opaque_500,
        does="500 and a web page, nothing written",
        seen_in="CiviCRM: no text unless the role may see debug output.",
        on=On.WRITE,
    ),
    Fault(
        name="no_reverse",
        effect=_no_reverse,
        does="405 to every reversal, nothing reversed",
        seen_in="YourMembership and CE Broker: what was sent cannot be taken back.",
        on=On.WRITE,
        applies=_is_reversal,
    ),
)
