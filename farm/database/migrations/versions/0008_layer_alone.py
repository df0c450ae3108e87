"""What the first divergent layer does alone, what it inherits, and of what types and sizes"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("layer_error") as table:
        table.add_column(sa.Column("local_error", sa.Double(), nullable=True))
        table.add_column(sa.Column("inherited_error", sa.Double(), nullable=True))
        table.add_column(sa.Column("signature", sa.String(length=512), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("layer_error") as table:
        table.drop_column("signature")
        table.drop_column("inherited_error")
        table.drop_column("local_error")
