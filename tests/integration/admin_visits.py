"""Visit Django's admin as an administrator with certain permissions, and fill in its forms."""

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from cec_plugin import models
from tests import factories


def administrator(
    *permissions: str, name: str = "desk", of: models.Organization | None = None, **fields: Any
) -> Client:
    """Log in somebody who may enter the admin and has these permissions of ours.

    They answer for the organization ``of`` alone, without one for every organization.
    """
    user = factories.user(name, is_staff=True, **fields)
    chosen = Permission.objects.filter(
        content_type__app_label="cec_plugin", codename__in=permissions
    )
    assert chosen.count() == len(permissions), "there is no such permission"
    user.user_permissions.set(chosen)
    if of is not None:
        factories.officer(str(user.pk), of)
    else:
        user.user_permissions.add(Permission.objects.get(codename="answer_everywhere"))
    client = Client()
    client.force_login(user)
    return client


def superuser(name: str = "root") -> Client:
    return administrator(name=name, is_superuser=True)


def page(model: str, pk: object = None, what: str = "") -> str:
    """Return the address of a list, of a record (``pk``), or of something below it (``what``)."""
    parts = ["", "admin", "cec_plugin", model]
    parts += [str(pk)] if pk is not None else []
    parts += [what.strip("/")] if what else []
    parts += ["change"] if pk is not None and not what else []
    return "/".join(parts) + "/"


class _Fields(HTMLParser):
    """What a browser would send of the forms on a page as they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.sent[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = name
            self.sent[name] = ""
        elif tag == "input" and name and given.get("type") not in ("submit", "file"):
            ticked = given.get("type") in ("checkbox", "radio")
            if ticked and "checked" not in given:
                return
            self.sent[name] = given.get("value", "on" if ticked else "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.sent[self._area] += data.strip("\n")

    def handle_endtag(self, tag: str) -> None:
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area


def fields_of(client: Client, address: str) -> dict[str, str]:
    """Return what the form at an address would send if nobody typed anything."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    parser = _Fields()
    parser.feed(text_of(answer))
    return {name: value for name, value in parser.sent.items() if "__prefix__" not in name}


def submit(client: Client, address: str, **typed: Any) -> Any:
    """Open the form at an address, type, and save; return the page that follows."""
    return client.post(address, {**fields_of(client, address), **typed}, follow=True)


def take(client: Client, model: str, pk: object, step: str) -> Any:
    """Confirm a step; return the page that follows."""
    return client.post(page(model, pk, f"step/{step}"), follow=True)


def act(client: Client, model: str, action: str, pks: Iterable[object], **typed: str) -> Any:
    """Run an action over chosen records of a list."""
    chosen = {"action": action, "_selected_action": [str(pk) for pk in pks], **typed}
    return client.post(page(model), chosen, follow=True)


def text_of(answer: Any) -> str:
    return answer.content.decode()


def errors_of(answer: Any) -> str:
    """Return every error that a form shows, empty where it was saved."""
    if not answer.context or "errors" not in answer.context:
        return ""
    return " ".join(str(error) for error in answer.context["errors"])
