"""Runs migrations on the connection that `bot.bootstrap.migrate` hands over."""

from alembic import context

from bot.store.desk_tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
