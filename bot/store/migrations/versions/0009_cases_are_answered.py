"""Cases are answered."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

TEXTS = ('about', 'wish')
TIMES = ('confirmed_at', 'reopened_at', 'second_look_at', 'closed_at', 'warned_at', 'alarmed_at')


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table('cases', schema=None) as batch_op:
        for name in TEXTS:
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('claim_salt', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('claim_hash', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('claim_card', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('assigned_to', sa.String(length=64), nullable=True))
        for name in TIMES:
            batch_op.add_column(sa.Column(name, sa.DateTime(), nullable=True))
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('wrong_claims', sa.Integer(), nullable=False, server_default='0'))
    op.create_table('case_messages',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('case_number', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('written_by', sa.String(length=64), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('basis', sa.Text(), nullable=True),
    sa.Column('complain_to', sa.Text(), nullable=True),
    sa.Column('origin', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['case_number'], ['cases.number'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('origin'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('case_messages', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_messages_case_number'), ['case_number'], unique=False)


def downgrade() -> None:
    """Revert."""
    op.drop_table('case_messages')
    with op.batch_alter_table('conversations', schema=None) as batch_op:
        batch_op.drop_column('wrong_claims')
    with op.batch_alter_table('cases', schema=None) as batch_op:
        for name in (*TEXTS, *TIMES, 'claim_salt', 'claim_hash', 'claim_card', 'assigned_to'):
            batch_op.drop_column(name)
