"""Whether a talk at the outside help desk has its first line stands in a column, no longer in a sign."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

_links = sa.table('helpdesk_links', sa.column('told', sa.Integer), sa.column('introduced', sa.Boolean))


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('helpdesk_links', schema=None) as batch_op:
        batch_op.add_column(sa.Column('introduced', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(sa.update(_links).values(introduced=_links.c.told > 0, told=sa.func.abs(_links.c.told)))


def downgrade() -> None:
    """Take back."""
    op.execute(sa.update(_links).where(sa.not_(_links.c.introduced)).values(told=-_links.c.told))
    with op.batch_alter_table('helpdesk_links', schema=None) as batch_op:
        batch_op.drop_column('introduced')
