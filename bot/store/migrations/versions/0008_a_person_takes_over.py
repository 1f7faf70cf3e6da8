"""A person takes over."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('handoffs',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('case_number', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=False),
    sa.Column('priority', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('staff', sa.String(length=64), nullable=True),
    sa.Column('staff_name', sa.Text(), nullable=True),
    sa.Column('waiting_since', sa.DateTime(), nullable=False),
    sa.Column('promised_at', sa.DateTime(), nullable=False),
    sa.Column('taken_at', sa.DateTime(), nullable=True),
    sa.Column('answered_at', sa.DateTime(), nullable=True),
    sa.Column('ended_at', sa.DateTime(), nullable=True),
    sa.Column('user_seen_at', sa.DateTime(), nullable=True),
    sa.Column('user_typing_until', sa.DateTime(), nullable=True),
    sa.Column('agent_typing_until', sa.DateTime(), nullable=True),
    sa.Column('user_read', sa.Integer(), nullable=False),
    sa.Column('agent_read', sa.Integer(), nullable=False),
    sa.Column('last_said', sa.Integer(), nullable=False),
    sa.Column('last_said_at', sa.DateTime(), nullable=True),
    sa.Column('mailed', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['case_number'], ['cases.number'], ),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('ix_handoffs_conversation_id', 'handoffs', ['conversation_id'])
    op.create_index('ix_handoffs_state', 'handoffs', ['state'])
    op.create_table('handoff_notes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('staff', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('ix_handoff_notes_conversation_id', 'handoff_notes', ['conversation_id'])
    op.create_table('satisfaction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('word', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sqlite_autoincrement=True
    )
    op.create_index('ix_satisfaction_day', 'satisfaction', ['day'])
    op.add_column('conversations', sa.Column('owner_staff', sa.String(length=64), nullable=True))
    op.add_column('conversations', sa.Column('owner_until', sa.DateTime(), nullable=True))
    op.add_column('conversations', sa.Column('ownership', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('conversations', sa.Column('engine_ownership', sa.Integer(), nullable=False, server_default='0'))
    op.create_index('ix_conversations_owner_staff', 'conversations', ['owner_staff'])
    op.add_column('turns', sa.Column('ownership', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('messages', sa.Column('speaker', sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column('messages', 'speaker')
    op.drop_column('turns', 'ownership')
    op.drop_index('ix_conversations_owner_staff', 'conversations')
    for column in ('engine_ownership', 'ownership', 'owner_until', 'owner_staff'):
        op.drop_column('conversations', column)
    op.drop_table('satisfaction')
    op.drop_table('handoff_notes')
    op.drop_table('handoffs')
