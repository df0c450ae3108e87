"""Checks of units, their probation, and attempts that are sent to one unit"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("device") as table:
        table.add_column(sa.Column("probation", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("check_wanted", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("check_open", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("check_sent", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("checked", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("jobs", sa.Integer(), server_default="0", nullable=False))
        table.alter_column("health", existing_type=sa.String(length=16), server_default="unknown")
        table.alter_column("health_reason", existing_type=sa.String(length=1024), server_default="never checked")
    # Good is only what has passed a check, and nothing has.
    op.execute("UPDATE device SET health = 'unknown', health_reason = 'never checked' WHERE health = 'good'")
    op.create_table(
        "health_check",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=4096), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_health_check_device_id_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_check")),
    )
    op.create_index(op.f("ix_health_check_device_id"), "health_check", ["device_id"])
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("addressed_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_attempt_addressed_id_device"), "device", ["addressed_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("attempt") as table:
        table.drop_constraint(op.f("fk_attempt_addressed_id_device"), type_="foreignkey")
        table.drop_column("addressed_id")
    op.drop_index(op.f("ix_health_check_device_id"), table_name="health_check")
    op.drop_table("health_check")
    op.execute("UPDATE device SET health = 'good', health_reason = '' WHERE health <> 'maintenance'")
    with op.batch_alter_table("device") as table:
        table.alter_column("health_reason", existing_type=sa.String(length=1024), server_default="")
        table.alter_column("health", existing_type=sa.String(length=16), server_default="good")
        for name in ("jobs", "checked", "check_sent", "check_open", "check_wanted", "probation"):
            table.drop_column(name)
