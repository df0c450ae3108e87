"""Errors of the values that were looked at on the way to the first divergent layer"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("layer_error") as batch:
        batch.add_column(sa.Column("probes", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("layer_error") as batch:
        batch.drop_column("probes")
