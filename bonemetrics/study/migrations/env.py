"""Run the migrations on the connection that `bonemetrics.study.database` hands over."""

from alembic import context

from bonemetrics.study.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
