"""Why and since when a job is in its state, the branch of a submission, and the coordinators that run"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coordinator",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broker", sa.String(length=16), nullable=False),
        sa.Column("message", sa.String(length=1024), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinator")),
    )
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("branch", sa.String(length=255), nullable=True))
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("reason", sa.String(length=1024), server_default="", nullable=False))
    op.execute("UPDATE job SET since = created")
    with op.batch_alter_table("job") as table:
        table.alter_column("since", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("job") as table:
        table.drop_column("reason")
        table.drop_column("since")
    with op.batch_alter_table("submission") as table:
        table.drop_column("branch")
    op.drop_table("coordinator")
