"""Reasons are kept in English and said in the reader's language; a registry's words stay its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from cec_plugin.adapters.guard import REFUSED
from cec_plugin.wording import reasons
from cec_plugin.wording.reasons import in_words

KNOWN = {*reasons.CALLS, *reasons.RECORDS, *reasons.REGISTRIES, *reasons.DECISIONS}


def _said(folder: Path) -> Iterator[str]:
    """Yield each whole sentence that the modules of a folder give as a reason."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.keyword(
                    arg="reason" | "detail" | "trouble", value=ast.Constant(value=str(said))
                ):
                    if " " in said:
                        yield said


@pytest.mark.parametrize("room", ["adapters", "services"])
def test_every_sentence_that_is_given_as_a_reason_can_be_said_in_another_language(
    repository: Path, room: str
) -> None:
    said = set(_said(repository / "cec_plugin" / room))
    assert len(said) > 5
    assert {one.removeprefix("HTTP 200: ").removeprefix("HTTP 404: ") for one in said} <= KNOWN


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "HTTP 422: E_TYPE the credit type is unknown",
        "100 % wrong (%(this)s, %s)",
        "no token: %(why)s of a registry",
        "our adapter failed: KeyError",
        "rejected in roster file 3: not in good standing",
        REFUSED,
        "registry 'Guild register', base address: it must begin with https",
    ],
)
def test_in_english_a_reason_is_said_as_it_is_kept(reason: str) -> None:
    with translation.override("en"):
        assert in_words(reason) == reason


def test_a_reason_within_a_reason_is_said_in_the_readers_language_too() -> None:
    with translation.override("fr"):
        number = in_words("no member number")
        assert number == "aucun numéro de membre"
        assert in_words("HTTP 400: no token: no member number").endswith(number)


def test_a_registrys_own_words_stay_as_they_are() -> None:
    with translation.override("fr"):
        assert in_words("HTTP 422: E_TYPE bad %(type)s").endswith("E_TYPE bad %(type)s")
