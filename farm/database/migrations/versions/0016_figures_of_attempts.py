"""What the table shows of an attempt's cases, kept on the attempt in one value; and the way to a device type's newest verdicts"""

from collections.abc import Sequence
from itertools import groupby

import sqlalchemy as sa
from alembic import op
from msgspec import msgpack

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_CASES = sa.text(
    """
    SELECT c.attempt_id, c.sample, c.outcome,
           MAX(CASE WHEN t.layer = '' THEN t.max_abs_error END), MIN(CASE WHEN t.layer = '' THEN t.sqnr_db END),
           MIN(t.margin), c.latency_ms, c.message
    FROM case_result c LEFT JOIN tensor_error t ON t.case_id = c.id
    WHERE c.attempt_id BETWEEN :first AND :last
    GROUP BY c.id, c.attempt_id, c.sample, c.outcome, c.latency_ms, c.message ORDER BY c.attempt_id, c.id
    """
)
_LAYERS = sa.text(
    """
    SELECT c.attempt_id, l.value, l.op, l.module, l.error, l.introduced_here, l.source, l.local_error,
           l.inherited_error, l.signature
    FROM case_result c JOIN layer_error l ON l.case_id = c.id
    WHERE c.attempt_id BETWEEN :first AND :last ORDER BY c.attempt_id, c.id
    """
).columns(introduced_here=sa.Boolean())


def upgrade() -> None:
    op.create_index("ix_verdict_newest", "verdict", ["device_type_id", "policy", "proved"])
    with op.batch_alter_table("attempt") as table:
        table.add_column(sa.Column("figures", sa.LargeBinary(), nullable=True))
    connection, last = op.get_bind(), ""
    ended = sa.text(
        "SELECT id, unsupported FROM attempt WHERE id > :last AND state = 'reported' ORDER BY id LIMIT :most"
    )
    attempts = ended.columns(unsupported=sa.JSON())
    while some := connection.execute(attempts, {"last": last, "most": _AT_ONCE}).all():
        last = some[-1].id
        span = {"first": some[0].id, "last": last}
        layers: dict[str, Sequence[object]] = {}
        for attempt, *layer in connection.execute(_LAYERS, span):
            layers.setdefault(attempt, layer)
        found = groupby(connection.execute(_CASES, span), lambda row: row[0])
        cases = {attempt: [tuple(row)[1:] for row in rows] for attempt, rows in found}
        connection.execute(
            sa.text("UPDATE attempt SET figures = :figures WHERE id = :id"),
            [{"id": i, "figures": msgpack.encode((cases.get(i, ()), layers.get(i), lacks))} for i, lacks in some],
        )


def downgrade() -> None:
    op.drop_index("ix_verdict_newest", table_name="verdict")
    with op.batch_alter_table("attempt") as table:
        table.drop_column("figures")
