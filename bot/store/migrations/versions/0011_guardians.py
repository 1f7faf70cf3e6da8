"""Minors and their guardians; a one-time code may serve for something that is no request."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('minors',
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('recognised_at', sa.DateTime(), nullable=False),
    sa.Column('declared_at', sa.DateTime(), nullable=True),
    sa.Column('of_age_on', sa.Text(), nullable=True),
    sa.Column('came_of_age_at', sa.DateTime(), nullable=True),
    sa.Column('answer', sa.String(length=16), nullable=True),
    sa.Column('answered_at', sa.DateTime(), nullable=True),
    sa.PrimaryKeyConstraint('subject')
    )
    op.create_table('guardian_consents',
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=True),
    sa.Column('origin', sa.String(length=64), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('relation', sa.Text(), nullable=True),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('asked_at', sa.DateTime(), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=False),
    sa.Column('reminders', sa.Integer(), nullable=False),
    sa.Column('method', sa.String(length=16), nullable=True),
    sa.Column('policy_version', sa.String(length=32), nullable=True),
    sa.Column('text_hash', sa.String(length=64), nullable=True),
    sa.Column('artefact', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(), nullable=True),
    sa.Column('closed_at', sa.DateTime(), nullable=True),
    sa.Column('set_aside_at', sa.DateTime(), nullable=True),
    sa.PrimaryKeyConstraint('number'),
    sa.UniqueConstraint('origin')
    )
    with op.batch_alter_table('guardian_consents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guardian_consents_subject'), ['subject'], unique=False)
        batch_op.create_index(batch_op.f('ix_guardian_consents_state'), ['state'], unique=False)
    op.create_table('guardian_links',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('expires_at', sa.DateTime(), nullable=True),
    sa.Column('used_at', sa.DateTime(), nullable=True),
    sa.ForeignKeyConstraint(['number'], ['guardian_consents.number'], ),
    sa.PrimaryKeyConstraint('token_hash')
    )
    with op.batch_alter_table('guardian_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guardian_links_number'), ['number'], unique=False)

    if op.get_bind().dialect.name == 'sqlite':
        names = {'fk': 'fk_%(table_name)s_%(column_0_name)s'}
        with op.batch_alter_table(
            'verification_codes', naming_convention=names, table_kwargs={'sqlite_autoincrement': True}
        ) as batch_op:
            batch_op.drop_constraint('fk_verification_codes_request_number', type_='foreignkey')
    else:
        op.drop_constraint('verification_codes_request_number_fkey', 'verification_codes', type_='foreignkey')
