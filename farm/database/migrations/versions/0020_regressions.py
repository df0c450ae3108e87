"""Regressions, known issues, the graph of commits; since when stacks are known; jobs for one unit"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

REFERENCES = {
    "architecture_id": "architecture.id",
    "device_type_id": "device_type.id",
    "policy": "policy.key",
    "last_good": "commit.key",
    "good_bundle": "bundle.identity",
    "good_stack": "stack.hash",
    "good_attempt": "attempt.id",
    "first_bad": "commit.key",
    "bad_bundle": "bundle.identity",
    "bad_stack": "stack.hash",
    "bad_attempt": "attempt.id",
    "fixed": "commit.key",
}


def upgrade() -> None:
    op.create_table(
        "lineage",
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("parents", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sha", name=op.f("pk_lineage")),
    )
    op.create_table(
        "known_issue",
        sa.Column("signature", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(length=1024), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=1024), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_known_issue")),
    )
    op.create_table(
        "regression",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("architecture_id", sa.Integer(), nullable=False),
        sa.Column("device_type_id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("last_good", sa.String(length=128), nullable=False),
        sa.Column("good_bundle", sa.String(length=64), nullable=True),
        sa.Column("good_stack", sa.String(length=64), nullable=True),
        sa.Column("good_attempt", sa.String(length=32), nullable=True),
        sa.Column("first_bad", sa.String(length=128), nullable=False),
        sa.Column("bad_bundle", sa.String(length=64), nullable=True),
        sa.Column("bad_stack", sa.String(length=64), nullable=True),
        sa.Column("bad_attempt", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("signature", sa.String(length=16), nullable=False),
        sa.Column("signature_text", sa.String(length=1024), nullable=False),
        sa.Column("definition", sa.String(length=512), nullable=True),
        sa.Column("place", sa.String(length=1024), server_default="", nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_on", sa.JSON(), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fixed", sa.String(length=128), nullable=True),
        sa.Column("withdrawn", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_regression_{column}_{target.partition('.')[0]}"))
            for column, target in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regression")),
    )
    op.create_index("ix_regression_cell", "regression", ["architecture_id", "device_type_id", "policy"])
    for column in ("closed", "signature"):
        op.create_index(op.f(f"ix_regression_{column}"), "regression", [column])
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("addressed_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_job_addressed_id_device"), "device", ["addressed_id"], ["id"])
    with op.batch_alter_table("stack") as table:
        table.add_column(sa.Column("recorded", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE stack SET recorded = "
        "(SELECT min(coalesce(finished, dispatched)) FROM attempt WHERE attempt.stack = stack.hash)"
    )
    # One that no attempt was run on is one that a unit has only just reported: the newest of all.
    op.execute("UPDATE stack SET recorded = CURRENT_TIMESTAMP WHERE recorded IS NULL")
    with op.batch_alter_table("stack") as table:
        table.alter_column("recorded", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("stack") as table:
        table.drop_column("recorded")
    with op.batch_alter_table("job") as table:
        table.drop_constraint(op.f("fk_job_addressed_id_device"), type_="foreignkey")
        table.drop_column("addressed_id")
    op.drop_table("regression")
    op.drop_table("known_issue")
    op.drop_table("lineage")
