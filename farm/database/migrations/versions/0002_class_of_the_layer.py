"""The class of the module that the first divergent layer is in"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("layer_error") as table:
        table.add_column(sa.Column("source", sa.String(length=128), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("layer_error") as table:
        table.drop_column("source")
