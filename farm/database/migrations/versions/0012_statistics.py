"""What judging again by other tolerances takes, and which attempts were judged again"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tensor_error") as table:
        table.alter_column("margin", existing_type=sa.Double(), nullable=True)
        table.add_column(sa.Column("spread", sa.JSON(), nullable=True))
        table.add_column(sa.Column("layer", sa.String(length=64), server_default="", nullable=False))
        table.add_column(sa.Column("run", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("case_result") as table:
        table.add_column(sa.Column("firm", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("fallback", sa.String(length=4096), server_default="", nullable=False))
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("echoed", sa.Boolean(), nullable=True))
        table.add_column(sa.Column("rejudged", sa.String(length=32), nullable=True))
        table.create_foreign_key(op.f("fk_attempt_rejudged_attempt"), "attempt", ["rejudged"], ["id"])
        table.create_index(op.f("ix_attempt_rejudged"), ["rejudged"])


def downgrade() -> None:
    with op.batch_alter_table("attempt") as table:
        table.drop_index(op.f("ix_attempt_rejudged"))
        table.drop_constraint(op.f("fk_attempt_rejudged_attempt"), type_="foreignkey")
        table.drop_column("rejudged")
        table.drop_column("echoed")
    with op.batch_alter_table("case_result") as table:
        table.drop_column("fallback")
        table.drop_column("firm")
    op.execute("UPDATE tensor_error SET margin = 0 WHERE margin IS NULL")
    with op.batch_alter_table("tensor_error") as table:
        table.drop_column("run")
        table.drop_column("layer")
        table.drop_column("spread")
        table.alter_column("margin", existing_type=sa.Double(), nullable=False)
