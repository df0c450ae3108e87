"""What graphs ask of devices"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "graph_traits",
        sa.Column("graph", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("traits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("graph", name=op.f("pk_graph_traits")),
    )


def downgrade() -> None:
    op.drop_table("graph_traits")
