"""Where conversations stand at an outside help desk."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('helpdesk_links',
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('name_of', sa.String(length=64), nullable=False),
    sa.Column('contact', sa.String(length=128), nullable=True),
    sa.Column('remote', sa.String(length=64), nullable=True),
    sa.Column('handoff_id', sa.Integer(), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_try_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], ),
    sa.PrimaryKeyConstraint('conversation_id')
    )
    op.create_index('ix_helpdesk_links_remote', 'helpdesk_links', ['remote'])


def downgrade() -> None:
    """Take back."""
    op.drop_table('helpdesk_links')
