"""Whether credits flow, for monitoring."""

from dataclasses import asdict
from datetime import UTC, datetime

from rest_framework.request import Request
from rest_framework.response import Response

from cec_plugin.rest_api.v1.access import OperatorView
from cec_plugin.selectors.health import health
from cec_plugin.services.jobs import JOBS
from cec_plugin.wording.flow import problems


class HealthView(OperatorView):
    """Registries, notices that wait and periodic jobs; ``problems`` says in words what is wrong.

    Always 200: that the question was answered is one thing, what the answer is another.
    """

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Return how things stand now."""
        found = health(every={job.name: job.every for job in JOBS}, now=datetime.now(UTC))
        wrong = list(problems(found))
        return Response({"ok": not wrong, "problems": wrong, **asdict(found)})
