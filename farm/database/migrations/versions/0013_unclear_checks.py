"""When the last check of a unit turned out to be unclear, in place of when the last one was sent"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename("check_sent", "unclear")


def downgrade() -> None:
    _rename("unclear", "check_sent")


def _rename(old: str, new: str) -> None:
    """The times of the one are none of the other: where there is none, a check is due at once."""
    with op.batch_alter_table("device") as table:
        table.drop_column(old)
        table.add_column(sa.Column(new, sa.DateTime(timezone=True), nullable=True))
