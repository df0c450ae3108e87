"""What others are to be told, and when a submission came to its end"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Of what is at its end already, nobody is to be told.
_FINISHED = """
UPDATE submission SET finished = created
WHERE NOT EXISTS (
    SELECT 1 FROM conversion WHERE conversion."commit" = submission."commit" AND conversion.state IN ('queued', 'running')
) AND NOT EXISTS (
    SELECT 1 FROM job JOIN snapshot ON snapshot.bundle = job.bundle
    WHERE snapshot."commit" = submission."commit" AND job.state IN ('queued', 'dispatched', 'running')
)
"""


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notification", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=1024), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_due", "outbox", ["state", "target", "due"])
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("finished", sa.DateTime(timezone=True), nullable=True))
    op.execute(_FINISHED)
    op.create_index("ix_submission_finished", "submission", ["finished"])


def downgrade() -> None:
    op.drop_index("ix_submission_finished", table_name="submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("finished")
    op.drop_index("ix_outbox_due", table_name="outbox")
    op.drop_table("outbox")
