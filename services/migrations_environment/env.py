"""What Alembic runs for every service: the migrations, on the connection that holds the lock."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], transaction_per_migration=True
)
context.run_migrations()
