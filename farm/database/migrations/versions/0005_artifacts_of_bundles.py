"""Which artifacts a bundle is made of and whether they were collected; an id of the database, for the store to know it by"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bundle") as table:
        table.add_column(sa.Column("files", sa.JSON(), nullable=True))
        table.add_column(sa.Column("collected", sa.DateTime(timezone=True), nullable=True))
    made = op.create_table(
        "installation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.bulk_insert(made, [{"id": uuid.uuid4().hex}])


def downgrade() -> None:
    op.drop_table("installation")
    with op.batch_alter_table("bundle") as table:
        table.drop_column("collected")
        table.drop_column("files")
