"""The tables as they are in the database: made, unmade, and holding every promise of the models."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

APP = "cec_plugin"
LONGEST_NAME = 30
"""What Oracle takes, and what Django's own check holds indexes to."""

pytestmark = [pytest.mark.migration, pytest.mark.django_db]


def _ours() -> list[type[models.Model]]:
    return list(apps.get_app_config(APP).get_models(include_auto_created=True))


def _tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith(f"{APP}_")}


def _models_tables() -> set[str]:
    return {model._meta.db_table for model in _ours()}


def _promised(model: type[models.Model]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what must be unique in a model's table: a name for it and its columns."""
    meta = model._meta
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield constraint.name, tuple(meta.get_field(one).column for one in constraint.fields)
    for field in meta.local_concrete_fields:
        if field.unique:
            yield field.name, (field.column,)
    for together in meta.unique_together:
        yield "unique_together", tuple(meta.get_field(one).column for one in together)


def _constraints(model: type[models.Model]) -> dict[str, dict[str, object]]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, model._meta.db_table)


@pytest.mark.django_db(transaction=True)
def test_the_migrations_go_to_zero_and_back_twice() -> None:
    assert _tables() == _models_tables()
    try:
        for _ in range(2):
            call_command("migrate", APP, "zero", verbosity=0)
            assert _tables() == set()
            call_command("migrate", APP, verbosity=0)
            assert _tables() == _models_tables()
    finally:
        call_command("migrate", APP, verbosity=0)


def test_nothing_is_left_to_migrate() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_no_model_changed_without_a_migration() -> None:
    call_command("makemigrations", APP, check=True, dry_run=True, verbosity=0)


def test_no_promise_depends_on_what_mysql_leaves_out_without_a_word() -> None:
    """Conditions, expressions and the like make a constraint that MySQL never creates."""
    for model in _ours():
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                assert constraint.fields, constraint.name
                assert constraint.condition is None, constraint.name
                assert not constraint.expressions, constraint.name
                assert not constraint.include, constraint.name
                assert constraint.deferrable is None, constraint.name
                assert getattr(constraint, "nulls_distinct", None) is None, constraint.name
        for index in model._meta.indexes:
            assert index.condition is None, index.name
            assert not index.expressions, index.name
            assert not index.include, index.name


def test_this_database_has_nothing_to_say_against_the_models() -> None:
    said = run_checks(
        app_configs=[apps.get_app_config(APP)],
        databases=["default"],
        include_deployment_checks=False,
    )
    assert [str(one) for one in said if not one.is_silenced()] == []


@pytest.mark.parametrize("model", _ours(), ids=lambda model: model.__name__)
def test_whatever_is_to_be_unique_is_unique_in_the_database(model: type[models.Model]) -> None:
    found = {
        tuple(one["columns"])
        for one in _constraints(model).values()
        if one["unique"] or one["primary_key"]
    }
    for name, columns in _promised(model):
        assert columns in found, name


@pytest.mark.parametrize("model", _ours(), ids=lambda model: model.__name__)
def test_every_check_and_every_index_stands_in_the_database_under_its_name(
    model: type[models.Model],
) -> None:
    found = _constraints(model)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            assert found[constraint.name]["check"], constraint.name
    for index in model._meta.indexes:
        columns = [model._meta.get_field(field).column for field in index.fields]
        assert found[index.name]["columns"] == columns


def test_no_foreign_key_is_without_its_constraint() -> None:
    for model in _ours():
        found = {
            tuple(one["columns"]) for one in _constraints(model).values() if one["foreign_key"]
        }
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.ForeignKey):
                assert (field.column,) in found, field


def test_names_of_indexes_and_constraints_are_short_and_used_once() -> None:
    names = [
        one.name for model in _ours() for one in [*model._meta.constraints, *model._meta.indexes]
    ]
    assert [name for name in names if len(name) > LONGEST_NAME] == []
    assert [name for name in names if not name.startswith("cec_")] == []
    assert len(names) == len(set(names))


def test_what_the_receiver_writes_into_has_no_key_to_wait_for() -> None:
    """A lock inside the platform's transaction can cost a learner the certificate."""
    notice = apps.get_model(APP, "Notice")
    for one in _constraints(notice).values():
        assert one["primary_key"] or not one["unique"]
        assert not one["foreign_key"]
