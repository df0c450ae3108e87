"""Conversions that are repeated"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversion_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("architecture_id", sa.Integer(), nullable=False),
        sa.Column("hash_seed", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.Column("difference", sa.String(length=4096), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["architecture_id"], ["architecture.id"], name=op.f("fk_repeat_architecture_id_architecture")
        ),
        sa.ForeignKeyConstraint(["conversion_id"], ["conversion.id"], name=op.f("fk_repeat_conversion_id_conversion")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_repeat_submission_id_submission")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repeat")),
    )
    with op.batch_alter_table("repeat") as table:
        for column in ("architecture_id", "conversion_id", "state", "submission_id"):
            table.create_index(op.f(f"ix_repeat_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("repeat")
