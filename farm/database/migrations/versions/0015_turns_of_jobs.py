"""Indices along which the next jobs of a device type are found, however many wait"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_job_urgent", "job", ["device_type_id", "state", "priority", "id"])
    op.create_index("ix_job_oldest", "job", ["device_type_id", "state", "submission_id", "priority", "id"])
    op.drop_index("ix_job_queue", table_name="job")


def downgrade() -> None:
    op.create_index("ix_job_queue", "job", ["state", "priority", "id"])
    op.drop_index("ix_job_oldest", table_name="job")
    op.drop_index("ix_job_urgent", table_name="job")
