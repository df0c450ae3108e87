"""Heartbeats of units, what they are told, and their health with its history"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MORE: tuple[tuple[str, Any, str | None], ...] = (
    ("host", sa.String(length=512), ""),
    ("heartbeat", sa.DateTime(timezone=True), None),
    ("every_s", sa.Double(), None),
    ("online_since", sa.DateTime(timezone=True), None),
    ("attended", sa.Boolean(), None),
    ("accepting", sa.Boolean(), None),
    ("at_once", sa.Integer(), None),
    ("begun", sa.String(length=128), None),
    ("free_disk_bytes", sa.BigInteger(), None),
    ("told", sa.DateTime(timezone=True), None),
    ("health", sa.String(length=16), "good"),
    ("health_reason", sa.String(length=1024), ""),
    ("health_since", sa.DateTime(timezone=True), None),
)


def upgrade() -> None:
    with op.batch_alter_table("device") as table:
        for name, kind, default in _MORE:
            table.add_column(sa.Column(name, kind, server_default=default, nullable=default is None))
    op.create_table(
        "health_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old", sa.String(length=16), nullable=False),
        sa.Column("new", sa.String(length=16), nullable=False),
        sa.Column("change", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_health_event_attempt_id_attempt")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_health_event_device_id_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_event")),
    )
    op.create_index(op.f("ix_health_event_device_id"), "health_event", ["device_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_health_event_device_id"), table_name="health_event")
    op.drop_table("health_event")
    with op.batch_alter_table("device") as table:
        for name, _, _ in reversed(_MORE):
            table.drop_column(name)
