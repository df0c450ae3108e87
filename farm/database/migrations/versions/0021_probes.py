"""Probes, their jobs, and the conditions of verdicts"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_REFERENCES = {
    "architecture_id": "architecture.id",
    "bundle": "bundle.identity",
    "commit": "commit.key",
    "device_type_id": "device_type.id",
    "made": "bundle.identity",
    "policy": "policy.key",
    "stack": "stack.hash",
    "submission_id": "submission.id",
}


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.String(length=64), nullable=False),
        sa.Column("device_type_id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("stack", sa.String(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("commit", sa.String(length=128), nullable=False),
        sa.Column("architecture_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made", sa.String(length=64), nullable=True),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("message", sa.String(length=4096), server_default="", nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [target], name=op.f(f"fk_probe_{name}_{target.partition('.')[0]}"))
            for name, target in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
    with op.batch_alter_table("probe") as table:
        for column in ("bundle", "state", "submission_id"):
            table.create_index(op.f(f"ix_probe_{column}"), [column], unique=False)
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("probe_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_job_probe_id_probe"), "probe", ["probe_id"], ["id"])
        table.create_index(op.f("ix_job_probe_id"), ["probe_id"], unique=False)
    with op.batch_alter_table("verdict") as table:
        table.add_column(sa.Column("condition", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("verdict") as table:
        table.drop_column("condition")
    with op.batch_alter_table("job") as table:
        table.drop_index(op.f("ix_job_probe_id"))
        table.drop_constraint(op.f("fk_job_probe_id_probe"), type_="foreignkey")
        table.drop_column("probe_id")
    op.drop_table("probe")
