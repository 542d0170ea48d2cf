"""What buttons are about: short tokens that stand for stories and questions, and what was pressed."""

import secrets
from datetime import datetime

from bot.core.model import ButtonToken, Mark
from bot.store.engine.connection import micros
from bot.store.engine.transaction import Transaction

_BYTES = 8  # of a token: nobody guesses one


def new_token() -> str:
    """Return a token that was never given before."""
    return secrets.token_urlsafe(_BYTES)


def token_of_story(db: Transaction, chat: str, story_id: int, now: datetime) -> ButtonToken:
    """Return what the buttons under a story's message in a chat are about; the same as long as the story is kept."""
    token = _token(db, chat, "story", story_id, now)
    marked = db.one("select mark, is_open from marks where chat = ? and story_id = ?", [chat, story_id])
    mark, is_open = marked or ("", 0)
    return ButtonToken(token, Mark(mark), bool(is_open))


def digest_token(db: Transaction, chat: str, digest: int, now: datetime) -> str:
    """Return what stands for a digest, a row of the outbox, in its buttons; the same as long as it is kept."""
    return _token(db, chat, "digest", digest, now)


def _token(db: Transaction, chat: str, about: str, subject: int, now: datetime) -> str:
    # the kind stands in the statement: so the index over it serves
    query = f"select token from handles where chat = ? and about = '{about}' and subject = ?"
    found = db.one(query, [chat, str(subject)])
    if found is not None:
        return str(found[0])
    token = new_token()
    db.execute(
        "insert into handles (token, chat, about, subject, created) values (?, ?, ?, ?, ?)",
        [token, chat, about, str(subject), micros(now)],
    )
    return token
