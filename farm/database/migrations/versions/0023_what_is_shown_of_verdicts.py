"""What the table shows of a verdict, kept beside it in one value: to look it up took as long as there were attempts"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from msgspec import Raw, msgpack

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_AT_ONCE = 100
_KEY = ("bundle", "device_type_id", "policy", "stack")
_BUNDLES = sa.text("SELECT DISTINCT bundle FROM verdict WHERE bundle > :last ORDER BY bundle LIMIT :most")
_VERDICTS = sa.text(
    """
    SELECT v.bundle, v.device_type_id, v.policy, v.stack, v.outcome, v.cause, v.attempt_id, v.proved, v.measured_id,
           a.message, a.finished, a.rejudged, d.unit, s.id, s."commit", a.figures
    FROM verdict v JOIN attempt a ON a.id = v.attempt_id JOIN job j ON j.id = a.job_id
         JOIN submission s ON s.id = j.submission_id LEFT JOIN device d ON d.id = a.device_id
    WHERE v.bundle BETWEEN :first AND :last
    """
).columns(proved=sa.DateTime(timezone=True), finished=sa.DateTime(timezone=True))
_KEEP = sa.text(
    """
    UPDATE verdict SET shown = :shown
    WHERE bundle = :bundle AND device_type_id = :device_type_id AND policy = :policy AND stack = :stack
    """
)


def upgrade() -> None:
    with op.batch_alter_table("verdict") as table:
        table.add_column(sa.Column("shown", sa.LargeBinary(), nullable=True))
    connection, last = op.get_bind(), ""
    while bundles := connection.scalars(_BUNDLES, {"last": last, "most": _AT_ONCE}).all():
        last = bundles[-1]
        found = connection.execute(_VERDICTS, {"first": bundles[0], "last": last}).all()
        connection.execute(
            _KEEP, [dict(zip(_KEY, row, strict=False), shown=_packed(*row[len(_KEY) :])) for row in found]
        )
    with op.batch_alter_table("verdict") as table:
        table.alter_column("shown", nullable=False)


def _packed(*said: object) -> bytes:
    *fields, figures = [_in_utc(each) if isinstance(each, datetime) else each for each in said]
    assert figures is None or isinstance(figures, bytes)
    return msgpack.encode([*fields, *([Raw(figures)] if figures else [])])


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def downgrade() -> None:
    with op.batch_alter_table("verdict") as table:
        table.drop_column("shown")
