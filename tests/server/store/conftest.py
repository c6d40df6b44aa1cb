"""The stores' fixtures are the contracts'."""

from tests.contracts.conftest import postgres_url, sql_store, sqlite_template

__all__ = ["postgres_url", "sql_store", "sqlite_template"]
