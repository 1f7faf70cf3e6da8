"""Values that people typed stand beside the words, not in them."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import context, op
from cryptography.fernet import InvalidToken

from bot.store.encryption import EncryptedJSON, EncryptedText
from bot.store.placeholders import restored

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

_BATCH = 500
_messages = sa.table(
    'messages',
    sa.column('id', sa.Integer),
    sa.column('author', sa.String),
    sa.column('text', EncryptedText),
    sa.column('hidden', EncryptedJSON),
)


def upgrade() -> None:
    """Apply: what people typed so far is taken apart as it is from now on."""
    op.add_column('messages', sa.Column('hidden', sa.Text(), nullable=True))
    masked = context.config.attributes['masked']
    for number, text, _ in _typed():
        found = masked(text)
        if found.values:
            _write(number, text=found.text, hidden=found.values)


def downgrade() -> None:
    """Take back: the values go into the words again."""
    for number, text, hidden in _typed():
        if hidden:
            _write(number, text=restored(text, hidden))
    op.drop_column('messages', 'hidden')


def _typed():
    """What people and agents typed; a message that no key of the desk opens stays as it is."""
    last, typed = 0, _messages.c.author.in_(('user', 'agent'))
    numbers = sa.select(_messages.c.id).where(typed).order_by(_messages.c.id).limit(_BATCH)
    while found := op.get_bind().scalars(numbers.where(_messages.c.id > last)).all():
        for number in found:
            with suppress(InvalidToken):
                row = op.get_bind().execute(sa.select(_messages).where(_messages.c.id == number)).one()
                yield row.id, row.text, row.hidden
        last = found[-1]


def _write(number, **values):
    op.get_bind().execute(sa.update(_messages).where(_messages.c.id == number).values(**values))
