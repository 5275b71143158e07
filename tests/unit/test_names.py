"""A registry's own words, without the people in them."""

import pytest

from cec_plugin.adapters.registries.answers import redact, words_of
from cec_plugin.adapters.registries.names import without_names


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Octavia Quill is lapsed.", "# is lapsed."),
        ("The member Octavia Quill is lapsed.", "The member # is lapsed."),
        ("Member QUILL, Octavia not found", "Member # not found"),
        ("OCTAVIA QUILL: not found", "#: not found"),
        ("Octavia O. Quill", "# O. #"),
        ("O’Quill-Byron is lapsed", "# is lapsed"),  # noqa: RUF001
        ("Ábel Ñandú, Øyvind", "#"),
        ("McDonald Octavia", "#"),
        ("(Octavia)", "(#)"),
        ("member:Octavia", "member:#"),
        ("name=Octavia;last=Quill", "name=#;last=#"),
        ("octavia.Quill", "octavia.#"),
        ("No. Octavia", "No. #"),
    ],
)
def test_what_may_be_a_name_is_taken_out(said: str, told: str) -> None:
    assert without_names(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Too many requests.",
        "No member with this number.",
        "The credentials are not accepted.",
        "Mandatory values missing from Api4 Activity::create: source_contact_id",
        "REQUEST_LIMIT_EXCEEDED TotalRequests Limit exceeded.",
        "Duplicate entry for key external_id",
        "Internal Server Error",
        "LAPSED",
        "must have at most 500 characters",
        "JSON parse error: Expected a value",
        "Le membre est introuvable.",
    ],
)
def test_what_errors_are_made_of_is_kept(said: str) -> None:
    assert without_names(said) == said


def test_the_registrys_own_code_is_kept_whatever_it_looks_like() -> None:
    words = words_of(
        {"error": {"code": "Ineligible", "message": "Octavia Quill"}},
        code_path="error.code",
        message_path="error.message",
        fields_path="error.fields",
    )
    assert words == "Ineligible #"


@pytest.mark.parametrize("number", ["QUILL/O-77", "AB-1234", "2024/00017", "M1001"])
def test_a_number_is_taken_out_as_a_whole(number: str) -> None:
    assert redact(f"member {number} is lapsed") == "member # is lapsed"
