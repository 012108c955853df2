"""PostgreSQL's migrations."""

from django.core.management import call_command
from django.db import connection


def test_every_change_of_a_model_has_its_migration(db: None) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_models_table_has_the_name_and_index_that_others_rely_on(db: None) -> None:
    with connection.cursor() as cursor:
        columns = [
            column.name for column in connection.introspection.get_table_description(cursor, "deep_recall_models")
        ]
        indexes = connection.introspection.get_constraints(cursor, "deep_recall_models").values()
    assert columns == ["id", "model_version", "deployed_at", "is_active", "performance_metrics", "created_at"]
    assert ["model_version", "is_active"] in [index["columns"] for index in indexes]
