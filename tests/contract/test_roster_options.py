"""The options of a registry that takes files: refused by name where they cannot be used."""

from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.adapters.registries.roster import RosterRegistry
from cec_plugin.adapters.registries.roster_options import RosterOptions
from cec_plugin.domain.roster import Part
from cec_plugin.domain.roster_receipts import Field
from cec_plugin.exceptions import ConfigurationError

NEEDED = [
    {"name": name, "holds": name} for name in ("reference", "member_number", "amount", "earned_on")
]


def _row(**fields: Any) -> models.Registry:
    return models.Registry(name="State board", adapter="roster", **fields)


def test_a_registry_that_takes_files_has_neither_address_nor_secret() -> None:
    assert isinstance(build(_row()), RosterRegistry)
    for name, given in (("base_url", "https://board.example"), ("secret", "board")):
        with pytest.raises(ConfigurationError, match="leave it empty"):
            build(_row(**{name: given}))


def test_health_proves_only_what_there_is_to_prove() -> None:
    health = build(_row()).health()
    assert (health.ok, health.caller, health.entities) == (
        True,
        "State board",
        {"roster files": True},
    )


def test_what_a_body_can_do_follows_from_its_options() -> None:
    able = build(
        _row(options={"reversal_kind": "void", "lines": 30, "decimals": 1, "unit": "hours"})
    ).capabilities
    assert (able.reverses, able.bulk, able.decimals, able.unit) == (True, 30, 1, "hours")
    assert (able.receipts, able.finds, able.lists, able.members) == (True, False, False, False)
    assert not build(_row()).capabilities.reverses


def test_columns_keep_their_order_and_the_rest_its_default() -> None:
    options = RosterOptions.from_json(
        {
            "columns": [*NEEDED, {"name": "Provider", "constant": "50-1"}],
            "receipt_columns": {"reference": "Ref"},
            "rejected_values": ["E", "Duplicate"],
        }
    )
    last = options.file.columns[-1]
    assert (last.name, last.part, last.constant) == ("Provider", None, "50-1")
    assert options.file.columns[0].part is Part.REFERENCE
    assert options.receipts.columns[Field.REFERENCE] == "Ref"
    assert options.receipts.columns[Field.STATUS] == "status"
    assert options.receipts.rejected == ("E", "Duplicate")
    assert options.receipts.accepted == ("accepted",)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "they must be a JSON object"),
        ({"no_such": 1}, "'no_such': there is no such option"),
        ({"lines": 0}, "'lines': it is from 1 to 10000"),
        ({"lines": True}, "'lines': it must be a int"),
        ({"header": "yes"}, "'header': it must be a bool"),
        ({"delimiter": "::"}, "'delimiter': it is one of"),
        ({"encoding": "utf-7"}, "'encoding': it is one of"),
        ({"decimal_sign": ","}, "'decimal_sign': it is the delimiter"),
        ({"date_format": "%H:%M"}, "'date_format': it holds"),
        ({"date_format": "-%Y%m%d"}, "'date_format': it holds"),
        ({"date_format": "%d.%m."}, "'date_format': it holds"),
        ({"credit_kind": "=1"}, "would be taken for a formula"),
        ({"credit_kind": "a\nb"}, "it holds control signs"),
        ({"window_days": -1}, "'window_days': it is from 0 to 3650"),
        ({"columns": {}}, "'columns': it must be a list"),
        ({"columns": [{"holds": "reference"}]}, "column 1 has no name"),
        ({"columns": [{"name": "a"}]}, "needs either 'holds' or 'constant'"),
        ({"columns": [{"name": "a", "holds": "name"}]}, "there is no 'name'"),
        ({"columns": [{"name": "a", "holds": 1}]}, "must be a text"),
        ({"columns": [{"name": "=a", "holds": "role"}]}, "would be taken for a formula"),
        ({"columns": [{"name": "a", "constant": "@b"}]}, "would be taken for a formula"),
        ({"columns": NEEDED[:3]}, "no column holds 'earned_on'"),
        ({"receipt_columns": {"status": ""}}, "'status' must have a column"),
        ({"receipt_columns": {"number": "n"}}, "there is no 'number'"),
        ({"receipt_columns": ["status"]}, "it must be an object of texts"),
        ({"accepted_values": "ok"}, "it must be a list of texts"),
        ({"accepted_values": ["Error"], "rejected_values": ["error"]}, "stands for two answers"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(given: Any, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        build(_row(options=given))
    assert why in str(raised.value)
    assert str(raised.value).startswith("registry 'State board', options")
