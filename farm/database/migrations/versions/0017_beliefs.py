"""What device types are believed to do, kept for those who read the table"""

import sqlalchemy as sa
from alembic import op

from farm.database.models import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "belief",
        sa.Column("device_type_id", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stacks", sa.JSON(), nullable=False),
        sa.Column("newest", UtcDateTime(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_type_id"], ["device_type.id"], name=op.f("fk_belief_device_type_id_device_type")
        ),
        sa.PrimaryKeyConstraint("device_type_id", "policy", name=op.f("pk_belief")),
    )


def downgrade() -> None:
    op.drop_table("belief")
