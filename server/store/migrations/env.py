"""Alembic's entry: always within a connection that the caller has begun (see `server.store.migrate`)."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from server.store import account_tables, tables  # noqa: F401  # they fill the metadata
from server.store.types import Base, Instant, Words


def render(kind: str, thing: Any, _: AutogenContext) -> str | Literal[False]:
    """Versions name plain types, so that they stay true when ours change."""
    if kind == "type" and isinstance(thing, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, Words):
        return "sa.Text()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render,
    compare_type=True,
)
context.run_migrations()
