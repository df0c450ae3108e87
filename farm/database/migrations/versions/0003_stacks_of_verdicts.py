"""The stack that a verdict holds for, the stacks that units have, and where latencies are from"""

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: The stack of attempts that ended before it was known: the hash of an empty fingerprint.
UNKNOWN = hashlib.sha256(b"{}").hexdigest()
POINT = sa.DateTime(timezone=True)


def upgrade() -> None:
    verdicts = _rows(
        "SELECT v.*, a.stack, a.finished, EXISTS (SELECT 1 FROM case_result c WHERE c.attempt_id = a.id"
        " AND c.latency_ms IS NOT NULL) AS timed FROM verdict v JOIN attempt a ON a.id = v.attempt_id",
        decided=POINT,
        finished=POINT,
    )
    heard = _rows(
        "SELECT j.device_type_id, a.device_id, a.stack, a.finished FROM attempt a JOIN job j ON j.id = a.job_id"
        " WHERE a.stack IS NOT NULL AND a.device_id IS NOT NULL AND a.finished IS NOT NULL ORDER BY a.finished",
        finished=POINT,
    )
    with op.batch_alter_table("bundle") as table:
        table.create_index("ix_bundle_graph", ["graph"])
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("reprove", sa.String(length=16), server_default="", nullable=False))
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("measure", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("performance", sa.String(length=32), nullable=True))
        table.create_foreign_key("fk_attempt_performance_attempt", "attempt", ["performance"], ["id"])
    units = op.create_table(
        "unit_stack",
        sa.Column("device_type_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("stack", sa.String(length=64), nullable=False),
        sa.Column("since", POINT, nullable=False),
        sa.Column("seen", POINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["device_type_id"], ["device_type.id"], name="fk_unit_stack_device_type_id_device_type"
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_unit_stack_device_id_device"),
        sa.ForeignKeyConstraint(["stack"], ["stack.hash"], name="fk_unit_stack_stack_stack"),
        sa.PrimaryKeyConstraint("device_type_id", "device_id", name="pk_unit_stack"),
    )
    op.drop_table("verdict")
    made = _verdict_table(
        [
            sa.Column("stack", sa.String(length=64), nullable=False),
            sa.Column("proved", POINT, nullable=False),
            sa.Column("measured_id", sa.String(length=32), nullable=True),
            sa.ForeignKeyConstraint(["stack"], ["stack.hash"], name="fk_verdict_stack_stack"),
            sa.ForeignKeyConstraint(["measured_id"], ["attempt.id"], name="fk_verdict_measured_id_attempt"),
        ],
        "stack",
    )
    _fill(units, list(_present(heard).values()))
    stacks = sa.table("stack", sa.column("hash", sa.String()), sa.column("fingerprint", sa.JSON()))
    known = {row["hash"] for row in _rows("SELECT hash FROM stack")}
    if UNKNOWN not in known and any(row["stack"] is None for row in verdicts):
        op.bulk_insert(stacks, [{"hash": UNKNOWN, "fingerprint": {}}])
    _fill(made, [_with_stack(row) for row in verdicts])


def downgrade() -> None:
    # Of several stacks, the verdict that was decided last is the one that a farm without stacks would have.
    verdicts = _rows("SELECT * FROM verdict ORDER BY decided", decided=POINT)
    newest = {(row["bundle"], row["device_type_id"], row["policy"]): row for row in verdicts}
    op.drop_table("verdict")
    made = _verdict_table([])
    _fill(made, [{column.name: row[column.name] for column in made.columns} for row in newest.values()])
    op.drop_table("unit_stack")
    with op.batch_alter_table("attempt") as table:
        table.drop_constraint("fk_attempt_performance_attempt", type_="foreignkey")
        table.drop_column("performance")
    with op.batch_alter_table("job") as table:
        table.drop_column("measure")
    with op.batch_alter_table("submission") as table:
        table.drop_column("reprove")
    with op.batch_alter_table("bundle") as table:
        table.drop_index("ix_bundle_graph")


def _verdict_table(more: list[Any], *key: str) -> sa.Table:
    return op.create_table(
        "verdict",
        sa.Column("bundle", sa.String(length=64), nullable=False),
        sa.Column("device_type_id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("attempt_id", sa.String(length=32), nullable=False),
        sa.Column("decided", POINT, nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_verdict_attempt_id_attempt"),
        sa.ForeignKeyConstraint(["bundle"], ["bundle.identity"], name="fk_verdict_bundle_bundle"),
        sa.ForeignKeyConstraint(["device_type_id"], ["device_type.id"], name="fk_verdict_device_type_id_device_type"),
        sa.ForeignKeyConstraint(["policy"], ["policy.key"], name="fk_verdict_policy_policy"),
        sa.PrimaryKeyConstraint("bundle", "device_type_id", "policy", *key, name="pk_verdict"),
        *more,
    )


def _with_stack(row: dict[str, Any]) -> dict[str, Any]:
    """A verdict holds for the stack of the attempt that it quotes."""
    finished, timed = row.pop("finished"), row.pop("timed")
    measured = row["attempt_id"] if timed else None
    return {**row, "stack": row["stack"] or UNKNOWN, "proved": finished or row["decided"], "measured_id": measured}


def _present(heard: list[dict[str, Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """What each unit reported last, and since when without another one in between."""
    present: dict[tuple[int, int], dict[str, Any]] = {}
    for row in heard:
        key = (row["device_type_id"], row["device_id"])
        before = present.get(key)
        since = before["since"] if before and before["stack"] == row["stack"] else row["finished"]
        present[key] = {
            "device_type_id": key[0],
            "device_id": key[1],
            "stack": row["stack"],
            "since": since,
            "seen": row["finished"],
        }
    return present


def _rows(query: str, **types: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query).columns(**types)).mappings()]


def _fill(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        op.bulk_insert(table, rows)
