"""Erasures wait for the notifications service, too.

A trigger expects its receipt, so that it also does so for a process of the version before, which
knows of no such service.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(
            """
            CREATE OR REPLACE FUNCTION expect_receipt_of_notifications() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO erasure_receipts (user_id, service, asked_at)
                VALUES (NEW.user_id, 'notifications', clock_timestamp())
                ON CONFLICT (user_id, service) DO NOTHING;
                RETURN NULL;
            END $$
            """
        )
        op.execute(
            """
            CREATE OR REPLACE TRIGGER notifications_erase_too AFTER INSERT ON erasures
            FOR EACH ROW EXECUTE FUNCTION expect_receipt_of_notifications()
            """
        )
        # after the commit of the trigger, which waits for those that insert; of what was complete
        # before there was the service it can hold nothing
        op.execute(
            """
            INSERT INTO erasure_receipts (user_id, service, asked_at)
            SELECT user_id, 'notifications', clock_timestamp()
            FROM erasures WHERE completed_at IS NULL
            ON CONFLICT (user_id, service) DO NOTHING
            """
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER notifications_erase_too ON erasures")
    op.execute("DROP FUNCTION expect_receipt_of_notifications")
    op.execute("DELETE FROM erasure_receipts WHERE service = 'notifications'")
