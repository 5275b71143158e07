"""What crosses a border of the domain cannot be changed on the way, nor grow a field by a slip."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from cec_plugin import domain
from cec_plugin.domain.allocation import Refusal
from cec_plugin.domain.platform import CourseFacts


def _dataclasses() -> Iterator[type]:
    for module in pkgutil.iter_modules(domain.__path__):
        home = importlib.import_module(f"{domain.__name__}.{module.name}")
        for one in vars(home).values():
            if isinstance(one, type) and is_dataclass(one) and one.__module__ == home.__name__:
                yield one


BOUNDARIES = list(_dataclasses())


def test_the_boundaries_are_found() -> None:
    assert {CourseFacts, Refusal} <= set(BOUNDARIES)


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda one: one.__qualname__)
def test_it_is_frozen_slotted_and_made_by_name(boundary: type) -> None:
    assert "__slots__" in vars(boundary)
    assert "__setattr__" in vars(boundary)  # the one that refuses
    assert all(one.kw_only for one in fields(boundary))


def test_a_changed_copy_is_the_only_change() -> None:
    facts = CourseFacts(key="course-v1:A+B+C", title="B")
    with pytest.raises(FrozenInstanceError):
        facts.title = "C"  # type: ignore[misc]
    assert facts.title == "B"
