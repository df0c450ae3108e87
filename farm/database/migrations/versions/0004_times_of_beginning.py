"""When work was begun: so that the order of what waits can see what was passed over"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_attempt_dispatched"), "attempt", ["dispatched"])
    with op.batch_alter_table("conversion") as table:
        table.add_column(sa.Column("claimed", sa.DateTime(timezone=True), nullable=True))
        table.create_index(op.f("ix_conversion_claimed"), ["claimed"])


def downgrade() -> None:
    with op.batch_alter_table("conversion") as table:
        table.drop_index(op.f("ix_conversion_claimed"))
        table.drop_column("claimed")
    op.drop_index(op.f("ix_attempt_dispatched"), "attempt")
