"""Versions of the privacy policy: published, told, accepted or objected to."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('policy_versions',
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('replaces', sa.String(length=32), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('effective_at', sa.DateTime(), nullable=False),
    sa.Column('published_at', sa.DateTime(), nullable=False),
    sa.Column('published_by', sa.String(length=64), nullable=False),
    sa.Column('pass_began_at', sa.DateTime(), nullable=True),
    sa.Column('pass_cursor', sa.String(length=64), nullable=True),
    sa.Column('passed_at', sa.DateTime(), nullable=True),
    sa.PrimaryKeyConstraint('version')
    )
    op.create_table('policy_changes',
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('clause', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('mark', sa.String(length=16), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['version'], ['policy_versions.version'], ),
    sa.PrimaryKeyConstraint('version', 'clause')
    )
    op.create_table('policy_ledger',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('act', sa.String(length=32), nullable=False),
    sa.Column('reductions', sa.Boolean(), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=True),
    sa.Column('origin', sa.String(length=64), nullable=True),
    sa.Column('delivered_at', sa.DateTime(), nullable=True),
    sa.Column('starts_at', sa.DateTime(), nullable=True),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.Column('at', sa.DateTime(), nullable=False),
    sa.ForeignKeyConstraint(['version'], ['policy_versions.version'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('origin', 'version', name='uq_policy_ledger_origin_version'),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_policy_ledger_subject'), 'policy_ledger', ['subject'], unique=False)
    op.create_table('policy_notices',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('mail_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(), nullable=False),
    sa.Column('mailed_at', sa.DateTime(), nullable=True),
    sa.Column('refused_at', sa.DateTime(), nullable=True),
    sa.Column('shown_at', sa.DateTime(), nullable=True),
    sa.Column('delivered_at', sa.DateTime(), nullable=True),
    sa.Column('starts_at', sa.DateTime(), nullable=True),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.Column('looked_at', sa.DateTime(), nullable=True),
    sa.Column('guardian_missing', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('decided_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['version'], ['policy_versions.version'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('version', 'subject', name='uq_policy_notices_version_subject'),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_policy_notices_subject'), 'policy_notices', ['subject'], unique=False)
    op.create_index('ix_policy_notices_window', 'policy_notices', ['version', 'state', 'starts_at'], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index('ix_policy_notices_window', table_name='policy_notices')
    op.drop_index(op.f('ix_policy_notices_subject'), table_name='policy_notices')
    op.drop_table('policy_notices')
    op.drop_index(op.f('ix_policy_ledger_subject'), table_name='policy_ledger')
    op.drop_table('policy_ledger')
    op.drop_table('policy_changes')
    op.drop_table('policy_versions')
